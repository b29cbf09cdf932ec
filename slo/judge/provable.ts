import { percentText } from "../spec/units.ts";
import { nounOf } from "../spec/side.ts";
import type { Spec } from "../spec/spec.ts";
import { requestsNeeded } from "./clopper-pearson.ts";
import { grouped, timesAsMany } from "./reasons.ts";

/** Says whether a plan can prove an objective at all, if nothing goes wrong; `needed` is the number of requests that do. */
export type Provable = { kind: "enough" | "unknown" | "short"; objective: string; needed: number; sentence: string };

/** Compares the requests that a plan offers with those that each objective needs when none is bad. */
export function canProve(spec: Spec, expected: readonly { objective: string; requests: number | "unknown" }[]): Provable[] {
  return spec.objectives.map(({ name, targetRatio, indicator }): Provable => {
    const noun = nounOf(indicator);
    const requests = expected.find(({ objective }) => objective === name)?.requests ?? "unknown";
    const needed = requestsNeeded(0, targetRatio, spec.confidence);
    const target = percentText(targetRatio);
    const row = (kind: Provable["kind"], text: string): Provable => ({ kind, objective: name, needed, sentence: `${name}: ${text}` });
    if (requests === "unknown" || Number.isNaN(requests))
      return row("unknown", `${grouped(needed)} ${noun} without a bad one prove ${target}; how many will come is not known`);
    const whole = Math.max(0, Math.floor(requests));
    const about = `about ${grouped(whole)} ${noun}`;
    if (whole >= needed) return row("enough", `${about} are enough to prove ${target} from ${grouped(needed)} on`);
    const more = whole === 0 ? "" : `, ${timesAsMany(needed, whole)} times as many`;
    return row("short", `${about} cannot prove ${target} even without a bad one; ${grouped(needed)} are needed${more}`);
  });
}
