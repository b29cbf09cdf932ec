import { isMap, isPair, isScalar, isSeq, type Document, type LineCounter, type Node, type Pair } from "yaml";
import type { Place } from "./spec.ts";

/** Finds places in a YAML document, 1-based. */
export interface Places {
  /** The value at a path, or what stands nearest above it. */
  ofValue(path: readonly PropertyKey[]): Place;
  /** The key at the end of a path. */
  ofKey(path: readonly PropertyKey[]): Place;
  ofOffset(offset: number): Place;
}

function childOf(node: unknown, key: PropertyKey): Pair | Node | undefined {
  if (isMap(node)) return node.items.find((pair) => (isScalar(pair.key) ? String(pair.key.value) : String(pair.key)) === String(key));
  if (isSeq(node)) return node.items[Number(key)] as Node | undefined;
  return undefined;
}

const valueOf = (child: Pair | Node | undefined): unknown => (isPair(child) ? child.value : child);

/** Opens the places of a document. */
export function placesOf(document: Document.Parsed, lines: LineCounter, file: string): Places {
  const ofOffset = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const offsetOf = (node: unknown, fallback: number): number => ((node as Node | null | undefined)?.range ?? [fallback])[0];
  return {
    ofOffset,
    ofValue(path) {
      let node: unknown = document.contents;
      let offset = offsetOf(node, 0);
      for (const key of path) {
        const child = childOf(node, key);
        if (child === undefined) break;
        if (isPair(child)) offset = offsetOf(child.key, offset);
        node = valueOf(child);
        offset = offsetOf(node, offset);
      }
      return ofOffset(offset);
    },
    ofKey(path) {
      let node: unknown = document.contents;
      let offset = offsetOf(node, 0);
      for (const key of path) {
        const child = childOf(node, key);
        if (child === undefined) break;
        offset = isPair(child) ? offsetOf(child.key, offset) : offsetOf(child, offset);
        node = valueOf(child);
      }
      return ofOffset(offset);
    },
  };
}
