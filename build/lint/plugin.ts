import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { posix, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";

const paths = z.array(z.string()).default([]);
const roomSchema = z.strictObject({ folder: z.string(), values: paths, types: paths, packages: paths });
type Room = z.infer<typeof roomSchema>;
const rooms = z.array(roomSchema).parse(parse(readFileSync(new URL("rooms.yaml", import.meta.url), "utf8")));

/** What every test may import as well: `*.test.ts`, `*.live.test.ts`, `*.kubernetes.test.ts`, `*.lab.test.ts` and the fixtures beside them. */
const testFile = /\.(?:test|fixture)\.ts$/;
const testRoom = "build/testing";

/** What starts real parts, and so may import the rooms that start them. */
const liveTestFile = /\.(?:live|kubernetes|lab)\.test\.ts$/;
const liveRooms = ["slo", "target"];

export interface Import {
  /** The importing file, from the root, with `/`. */
  file: string;
  specifier: string;
  typeOnly: boolean;
}

/** Says why an import crosses a fence, or nothing when it may stand. */
export function fenceBroken({ file, specifier, typeOnly }: Import): string | undefined {
  const room = rooms.find(({ folder }) => isIn(file, folder));
  if (room === undefined) return `${file} is in no room; build/lint/rooms.yaml lists them`;
  const isTest = testFile.test(file);
  if (!specifier.startsWith(".") && !specifier.startsWith("/")) return packageBroken(room, specifier, isTest);
  if (specifier.startsWith("/")) return `${specifier}: a path of this machine`;
  const target = posix.normalize(posix.join(posix.dirname(file), specifier));
  if (target.startsWith("..")) return `${specifier} leaves the project`;
  if (target.startsWith("node_modules/")) return `${specifier} reaches into a package; import it by name`;
  if (!isTest && testFile.test(target)) return `${target} is for tests`;
  const own =
    isIn(target, room.folder) ||
    isAmong(target, room.values) ||
    (isTest && isIn(target, testRoom)) ||
    (liveTestFile.test(file) && isAmong(target, liveRooms));
  if (own || (typeOnly && isAmong(target, room.types))) return undefined;
  if (isAmong(target, room.types)) return `${room.folder} may import only types of ${target}`;
  return `${room.folder} may not import ${target}; it may import ${describe(room)}`;
}

function packageBroken(room: Room, specifier: string, isTest: boolean): string | undefined {
  if (isTest) return undefined;
  if (isBuiltin(specifier))
    return room.packages.includes("node:*") ? undefined : `${room.folder} may not import Node's modules (${specifier})`;
  if (isAmong(specifier, room.packages)) return undefined;
  return `${room.folder} may not import the package ${specifier}; it may import ${describe(room)}`;
}

const isIn = (path: string, folder: string): boolean => path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);

const isAmong = (path: string, folders: readonly string[]): boolean => folders.some((folder) => isIn(path, folder));

function describe({ values, types, packages }: Room): string {
  const parts = [...values, ...types.map((name) => `types of ${name}`), ...packages];
  return parts.length === 0 ? "nothing" : parts.join(", ");
}

// The parts of ESLint's plugin interface that this rule uses; oxlint publishes them in a further package.
interface ImportNode {
  type: string;
  source: { type: string; value?: unknown } | null;
  importKind?: "type" | "value";
  exportKind?: "type" | "value";
  specifiers?: { importKind?: "type" | "value" }[];
}
interface Context {
  physicalFilename: string;
  report: (problem: { message: string; node: ImportNode }) => void;
}

const root = fileURLToPath(new URL("../..", import.meta.url));
const importing = ["ImportDeclaration", "ExportNamedDeclaration", "ExportAllDeclaration", "ImportExpression", "TSImportType"];

const fences = {
  meta: { type: "problem", docs: { description: "keeps each room's imports to what the design's table allows" } },
  create(context: Context) {
    const file = relative(root, context.physicalFilename).split(sep).join("/");
    const check = (node: ImportNode): void => {
      if (node.source === null) return;
      const specifier = node.source.type === "Literal" ? node.source.value : undefined;
      const message =
        typeof specifier === "string"
          ? fenceBroken({ file, specifier, typeOnly: onlyTypes(node) })
          : "an import whose path is computed cannot be checked; write it out";
      if (message !== undefined) context.report({ message, node });
    };
    return Object.fromEntries(importing.map((type) => [type, check]));
  },
};

function onlyTypes({ type, importKind, exportKind, specifiers = [] }: ImportNode): boolean {
  if (type === "TSImportType" || importKind === "type" || exportKind === "type") return true;
  return specifiers.length > 0 && specifiers.every((specifier) => specifier.importKind === "type");
}

const plugin = { meta: { name: "rooms" }, rules: { fences } };
export default plugin;
