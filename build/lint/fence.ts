import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { liveRooms, liveTestFile, rooms, testFile, testRoom, type Room } from "./table.ts";

export interface Import {
  /** The importing file, from the root, with `/`. */
  file: string;
  specifier: string;
  typeOnly: boolean;
}

/** Says why an import crosses a fence, or nothing when it may stand. */
export function fenceBroken({ file, specifier, typeOnly }: Import): string | undefined {
  const room = rooms.find(({ folder }) => isIn(file, folder));
  if (room === undefined) return `${file} is in no room; build/lint/table.ts lists them`;
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
    return room.packages?.includes("node:*") ? undefined : `${room.folder} may not import Node's modules (${specifier})`;
  if (isAmong(specifier, room.packages)) return undefined;
  return `${room.folder} may not import the package ${specifier}; it may import ${describe(room)}`;
}

function isIn(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

function isAmong(path: string, folders: readonly string[] = []): boolean {
  return folders.some((folder) => isIn(path, folder));
}

function describe({ values = [], types = [], packages = [] }: Room): string {
  const parts = [...values, ...types.map((name) => `types of ${name}`), ...packages];
  return parts.length === 0 ? "nothing" : parts.join(", ");
}
