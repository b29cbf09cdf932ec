import type { Count, Measurement } from "../collect/measurement.ts";

type Counted = Extract<Measurement, { kind: "counted" }>;

/** A pair of counts that can be judged, or the sentence that says what is wrong with it. */
export type SoundCounts = { kind: "sound"; best: Count; worst: Count } | { kind: "absurd"; reason: string };

/** Counts come through floating point: this near to a whole number they are one. */
const wholeTolerance = 1e-6;

/** Checks that counts are whole, 0 ≤ bad ≤ total, and that `best` is no worse than `worst`: only then can the two never prove opposite things. */
export function soundCounts({ best, worst }: Pick<Counted, "best" | "worst">): SoundCounts {
  const absurd = (counts: string): SoundCounts => ({ kind: "absurd", reason: `the counts make no sense: ${counts}` });
  const [lower, upper] = [whole(best), whole(worst)];
  if (lower === undefined) return absurd(text(best));
  if (upper === undefined) return absurd(text(worst));
  const ordered = lower.bad <= upper.bad && lower.total - lower.bad >= upper.total - upper.bad;
  return ordered ? { kind: "sound", best: lower, worst: upper } : absurd(`at best ${text(best)}, at worst ${text(worst)}`);
}

function whole({ total, bad }: Count): Count | undefined {
  const near = (value: number): boolean => Number.isSafeInteger(Math.round(value)) && Math.abs(value - Math.round(value)) <= wholeTolerance;
  if (!near(total) || !near(bad)) return undefined;
  const count = { total: Math.round(total), bad: Math.round(bad) };
  return count.bad >= 0 && count.bad <= count.total ? count : undefined;
}

const text = ({ total, bad }: Count): string => `${bad} bad of ${total}`;
