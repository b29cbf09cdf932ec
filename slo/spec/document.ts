import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  visit,
  type Document,
  type Node,
  type Pair,
  type YAMLError,
} from "yaml";
import type { Place, Problem } from "./spec.ts";
import { printable } from "./words.ts";

/** No spec that a person writes is larger; a larger one is refused before it is parsed. */
const mostCharacters = 1024 * 1024;
const mostAliases = 100;

/** Names a value in a document by the keys and indices that lead to it. */
export type Path = readonly PropertyKey[];

/** Is YAML that could be read: its value, and where each part of it stands. */
export interface ReadDocument {
  kind: "document";
  /** undefined for an empty file. */
  value: unknown;
  /** Finds a value; what is not there has the place of the nearest part above it. */
  placeOf: (path: Path) => Place;
  /** Finds the key of a value in a mapping. */
  placeOfKey: (path: Path) => Place;
  /** Keys that stand twice, or that no mapping may hold. */
  problems: Problem[];
}

/** Reads YAML text; whatever it holds, it never throws. */
export function readDocument(given: string, file: string): ReadDocument | { kind: "problems"; problems: Problem[] } {
  const text = given.startsWith("\uFEFF") ? given.slice(1) : given;
  const whole = (message: string, line = 1, column = 1): { kind: "problems"; problems: Problem[] } => ({
    kind: "problems",
    problems: [{ place: { file, line, column }, path: "", message }],
  });
  if (text.length > mostCharacters) return whole(`is larger than ${mostCharacters / 1024 / 1024} MiB`);
  const lines = new LineCounter();
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  try {
    // Keys that stand twice are looked for below: the library's own search takes the square of their number.
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      uniqueKeys: false,
      stringKeys: true,
      version: "1.2",
      schema: "core",
    });
    const found = [...document.errors, ...document.warnings];
    const deep = found.find(({ code }) => code === "RESOURCE_EXHAUSTION");
    if (deep !== undefined) return whole("is nested too deeply", at(deep.pos[0]).line, at(deep.pos[0]).column);
    if (found.length > 0) return { kind: "problems", problems: found.map((error) => syntaxProblem(error, at)) };
    const loose = looseAliases(document, at);
    if (loose.length > 0) return { kind: "problems", problems: loose };
    return {
      kind: "document",
      value: document.toJS({ maxAliasCount: mostAliases }) ?? undefined,
      placeOf: (path) => at(offsetOf(document, path, "value")),
      placeOfKey: (path) => at(offsetOf(document, path, "key")),
      problems: keyProblems(document, at),
    };
  } catch (error) {
    // The library throws where aliases multiply beyond the limit, and where nesting exhausts the stack.
    if (error instanceof ReferenceError) return whole("has too many aliases (*name) inside one another");
    if (error instanceof RangeError) return whole("is nested too deeply");
    return whole(`cannot be read: ${printable(error instanceof Error ? error.message : String(error))}`);
  }
}

function syntaxProblem({ code, message, pos }: YAMLError, at: (offset: number) => Place): Problem {
  const plain =
    code === "MULTIPLE_DOCS"
      ? "a file holds one spec; this is a second document"
      : code === "TAB_AS_INDENT"
        ? "tabs cannot indent; use spaces"
        : message;
  return { place: at(pos[0]), path: "", message: printable(plain) };
}

function looseAliases(document: Document, at: (offset: number) => Place): Problem[] {
  const problems: Problem[] = [];
  const anchors = new Set<string>();
  visit(document, {
    Node: (_, node) => {
      if (isAlias(node)) {
        if (!anchors.has(node.source)) {
          problems.push({
            place: at(node.range?.[0] ?? 0),
            path: "",
            message: `*${printable(node.source)} has no anchor (&${printable(node.source)}) before it`,
          });
        }
      } else if ("anchor" in node && node.anchor !== undefined) anchors.add(node.anchor);
    },
  });
  return problems;
}

function keyProblems(document: Document, at: (offset: number) => Place): Problem[] {
  const problems: Problem[] = [];
  visit(document, {
    Map: (_, { items }) => {
      const first = new Map<string, Place>();
      for (const { key } of items) {
        const name = keyText(key);
        const place = at(startOf(key) ?? 0);
        const before = first.get(name);
        if (before !== undefined)
          problems.push({ place, path: printable(name), message: `stands here a second time; the first is on line ${before.line}` });
        else first.set(name, place);
        if (name === "__proto__") problems.push({ place, path: name, message: "cannot be used as a name" });
      }
    },
  });
  return problems;
}

const keyText = (key: unknown): string => (isScalar(key) ? String(key.value) : String(key));

const startOf = (node: unknown): number | undefined =>
  typeof node === "object" && node !== null && "range" in node ? ((node as Node).range?.[0] ?? undefined) : undefined;

function offsetOf(document: Document, path: Path, wanted: "key" | "value"): number {
  let node: unknown = document.contents;
  let best = startOf(node) ?? 0;
  for (const [depth, part] of path.entries()) {
    const inner = isAlias(node) ? node.resolve(document) : node;
    const pair = isMap(inner) ? inner.items.find(({ key }) => keyText(key) === String(part)) : undefined;
    const next = pair === undefined ? (isSeq(inner) && typeof part === "number" ? inner.items[part] : undefined) : pair.value;
    if (pair === undefined && next === undefined) return best;
    const last = depth === path.length - 1;
    best = (last && wanted === "key") || isEmpty(next) ? (pairStart(pair) ?? startOf(next) ?? best) : (startOf(next) ?? best);
    node = next;
  }
  return best;
}

/** A key without a value has no place of its own for it. */
const isEmpty = (node: unknown): boolean =>
  node === null || node === undefined || (isScalar(node) && node.value === null && (node.source ?? "") === "");

const pairStart = (pair: Pair | undefined): number | undefined => (pair === undefined ? undefined : startOf(pair.key));
