import { parser } from "@prometheus-io/lezer-promql";
import type { PromQL } from "./promql.ts";

/** Says why a text is not a bare selector. */
export interface SelectorProblem {
  kind: "problem";
  text: string;
  message: string;
}

/** A bare selector, and what it compares: the metric's name as the label `__name__`. */
export interface ParsedSelector {
  kind: "selector";
  series: PromQL;
  comparisons: { label: string; operator: string; value: string }[];
}

type Tree = ReturnType<typeof parser.parse>;

/** Lists what stands in a selector, node by node: the name of the node and its text. */
function nodesOf(tree: Tree, text: string): { name: string; text: string; from: number; isError: boolean }[] {
  const nodes: ReturnType<typeof nodesOf> = [];
  tree.iterate({
    enter: ({ name, from, to, type: { isError } }) => void nodes.push({ name, text: text.slice(from, to), from, isError }),
  });
  return nodes;
}

/** Reads a bare selector such as `orders_total{result="failed"}`; functions, ranges, offsets and sums are refused, because counts are read by us. */
export function parseSelector(text: string): ParsedSelector | SelectorProblem {
  const tree = parser.parse(text);
  const nodes = nodesOf(tree, text);
  const broken = nodes.find(({ isError }) => isError);
  if (broken !== undefined) return { kind: "problem", text, message: `is not PromQL (character ${broken.from + 1})` };
  const root = tree.topNode.firstChild;
  if (root?.name === "VectorSelector" && root.nextSibling === null)
    return { kind: "selector", series: { promql: text.trim() }, comparisons: comparisonsOf(nodes) };
  const message = 'must be a bare selector, e.g. orders_total{result="failed"}: no function, range, offset or sum';
  return { kind: "problem", text, message };
}

function comparisonsOf(nodes: ReturnType<typeof nodesOf>): ParsedSelector["comparisons"] {
  const unquoted = (literal = ""): string => literal.slice(1, -1);
  return nodes.flatMap(({ name, text }, i) => {
    if (name === "Identifier") return [{ label: "__name__", operator: "=", value: text }];
    if (name !== "MatchOp") return [];
    const label = nodes.slice(0, i).findLast((node) => node.name === "LabelName" || node.name === "QuotedLabelName");
    const value = nodes.slice(i).find((node) => node.name === "StringLiteral");
    return [
      {
        label: label?.name === "QuotedLabelName" ? unquoted(label.text) : (label?.text ?? ""),
        operator: text,
        value: unquoted(value?.text),
      },
    ];
  });
}

/** Reads the two selectors of a ratio; all that one counts as bad must be in what the other counts. */
export function parseRatio(texts: { total: string; bad: string }) {
  const [total, bad] = [parseSelector(texts.total), parseSelector(texts.bad)];
  const refused = [total, bad].filter((parsed) => parsed.kind === "problem");
  if (total.kind === "problem" || bad.kind === "problem") return { kind: "problems" as const, problems: refused };
  const label = leftOutBy(total, bad);
  if (label === undefined) return { kind: "ratio" as const, total: total.series, bad: bad.series };
  const message = `leaves out all bad events, by its label ${label}: what is bad must be in the total`;
  return { kind: "problems" as const, problems: [{ kind: "problem" as const, text: texts.total, message }] };
}

/** Finds the label by which a total leaves out what a selector of the same metric chooses; nothing where that is not certain. */
export function leftOutBy(total: ParsedSelector, part: ParsedSelector): string | undefined {
  const nameOf = ({ comparisons }: ParsedSelector): string | undefined => comparisons.find(({ label }) => label === "__name__")?.value;
  if (nameOf(total) === undefined || nameOf(total) !== nameOf(part)) return undefined;
  const leaving = total.comparisons.find(({ label, operator, value }) =>
    part.comparisons.some((one) => one.label === label && one.operator === "=" && !admits(operator, value, one.value)),
  );
  return leaving?.label;
}

/** Tells whether a comparison takes a value; one whose text is escaped, or that is no expression here, may. */
function admits(operator: string, compared: string, value: string): boolean {
  if (`${compared}${value}`.includes("\\")) return true;
  const isMatch = (): boolean => new RegExp(`^(?:${compared})$`, "s").test(value);
  try {
    return operator === "=" ? compared === value : operator === "!=" ? compared !== value : operator === "=~" ? isMatch() : !isMatch();
  } catch {
    return true;
  }
}
