import { nearest } from "../spec/words.ts";
import { sideOf } from "../spec/side.ts";
import type { Indicator, Objective, Where } from "../spec/spec.ts";
import { promql, type PromQL } from "./promql.ts";
import type { Scope } from "./scope.ts";
import { refusal, type SelectorProblem } from "./selector.ts";

/** A part of a load that an objective is about: a named stretch of it, seconds since the judged load began, or a k6 scenario of a script. */
export type Part = { kind: "stretch"; name: string; fromSeconds: number; toSeconds: number } | { kind: "scenario"; name: string };

/** Finds the part of the load that an objective is about; undefined where it is about all of it. */
export function partOf({ phase, indicator }: Objective, { phases }: Scope): Part | SelectorProblem | undefined {
  if (phase === undefined) return undefined;
  const problem = (message: string): SelectorProblem => refusal(`phase ${phase}`, message);
  if (sideOf(indicator) !== "client")
    return problem(
      "cannot be judged on the service's side: its scrapes do not tell what came in a part of the load; let k6 count it (side: client)",
    );
  if (phases === undefined) return undefined;
  const stretch = phases.ofLoad.find(({ name }) => name === phase);
  if (stretch !== undefined) return { kind: "stretch", ...stretch };
  if (phases.scenarios.includes(phase))
    return indicator.kind === "throughput"
      ? problem("is a k6 scenario, whose seconds cannot be told: nobody knows when it begins")
      : { kind: "scenario", name: phase };
  const known = [...phases.ofLoad.map(({ name }) => name), ...phases.scenarios];
  const meant = nearest(phase, known);
  return problem(
    `is no part of this load: it has ${known.length === 0 ? "none with a name" : known.join(", ")}${meant === undefined ? "" : ` (${meant})`}`,
  );
}

/** Narrows an indicator to a k6 scenario, which every sample names. */
export function inScenario(indicator: Indicator, scenario: string): Indicator {
  const { where } = indicator as { where?: Where };
  return where === undefined ? indicator : ({ ...indicator, where: { ...where, scenario } } as Indicator); // the kind stays
}

/**
 * Sums counters at a moment, as its events may have been counted by then: at least the last sample of each series until then, at most the first one after it.
 * k6 stamps a sample with its last event, so what a sample before the moment holds came before it, and what came before it is in the next sample, however late k6 pushed.
 */
export function sumsAt(series: PromQL, rangeSeconds: number, atSeconds: number, endSeconds: number): { least: PromQL; most: PromQL } {
  const before = promql`last_over_time(${series}[${{ rangeSeconds }}] @ ${atSeconds})`;
  const after = { rangeSeconds: Math.max(endSeconds - atSeconds, 0.001) };
  return { least: promql`sum(${before})`, most: promql`sum(min_over_time(${series}[${after}] @ ${endSeconds}) or ${before})` };
}
