import { percentText } from "../spec/units.ts";
import { nounOf } from "../spec/side.ts";
import type { Objective } from "../spec/spec.ts";
import { requestsNeeded } from "./clopper-pearson.ts";
import { grouped, timesAsMany } from "./reasons.ts";

/** Whether a plan can prove an objective at all, if nothing goes wrong. */
export interface Provable {
  kind: "enough" | "unknown" | "short";
  text: string;
}

/** Compares the requests that a plan offers with those that an objective needs when none is bad. */
export function canProve({ targetRatio, indicator }: Objective, confidence: number, requests: number | "unknown"): Provable {
  const noun = nounOf(indicator);
  const needed = requestsNeeded(0, targetRatio, confidence);
  const target = percentText(targetRatio);
  if (requests === "unknown" || Number.isNaN(requests))
    return { kind: "unknown", text: `${grouped(needed)} ${noun} without a bad one prove ${target}; how many will come is not known` };
  const whole = Math.max(0, Math.floor(requests));
  const about = `about ${grouped(whole)} ${noun}`;
  if (whole >= needed) return { kind: "enough", text: `${about} are enough to prove ${target} from ${grouped(needed)} on` };
  const more = whole === 0 ? "" : `, ${timesAsMany(needed, whole)} times as many`;
  return { kind: "short", text: `${about} cannot prove ${target} even without a bad one; ${grouped(needed)} are needed${more}` };
}
