import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { fenceBroken } from "./fence.ts";

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

/** The oxlint plugin with the project's own rule. */
const plugin = { meta: { name: "rooms" }, rules: { fences } };
export default plugin;
