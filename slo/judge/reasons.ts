import { elapsed, percentText } from "../spec/units.ts";
import type { Count } from "../collect/measurement.ts";
import { complement, provesMet, requestsNeeded } from "./clopper-pearson.ts";
import type { Evidence, WindowFinding } from "./verdict.ts";

export const grouped = (count: number): string => count.toLocaleString("en-US");

const three = (value: number): string => String(Number(value.toPrecision(3)));

const share = (ratio: number): string => percentText(Number(ratio.toPrecision(3)));

/** Rounds down to three digits, for what is said to be at least so much. */
function downToThree(value: number): number {
  const nearest = Number(value.toPrecision(3));
  return nearest <= value ? nearest : Number((nearest - 10 ** (Math.floor(Math.log10(value)) - 2)).toPrecision(3));
}

const badOf = ({ bad, total }: Count): string => `${grouped(bad)} bad of ${grouped(total)}`;

/** Says how many of the bad events were no requests but iterations that k6 dropped: beside the number that they are part of. */
const ofThemDropped = ({ dropped = 0, best }: Evidence): string =>
  dropped === 0 ? "" : `, ${dropped === best.bad ? "all" : grouped(dropped)} of them dropped iterations,`;

/** Writes how many times as many, as people say it: 2.4, 12. */
export function timesAsMany(needed: number, there: number): string {
  const times = needed / there;
  return times < 10 ? (Math.ceil(times * 10) / 10).toFixed(1) : grouped(Math.ceil(times));
}

export function exceededReason(evidence: Evidence, targetRatio: number): string {
  const { best, errorRatio, provedAtLeast } = evidence;
  return `${badOf(best)} (${share(errorRatio)})${ofThemDropped(evidence)} prove an error ratio of at least ${percentText(downToThree(provedAtLeast))}; ${percentText(targetRatio)} allows ${percentText(complement(targetRatio))}`;
}

type FastBurn = Extract<WindowFinding, { kind: "fastBurn" }>;

/** Says how long a fast burn was, when it was on the clock that starts at the origin (Unix seconds) where that is known, and how fast it burned the budget. */
export function fastBurnReason(fastBurn: FastBurn, originSeconds: number | undefined): string {
  const { fromSeconds, toSeconds, count, provedBurnRate, burnRateThreshold } = fastBurn;
  const clock = originSeconds === undefined ? "" : ` at ${elapsed(fromSeconds - originSeconds)}–${elapsed(toSeconds - originSeconds)}`;
  const when = `within ${three(toSeconds - fromSeconds)} s${clock}`;
  return `a fast burn: ${badOf(count)} ${when} burned the budget at least ${downToThree(provedBurnRate)} times as fast as allowed; the burn-rate threshold is ${burnRateThreshold}`;
}

/** Says that what is uncertain, had it come at once, would be a fast burn that the average hides. */
export function possibleFastBurnReason({ longSeconds, burnRateThreshold }: FastBurn, uncertainBad: number, caveats: readonly string[]) {
  const why = caveats.length > 0 ? `: ${caveats.join("; ")}` : "";
  return `the run as a whole proves the target, but up to ${grouped(uncertainBad)} bad events are uncertain${why}; within one window of ${three(longSeconds)} s they would burn the budget more than ${burnRateThreshold} times as fast as allowed`;
}

/** Says what is lacking where the counts prove neither side: what is certain, what is uncertain and why, and what would settle it. */
export function unprovedReason(evidence: Evidence, targetRatio: number, confidence: number, caveats: readonly string[], noun: string) {
  const { best, worst } = evidence;
  const target = percentText(targetRatio);
  const allowed = complement(targetRatio);
  const reaches = ({ bad, total }: Count): boolean => bad / total >= allowed;
  const needed = ({ bad, total }: Count): string => {
    const enough = requestsNeeded(bad, targetRatio, confidence);
    return `${grouped(enough)} are needed${total === 0 ? "" : `, ${timesAsMany(enough, total)} times as many`}`;
  };
  const chance = `no fewer than ${target} allows, but too few to rule out chance: a longer run would decide`;
  if (best.bad === worst.bad && best.total === worst.total) {
    if (reaches(best)) return `${badOf(best)} (${share(best.bad / best.total)})${ofThemDropped(evidence)} are ${chance}`;
    return `${grouped(best.total)} ${noun} with ${grouped(best.bad)} bad cannot prove ${target}: ${needed(best)}`;
  }
  const known = [`at best ${badOf(best)}${ofThemDropped(evidence).replace(/,$/, "")}, at worst ${badOf(worst)}`, caveats.join("; ")]
    .filter((part) => part !== "")
    .join(": ");
  if (reaches(best)) return `${known}; even the bad ones at best are ${chance}`;
  const atBest = provesMet(best, targetRatio, confidence)
    ? `at best ${target} is proved`
    : `even at best ${target} is not proved: ${needed(best)}`;
  if (reaches(worst)) return `${known}; ${atBest}; a longer run with the same caveat would not decide, its cause has to go`;
  return `${known}; ${atBest}; with as many bad as at worst ${needed(worst)}`;
}
