/** A piece of PromQL; made only in this room, so that nothing from outside is ever spliced in raw. */
export interface PromQL {
  readonly promql: string;
}

/** A comparison of one label with a value; made by the functions below, so that a pattern never holds what a value says. */
export interface Matcher {
  readonly label: string;
  readonly operator: "=" | "!=" | "=~" | "!~";
  readonly value: string;
}

export const is = (label: string, value: string): Matcher => ({ label, operator: "=", value });
export const isNot = (label: string, value: string): Matcher => ({ label, operator: "!=", value });
export const isOneOf = (label: string, values: readonly string[]): Matcher => ({
  label,
  operator: "=~",
  value: values.map(regexEscape).join("|"),
});
/** Compares with a pattern; what it holds of values was escaped. */
export const matches = (label: string, pattern: string): Matcher => ({ label, operator: "=~", value: pattern });
export const matchesNot = (label: string, pattern: string): Matcher => ({ label, operator: "!~", value: pattern });

/** Compares each label with its value, literally. */
export const withLabels = (labels: Readonly<Record<string, string>>): Matcher[] =>
  Object.entries(labels).map(([label, value]) => is(label, value));

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const labelName = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const legacyQuoted = /[\\"\n\r\t\u0000-\u001f\u007f]/g;

/** Quotes any text as a PromQL string literal (https://prometheus.io/docs/prometheus/latest/querying/basics/#string-literals). */
export function quote(text: string): string {
  const escaped = text.replace(legacyQuoted, (c) => {
    if (c === "\\" || c === '"') return `\\${c}`;
    if (c === "\n") return "\\n";
    return `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return `"${escaped}"`;
}

export const regexEscape = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, "\\$&");

/** Writes a label's name, in quotes where it is one of UTF-8. */
export const labelText = (label: string): string => (labelName.test(label) ? label : quote(label));
const matcherText = ({ label, operator, value }: Matcher): string => `${labelText(label)}${operator}${quote(value)}`;

/** Selects the series of one metric, or of any, by their labels; a metric name of UTF-8 is written inside the braces. */
export function selector(metric: string | undefined, matchers: readonly Matcher[]): PromQL {
  const plain = metric === undefined || metricName.test(metric);
  const inside = [...(plain ? [] : [quote(metric)]), ...matchers.map(matcherText)];
  const braces = inside.length > 0 ? `{${inside.join(",")}}` : "";
  return { promql: `${plain ? (metric ?? "") : ""}${braces}` };
}

/** Prints seconds as a PromQL duration of whole milliseconds, at least 1 ms. */
export function durationText(seconds: number): string {
  if (!Number.isFinite(seconds)) throw new Error(`no PromQL duration: ${seconds}`);
  const millis = Math.max(1, Math.ceil(seconds * 1000));
  return millis % 1000 === 0 ? `${millis / 1000}s` : `${millis}ms`;
}

/** Builds PromQL from a template: selectors and expressions go in as they are, ranges as durations, numbers as numbers. */
export function promql(parts: TemplateStringsArray, ...values: (PromQL | { rangeSeconds: number } | number)[]): PromQL {
  const shown = values.map((value) => {
    if (typeof value === "number") return numberText(value);
    return "promql" in value ? value.promql : durationText(value.rangeSeconds);
  });
  return { promql: parts.reduce((text, part, i) => text + (shown[i - 1] ?? "") + part) };
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) throw new Error(`no PromQL number: ${value}`);
  return value < 0 ? `(${value})` : String(value);
}
