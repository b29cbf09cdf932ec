import { parser } from "@prometheus-io/lezer-promql";
import { counterQueries, type CounterQueries } from "./counters.ts";
import { isNot, quote, selector, type PromQL } from "./promql.ts";

type Node = ReturnType<typeof parser.parse>["topNode"];

export const refusal = (text: string, message: string) => ({ kind: "problem" as const, text, message });
export type SelectorProblem = ReturnType<typeof refusal>;

const rule =
  'must be counters, e.g. orders_total{result="failed"}, or a sum of such selectors: no other function, range, offset, grouping or operator';

/** Reads selectors that are added up, as `a{…} + b{…}` or `sum(a{…})`; what would change the counts behind our back is refused. */
export function parseCounters(text: string): { kind: "counters"; text: string; terms: readonly Term[] } | SelectorProblem {
  const problem = (message: string): SelectorProblem => refusal(text, message);
  const tree = parser.parse(text);
  let broken: number | undefined;
  tree.iterate({
    enter: (node) => {
      if (node.type.isError) broken ??= node.from;
    },
  });
  if (broken !== undefined) return problem(`is not PromQL (character ${broken + 1})`);
  const root = tree.topNode.firstChild;
  const found = root !== null && root.nextSibling === null ? selectorsIn(root) : undefined;
  if (found === undefined) return problem(rule);
  const terms = found.map((node) => termOf(node, text));
  const bucket = terms.find(({ metric, comparisons }) => (metric ?? "").endsWith("_bucket") && !comparisons.some(isOneBucket));
  if (bucket !== undefined) return problem(`counts an event in each bucket of ${bucket.metric}: choose one with le="…"`);
  const twice = terms.find((term, i) => terms.slice(i + 1).some((other) => mayOverlap(term, other)));
  if (twice === undefined) return { kind: "counters", text, terms };
  return problem(`may count an event twice: compare one label of ${twice.metric ?? "each selector"} with another value in each (with =)`);
}

const childrenOf = (node: Node): Node[] => {
  const children: Node[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) children.push(child);
  return children;
};

/** Lists the selectors that an expression adds up; undefined where it does anything else. */
function selectorsIn(node: Node): Node[] | undefined {
  const children = childrenOf(node);
  const shape = children.map(({ name }) => name).join(" ");
  const inAll = (nodes: readonly (Node | undefined)[]): Node[] | undefined => {
    const found = nodes.map((one) => one && selectorsIn(one));
    return found.every((one) => one !== undefined) ? found.flat() : undefined;
  };
  if (node.name === "VectorSelector") return [node];
  if (node.name === "ParenExpr") return inAll(children);
  if (node.name === "BinaryExpr" && children.length === 3 && children[1]?.name === "Add") return inAll([children[0], children[2]]);
  const sums = node.name === "AggregateExpr" && shape === "AggregateOp FunctionCallBody" && children[0]?.firstChild?.name === "Sum";
  return sums ? inAll(childrenOf(node.lastChild ?? node)) : undefined;
}

/** Reads a bare selector: its metric with the text that chooses it in braces, and what else it compares. */
function partsOf(node: Node, text: string) {
  const textOf = (part: Node | null | undefined): string => (part ? text.slice(part.from, part.to) : "");
  const items = childrenOf(node).flatMap((child) => (child.name === "LabelMatchers" ? childrenOf(child) : []));
  const all = items.flatMap((item) => {
    const [label, operator, value] = childrenOf(item);
    if (value === undefined) return [];
    return [{ label: unquoted(textOf(label)), operator: textOf(operator), value: unquoted(textOf(value)), text: textOf(item) }];
  });
  const isName = ({ label, operator }: { label: string; operator: string }): boolean => label === "__name__" && operator === "=";
  const written = node.firstChild?.name === "Identifier" ? textOf(node.firstChild) : undefined;
  const asLabel = all.find(isName);
  const quotedName = written === undefined ? textOf(items.find(({ name }) => name === "QuotedLabelName")) : quote(written);
  return {
    metric: written ?? (quotedName === "" ? asLabel?.value : unquoted(quotedName)),
    name: quotedName === "" ? asLabel?.text : quotedName,
    comparisons: all.filter((one) => !isName(one)),
  };
}

function termOf(node: Node, text: string) {
  const { metric, comparisons } = partsOf(node, text);
  const counters = counterQueries({ promql: text.slice(node.from, node.to) });
  return { counters, metric, comparisons: comparisons.filter(({ label }) => label !== "__name__") };
}
/** One selector of a ratio, e.g. `orders_total{result="failed"}`, and what it compares; without a metric where it is none, or several. */
export type Term = ReturnType<typeof termOf>;

/** Takes a bare selector apart, to find out which part of it nothing has: its metric alone, and what is chosen without one of its comparisons. */
export function takeApart({ promql: text }: PromQL) {
  const { topNode } = parser.parse(text);
  const { metric, name, comparisons } = partsOf(topNode.firstChild ?? topNode, text);
  const selected = (rest: typeof comparisons): PromQL => ({
    promql: `{${[name, ...rest.map((one) => one.text)].filter((part) => part !== undefined).join(",")}}`,
  });
  const parts = comparisons.map((one) => ({
    label: one.label,
    text: one.text,
    /** The value that the label must have; undefined where a pattern or several values serve. */
    equals: one.operator === "=" ? one.value : undefined,
    without: selected(comparisons.filter((other) => other !== one)),
  }));
  return { metric, bare: selected([]), comparisons: parts };
}

/** One comparison of a selector as it is written, e.g. route="/items", and what would be selected without it. */
export type Comparison = ReturnType<typeof takeApart>["comparisons"][number];

const unquoted = (text: string): string => text.replace(/^["'`](.*)["'`]$/s, "$1");

/** Finds the label by which one selector leaves out all that another one of the same metric chooses; nothing where that is not certain. */
function leftOutBy(one: Term, other: Term): string | undefined {
  const leaving = one.comparisons.find(({ label, operator, value }) =>
    other.comparisons.some((its) => its.label === label && its.operator === "=" && !admits(operator, value, its.value)),
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

const isOneBucket = ({ label, operator }: Term["comparisons"][number]): boolean => label === "le" && operator === "=";

/** Tells whether two selectors may count the same event: buckets hold each other. */
function mayOverlap(a: Term, b: Term): boolean {
  if (a.metric !== undefined && b.metric !== undefined && a.metric !== b.metric) return false;
  const unbounded = (term: Term): Term => ({ ...term, comparisons: term.comparisons.filter(({ label }) => label !== "le") });
  const [one, other] = [unbounded(a), unbounded(b)];
  return leftOutBy(one, other) === undefined && leftOutBy(other, one) === undefined;
}

/** Finds the label by which the selectors of a total leave out all that one of its parts chooses; nothing where that is not certain. */
export function missingIn(total: readonly Term[], part: Term): string | undefined {
  const labels = total.map((term) => (term.metric !== undefined && term.metric === part.metric ? leftOutBy(term, part) : undefined));
  return labels.includes(undefined) ? undefined : labels[0];
}

/** Compiles the proof that there is nothing to count where a selector has no series; undefined where only that series could tell. */
export function zeroProof({ metric, comparisons }: Term, isGood = false) {
  const labels = [...new Set(comparisons.map(({ label }) => label))];
  // The buckets of a histogram hold each other: one that is missing is no zero.
  if (metric === undefined || labels.length === 0 || labels.includes("le") || labels.includes("quantile")) return undefined;
  const carrying = (some: readonly string[]): CounterQueries => {
    const matchers = some.map((label) => isNot(label, ""));
    return counterQueries(selector(metric, matchers));
  };
  const asked = comparisons.filter(({ operator, value }) => operator === "=" && value !== "");
  return {
    /** All of its metric, and what of it carries every label that the selector compares: they must be the same. */
    all: carrying([]),
    labelled: carrying(labels),
    labels,
    /** The selector is of good events: where it has no series at all, a slip is likelier than none of them. */
    isGood,
    /** The values that it asks for literally. */
    asked,
  };
}
/** What proves that a selector without series has counted nothing. */
export type ZeroProof = NonNullable<ReturnType<typeof zeroProof>>;
