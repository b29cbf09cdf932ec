import { parser } from "@prometheus-io/lezer-promql";
import { over, type Reading } from "./counters.ts";
import { promql, quote, type PromQL } from "./promql.ts";

/** One comparison of a selector, and what would be selected without it. */
export interface Comparison {
  label: string;
  /** As it is written, e.g. route="/items". */
  text: string;
  /** The value that the label must have; undefined where a pattern or several values serve. */
  equals: string | undefined;
  without: PromQL;
}

/** A bare selector taken apart. */
export interface Taken {
  /** Undefined where any metric serves. */
  metric: string | undefined;
  /** The metric alone. */
  bare: PromQL;
  comparisons: Comparison[];
}

/** Takes a bare selector apart, to find out which part of it nothing has. */
export function takeApart({ promql: text }: PromQL): Taken {
  const names: { metric: string; text: string }[] = [];
  const matchers: Omit<Comparison, "without">[] = [];
  parser.parse(text).iterate({
    enter: ({ node, name, from, to }) => {
      const written = text.slice(from, to);
      if (name === "Identifier") names.push({ metric: written, text: quote(written) });
      if (name === "QuotedLabelName" && node.parent?.name === "LabelMatchers") names.push({ metric: unquoted(written), text: written });
      if (name !== "UnquotedLabelMatcher" && name !== "QuotedLabelMatcher") return;
      const textOf = (part: SyntaxNode | null | undefined): string => (part ? text.slice(part.from, part.to) : "");
      const equals = textOf(node.firstChild?.nextSibling) === "=" ? unquoted(textOf(node.lastChild)) : undefined;
      const label = unquoted(textOf(node.firstChild));
      if (label === "__name__" && equals !== undefined) names.push({ metric: equals, text: written });
      else matchers.push({ label, text: written, equals });
    },
  });
  const selected = (rest: readonly { text: string }[]): PromQL => ({
    promql: `{${[...names, ...rest].map((part) => part.text).join(",")}}`,
  });
  const comparisons = matchers.map((one) => ({ ...one, without: selected(matchers.filter((other) => other !== one)) }));
  return { metric: names[0]?.metric, bare: selected([]), comparisons };
}

type SyntaxNode = NonNullable<ReturnType<typeof parser.parse>["topNode"]["firstChild"]>;

/** Gives a label, a value or a name without its quotes. */
export const unquoted = (text: string): string => text.replace(/^["'`](.*)["'`]$/s, "$1");

/** Asks which values a label has on the series of a selector: one series for each. */
export const valuesOfLabel =
  (series: PromQL, label: string): Reading =>
  (rangeSeconds) =>
    promql`group by (${{ promql: /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label) ? label : quote(label) }}) (${over("last_over_time", series)(rangeSeconds)})`;
