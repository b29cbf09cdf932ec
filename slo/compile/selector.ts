import { parser } from "@prometheus-io/lezer-promql";
import type { PromQL } from "./promql.ts";

/** Says why a text is not a bare selector. */
export interface SelectorProblem {
  kind: "problem";
  text: string;
  message: string;
}

/** Reads a bare selector such as `orders_total{result="failed"}`; functions, ranges, offsets and sums are refused, because counts are read by us. */
export function parseSelector(text: string): { kind: "selector"; series: PromQL } | SelectorProblem {
  const tree = parser.parse(text);
  let broken: number | undefined;
  tree.iterate({
    enter: (node) => {
      if (node.type.isError) broken ??= node.from;
    },
  });
  if (broken !== undefined) return { kind: "problem", text, message: `is not PromQL (character ${broken + 1})` };
  const root = tree.topNode.firstChild;
  if (root?.name === "VectorSelector" && root.nextSibling === null) return { kind: "selector", series: { promql: text.trim() } };
  const message = 'must be a bare selector, e.g. orders_total{result="failed"}: no function, range, offset or sum';
  return { kind: "problem", text, message };
}
