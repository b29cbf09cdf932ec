import type { Findings } from "./drill.ts";

const longest = 160;

/** Tells whether a drill ended as it should: all five named the fault, or, in a calm one, none named anything. */
export const isAsDue = ({ rows }: Findings, isCalm: boolean): boolean =>
  rows.every(([, { kind }]) => kind === (isCalm ? "silent" : "named"));

/** Renders what a drill found as one table, and its verdict below. */
export function findingsTable(name: string, sentence: string, findings: Findings, isCalm: boolean): string {
  const lines = findings.rows.map(([source, { kind, words }]) => {
    const short = words.length > longest ? `${words.slice(0, longest - 1)}…` : words;
    return `  ${source.padEnd(11)}${kind.padEnd(8)}${short}`;
  });
  const named = findings.rows.filter(([, { kind }]) => kind === "named").length;
  const verdict = isCalm ? `${named} of ${lines.length} named anything` : `${named} of ${lines.length} named the fault`;
  return [`${name}: ${sentence} (${findings.testid})`, "", ...lines, "", verdict, ""].join("\n");
}
