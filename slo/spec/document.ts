import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit } from "yaml";
import type { Document, Node, Pair, YAMLError, YAMLMap } from "yaml";
import type { Place, Problem } from "./spec.ts";
import { printable } from "./words.ts";

/** No spec that a person writes is larger; a larger one is refused before it is parsed. */
const mostCharacters = 1024 * 1024;
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
  if (text.length > mostCharacters) return whole(`is larger than ${mostCharacters / 1024 / 1024} MiB`);
  const lines = new LineCounter();
  const at = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col) };
  };
  try {
    // Keys that stand twice are looked for below: the library's own search takes the square of their number.
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false, stringKeys: true });
    const deep = document.errors.find(({ code }) => code === "RESOURCE_EXHAUSTION");
    if (deep !== undefined) return whole("is nested too deeply", at(deep.pos[0]));
    // After a broken line all is read wrongly, and further errors would mislead; warnings stand each for itself.
    const [first] = document.errors.toSorted((a, b) => a.pos[0] - b.pos[0]);
    const syntax = (first === undefined ? document.warnings : [first]).map((error) => syntaxProblem(error, at));
    const broken = [...syntax, ...looseAliases(document, at)];
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
  const find = finder(document);
  return {
    kind: "document" as const,
    /** undefined for an empty file. */
    value: (document.toJS({ maxAliasCount: mostAliases }) ?? undefined) as unknown,
    /** Finds a value; what is not there has the place of the nearest part above it. */
    placeOf: (path: Path): Place => at(find(path, "value")),
    placeOfKey: (path: Path): Place => at(find(path, "key")),
    /** Keys that stand twice, or that no mapping may hold. */
    problems: keyProblems(document, at),
  };
}

function syntaxProblem({ code, message, pos }: YAMLError, at: (offset: number) => Place): Problem {
  const plainer: Partial<Record<YAMLError["code"], string>> = {
    MULTIPLE_DOCS: "a file holds one spec; this is a second document",
    TAB_AS_INDENT: "tabs cannot indent; use spaces",
  };
  return { place: at(pos[0]), path: "", message: printable(plainer[code] ?? message) };
}

function looseAliases(document: Document, at: (offset: number) => Place): Problem[] {
  const problems: Problem[] = [];
  const anchors = new Set<string>();
  visit(document, {
    Node: (_, node) => {
      if (!isAlias(node)) {
        if ("anchor" in node && node.anchor !== undefined) anchors.add(node.anchor);
        return;
      }
      const name = printable(node.source);
      if (!anchors.has(node.source))
        problems.push({ place: at(startOf(node) ?? 0), path: "", message: `*${name} has no anchor (&${name}) before it` });
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
        if (before === undefined) first.set(name, place);
        else problems.push({ place, path: printable(name), message: `duplicate key; the first is on line ${before.line}` });
        if (name === "__proto__") problems.push({ place, path: name, message: "cannot be used as a name" });
      }
    },
  });
  return problems;
}

const keyText = (key: unknown): string => (isScalar(key) ? String(key.value) : String(key));

const startOf = (node: unknown): number | undefined =>
  typeof node === "object" && node !== null && "range" in node ? ((node as Node).range?.[0] ?? undefined) : undefined;

/** Prepares to find where values and keys stand, as offsets; each mapping is indexed once. */
function finder(document: Document): (path: Path, wanted: "key" | "value") => number {
  const indices = new WeakMap<YAMLMap, Map<string, Pair>>();
  const pairOf = (map: YAMLMap, key: string): Pair | undefined => {
    const index = indices.get(map) ?? new Map(map.items.map((pair) => [keyText(pair.key), pair]));
    indices.set(map, index);
    return index.get(key);
  };
  return (path, wanted) => {
    let node: unknown = document.contents;
    let best = startOf(node) ?? 0;
    for (const [depth, part] of path.entries()) {
      const inner = isAlias(node) ? node.resolve(document) : node;
      const pair = isMap(inner) ? pairOf(inner, String(part)) : undefined;
      const next = pair === undefined ? (isSeq(inner) && typeof part === "number" ? inner.items[part] : undefined) : pair.value;
      if (pair === undefined && next === undefined) return best;
      const last = depth === path.length - 1;
      best = (last && wanted === "key") || isEmpty(next) ? (startOf(pair?.key) ?? startOf(next) ?? best) : (startOf(next) ?? best);
      node = next;
    }
    return best;
  };
}

/** A key without a value has no place of its own for it. */
const isEmpty = (node: unknown): boolean =>
  node === null || node === undefined || (isScalar(node) && node.value === null && (node.source ?? "") === "");
