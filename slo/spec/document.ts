import { isAlias, isMap, isNode, isScalar, LineCounter, parseDocument, visit } from "yaml";
import type { Document, Node, YAMLError } from "yaml";
import type { Place, Problem } from "./spec.ts";
import { printable } from "./words.ts";

/** No spec that a person writes is larger; a larger one is refused before it is parsed. */
const mostCharacters = 64 * 1024; // the library looks for keys that stand twice by the square of their number
const mostAliases = 100;

export type Path = readonly PropertyKey[];

/** Gives the value that a path leads to; undefined where nothing is, whatever every object has. */
export function valueAt(value: unknown, path: Path): unknown {
  const isRecord = (inner: unknown): inner is Record<PropertyKey, unknown> => typeof inner === "object" && inner !== null;
  return path.reduce<unknown>((inner, part) => (isRecord(inner) && Object.hasOwn(inner, part) ? inner[part] : undefined), value);
}

type Broken = { kind: "problems"; problems: Problem[] };

/** Reads YAML text; whatever it holds, it never throws. */
export function readDocument(given: string, file: string): ReadDocument | Broken {
  const text = given.startsWith("\uFEFF") ? given.slice(1) : given;
  const whole = (message: string, place = { file, line: 1, column: 1 }): Broken => ({
    kind: "problems",
    problems: [{ place, path: "", message }],
  });
  if (text.length > mostCharacters) return whole(`is larger than ${mostCharacters / 1024} KiB`);
  const lines = new LineCounter();
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  try {
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, stringKeys: true });
    const deep = document.errors.find(({ code }) => code === "RESOURCE_EXHAUSTION");
    if (deep !== undefined) return whole("is nested too deeply", at(deep.pos[0]));
    // After a broken line all is read wrongly, and further errors would mislead; warnings stand each for itself.
    const [first] = document.errors.toSorted((a, b) => a.pos[0] - b.pos[0]);
    const syntax = (first === undefined ? document.warnings : [first]).map((error) => syntaxProblem(error, at));
    const broken = [...syntax, ...looseEnds(document, at)];
    return broken.length > 0 ? { kind: "problems", problems: broken } : readable(document, at);
  } catch (error) {
    // The library throws where aliases multiply beyond the limit, and where nesting exhausts the stack.
    if (error instanceof ReferenceError) return whole("has too many aliases (*name) inside one another");
    if (error instanceof RangeError) return whole("is nested too deeply");
    return whole(`cannot be read: ${printable(error instanceof Error ? error.message : String(error))}`);
  }
}

/** YAML that could be read: its value, and where each part of it stands. */
export type ReadDocument = ReturnType<typeof readable>;

function readable(document: Document, at: (offset: number) => Place) {
  return {
    kind: "document" as const,
    /** undefined for an empty file. */
    value: (document.toJS({ maxAliasCount: mostAliases }) ?? undefined) as unknown,
    /** Finds a value; what is not there has the place of the nearest part above it. */
    placeOf: (path: Path): Place => at(offsetOf(document, path, "value")),
    placeOfKey: (path: Path): Place => at(offsetOf(document, path, "key")),
  };
}

function syntaxProblem({ code, message, pos }: YAMLError, at: (offset: number) => Place): Problem {
  const plainer: Partial<Record<YAMLError["code"], string>> = {
    DUPLICATE_KEY: "duplicate key",
    MULTIPLE_DOCS: "a file holds one spec; this is a second document",
    TAB_AS_INDENT: "tabs cannot indent; use spaces",
  };
  return { place: at(pos[0]), path: "", message: printable(plainer[code] ?? message) };
}

/** Lists what the library lets pass: aliases without an anchor before them, and a name that no object keeps as a key of its own. */
function looseEnds(document: Document, at: (offset: number) => Place): Problem[] {
  const problems: Problem[] = [];
  const anchors = new Set<string>();
  visit(document, (key, node) => {
    if (!isNode(node)) return;
    const place = at(startOf(node) ?? 0);
    if (isAlias(node) && !anchors.has(node.source))
      problems.push({ place, path: "", message: `*${printable(node.source)} has no anchor (&${printable(node.source)}) before it` });
    if (!isAlias(node) && node.anchor !== undefined) anchors.add(node.anchor);
    if (key === "key" && keyText(node) === "__proto__") problems.push({ place, path: "__proto__", message: "cannot be used as a name" });
  });
  return problems;
}

const keyText = (key: unknown): string => (isScalar(key) ? String(key.value) : String(key));

const startOf = (node: unknown): number | undefined =>
  typeof node === "object" && node !== null && "range" in node ? ((node as Node).range?.[0] ?? undefined) : undefined;

/** Finds where a value stands, or its key; what is not there has the place of the nearest part above it. */
function offsetOf(document: Document, path: Path, wanted: "key" | "value"): number {
  if (path.length === 0) return startOf(document.contents) ?? 0;
  const above = path.slice(0, -1);
  const map = document.getIn(above, true);
  const key = isMap(map) ? map.items.find((pair) => keyText(pair.key) === String(path.at(-1)))?.key : undefined;
  const value = document.getIn(path, true);
  const keyFirst = key !== undefined && (wanted === "key" || isEmpty(value));
  return startOf(keyFirst ? key : value) ?? offsetOf(document, above, "value");
}

/** A key without a value has no place of its own for it. */
const isEmpty = (node: unknown): boolean =>
  node === null || node === undefined || (isScalar(node) && node.value === null && (node.source ?? "") === "");
