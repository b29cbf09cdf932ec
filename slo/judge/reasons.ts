import { percentText } from "../spec/units.ts";
import type { Count } from "../collect/measurement.ts";
import { complement } from "./clopper-pearson.ts";
import type { Evidence, WindowFinding } from "./verdict.ts";

/** Writes a whole number with a comma at each thousand. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

const three = (value: number): string => String(Number(value.toPrecision(3)));

/** Writes a measured ratio in percent, three digits. */
const share = (ratio: number): string => percentText(Number(ratio.toPrecision(3)));

/** Writes seconds as the report does: 0:06, 1:05:00. */
function elapsed(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number): string => String(value).padStart(2, "0");
  const tail = two(whole % 60);
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}:${tail}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${tail}`;
}

const badOf = ({ bad, total }: Count): string => `${grouped(bad)} bad of ${grouped(total)}`;

/** Writes how many times as many, as people say it: 2.4, 12. */
export function timesAsMany(needed: number, there: number): string {
  const times = needed / there;
  return times < 10 ? (Math.ceil(times * 10) / 10).toFixed(1) : grouped(Math.ceil(times));
}

/** Says by which count the target is missed. */
export function exceededReason({ best, errorRatio, provedAtLeast }: Evidence, targetRatio: number): string {
  return `${badOf(best)} (${share(errorRatio)}) prove an error ratio of at least ${share(provedAtLeast)}; ${percentText(targetRatio)} allows ${percentText(complement(targetRatio))}`;
}

/** Says how long a burst was, when it was on the clock that starts at the origin (Unix seconds) where that is known, and how fast it burned the budget. */
export function burstReason(burst: Extract<WindowFinding, { kind: "burst" }>, originSeconds: number | undefined): string {
  const { fromSeconds, toSeconds, count, provedBurn, burnLimit } = burst;
  const clock = originSeconds === undefined ? "" : ` at ${elapsed(fromSeconds - originSeconds)}–${elapsed(toSeconds - originSeconds)}`;
  const when = `within ${three(toSeconds - fromSeconds)} s${clock}`;
  return `a burst: ${badOf(count)} ${when} burned the budget at least ${three(provedBurn)} times as fast as allowed; the limit is ${burnLimit}`;
}

/** Says what is lacking where the counts prove neither side. */
export function unprovedReason(
  { best, worst, requestsNeeded }: Evidence,
  targetRatio: number,
  bestProves: boolean,
  doubts: readonly string[],
): string {
  const target = percentText(targetRatio);
  const because = doubts.length > 0 ? `: ${doubts.join("; ")}` : "";
  if (bestProves) return `${badOf(best)} would prove ${target}, ${badOf(worst)} would not${because}`;
  const also = doubts.length > 0 ? `; ${doubts.join("; ")}` : "";
  const ratio = worst.bad / worst.total;
  if (ratio >= complement(targetRatio)) {
    return `${badOf(worst)} (${share(ratio)}) are no fewer than ${target} allows, but too few to rule out chance: a longer run would decide${also}`;
  }
  const needed = `${grouped(requestsNeeded)} are needed, ${timesAsMany(requestsNeeded, worst.total)} times as many`;
  return `${grouped(worst.total)} requests with ${grouped(worst.bad)} bad cannot prove ${target}: ${needed}${also}`;
}
