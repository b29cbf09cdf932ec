import { elapsed, percentText as targetPercent } from "../spec/units.ts";

export { elapsed, targetPercent };

/** Writes a count with a comma at each thousand; `null` is "not read", which is not 0. */
export const count = (value: number | null): string => (value === null ? "not read" : threeDigits(value));

/** Writes a count and its noun: `1 request`, `2 requests`. */
export function counted(value: number | null, noun: string): string {
  if (value === null) return `${noun}s not read`;
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}

/** Writes a 0–1 ratio in percent, three digits; one that only rounds to 0% or 100% says on which side of it it lies. */
export function percent(ratio: number | null): string {
  if (ratio === null || !Number.isFinite(ratio)) return "unknown";
  const text = threeDigits(ratio * 100);
  if (text === "100" && Math.abs(ratio - 1) >= 1e-11) return ratio > 1 ? "over 100%" : "under 100%";
  return text === "0" && ratio > 0 ? "over 0%" : `${text}%`;
}

/** Writes the share of good events proved at best and at worst, rounded away from the proof and never across the target. */
export function provedGood(evidence: { provedAtLeast: number; provedAtMost: number }, targetRatio: number): string {
  const low = 1 - evidence.provedAtMost;
  const high = 1 - evidence.provedAtLeast;
  if (low >= targetRatio) return `≥ ${directed(low, targetRatio, Math.floor)}`;
  if (high < targetRatio) return `≤ ${directed(high, targetRatio, Math.ceil)}`;
  return `${directed(low, targetRatio, Math.floor)} to ${directed(high, targetRatio, Math.ceil)}`;
}

interface Counts {
  best: { bad: number; total: number };
  worst: { bad: number; total: number };
}

/** Writes bad of total; where some are uncertain, from the best reading to the worst. */
export function badOfTotal({ best, worst }: Counts): string {
  if (best.total !== worst.total) return `${count(best.bad)} of ${count(best.total)} to ${count(worst.bad)} of ${count(worst.total)}`;
  const bad = best.bad === worst.bad ? count(best.bad) : `${count(best.bad)} to ${count(worst.bad)}`;
  return `${bad} of ${count(best.total)}`;
}

/** Writes the share of the error budget that was spent; where some events are uncertain, from the best reading to the worst. */
export function budgetSpent({ best, worst, budgetSpent: spent }: Counts & { budgetSpent: number }, targetRatio: number): string {
  const same = best.bad === worst.bad && best.total === worst.total;
  const [least, most] = [percent(spent), same ? "" : percent(worst.bad / worst.total / (1 - targetRatio))];
  return same || least === most ? least : `${least} to ${most}`;
}

/** Writes seconds in the unit that a person would choose, from µs to days. */
export function duration(seconds: number | null): string {
  if (seconds === null) return "not read";
  if (!Number.isFinite(seconds)) return "unknown";
  if (seconds < 0) return `-${duration(-seconds)}`;
  if (seconds === 0) return "0 s";
  if (seconds < 0.0009995) return `${threeDigits(seconds * 1e6)} µs`;
  if (seconds < 0.9995) return `${threeDigits(seconds * 1e3)} ms`;
  if (seconds < 59.95) return `${threeDigits(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return pair(Math.floor(whole / 60), "min", whole % 60, "s");
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return pair(Math.floor(minutes / 60), "h", minutes % 60, "min");
  const hours = Math.round(seconds / 3600);
  return pair(Math.floor(hours / 24), "d", hours % 24, "h");
}

/** Writes events a second, three digits. */
export function rate(perSecond: number | null): string {
  if (perSecond === null) return "not read";
  return `${threeDigits(perSecond)}/s`;
}

export function bytes(value: number | null): string {
  if (value === null) return "not read";
  const [size, unit] = value >= 1e9 ? [1e9, "GB"] : value >= 1e6 ? [1e6, "MB"] : value >= 1e3 ? [1e3, "kB"] : [1, "B"];
  return `${threeDigits(value / size)} ${unit}`;
}

/** Writes Unix seconds as `2026-11-21 05:00:00 UTC`; a time that no calendar holds is "unknown". */
export const moment = (unixSeconds: number): string => isoMoment(unixSeconds)?.replace("T", " ").replace("Z", " UTC") ?? "unknown";

/** Writes Unix seconds as ISO 8601 in UTC without fractions. */
export function isoMoment(unixSeconds: number): string | undefined {
  const date = new Date(unixSeconds * 1000);
  return Number.isNaN(date.getTime()) ? undefined : `${date.toISOString().slice(0, -5)}Z`;
}

const threeDigits = (value: number): string => (Number.isFinite(value) ? written(value, decimalsFor(value)) : "unknown");

function decimalsFor(value: number): number {
  if (value === 0 || !Number.isFinite(value)) return 0;
  return Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
}

/** Writes a number with at most so many decimals, and a comma at each thousand. */
const written = (value: number, decimals: number): string => value.toLocaleString("en-US", { maximumFractionDigits: decimals });

function pair(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${largeUnit}` : `${large} ${largeUnit} ${small} ${smallUnit}`;
}

/** Rounds in one direction, with digits enough that the written value lies on the same side of the target as the true one. */
function directed(ratio: number, targetRatio: number, round: (value: number) => number): string {
  const slack = round === Math.floor ? 1e-9 : -1e-9;
  const targetDecimals = (targetPercent(targetRatio).split(".")[1]?.length ?? 1) - 1;
  let text = String(ratio * 100);
  for (let decimals = Math.max(2, targetDecimals + 1); decimals <= 8; decimals++) {
    text = written(round(ratio * 100 * 10 ** decimals + slack) / 10 ** decimals, decimals);
    const sameSide = Number(text) / 100 >= targetRatio - 1e-12 === ratio >= targetRatio - 1e-12;
    if (sameSide) break;
  }
  return `${text}%`;
}
