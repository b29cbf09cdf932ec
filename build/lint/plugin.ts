import { relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { fenceBroken } from "./fence.ts";

// The parts of ESLint's plugin interface that this rule uses; oxlint publishes them in a further package.
interface Node {
  type: string;
  value?: unknown;
}
interface ImportNode extends Node {
  source: Node | null;
  importKind?: "type" | "value";
  exportKind?: "type" | "value";
  specifiers?: { type: string; importKind?: "type" | "value" }[];
}
interface Context {
  physicalFilename: string;
  report: (problem: { message: string; node: Node }) => void;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

const fences = {
  meta: { type: "problem", docs: { description: "keeps each room's imports to what the design's table allows" } },
  create(context: Context) {
    const file = relative(root, context.physicalFilename).split(sep).join("/");
    const check = (node: Node, source: Node | null, typeOnly: boolean): void => {
      if (source === null) return;
      const specifier = source.type === "Literal" ? source.value : undefined;
      const known = typeof specifier === "string";
      const message = known
        ? fenceBroken({ file, specifier, typeOnly })
        : "an import whose path is computed cannot be checked; write it out";
      if (message !== undefined) context.report({ message, node });
    };
    return {
      ImportDeclaration: (node: ImportNode) => check(node, node.source, onlyTypes(node)),
      ExportNamedDeclaration: (node: ImportNode) => check(node, node.source, node.exportKind === "type"),
      ExportAllDeclaration: (node: ImportNode) => check(node, node.source, node.exportKind === "type"),
      ImportExpression: (node: ImportNode) => check(node, node.source, false),
      TSImportType: (node: ImportNode) => check(node, node.source, true),
    };
  },
};

function onlyTypes({ importKind, specifiers = [] }: ImportNode): boolean {
  if (importKind === "type") return true;
  return specifiers.length > 0 && specifiers.every((specifier) => specifier.importKind === "type");
}

/** Is the oxlint plugin with the project's own rule. */
const plugin = { meta: { name: "rooms" }, rules: { fences } };
export default plugin;
