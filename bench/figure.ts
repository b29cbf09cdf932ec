import type { ProcessGroup } from "../slo/host/process-group.ts";

/** What a measurement works with; `folder` is empty and goes away afterwards. */
export interface Bench {
  /** True for a short pass that shows that everything works; its numbers are rougher. */
  quick: boolean;
  /** Which worlds are made, and which one alone, where a person chose. */
  seed: number | undefined;
  only: number | undefined;
  folder: string;
  /** The project's root. */
  project: string;
  group: ProcessGroup;
  /** Takes one line of progress. */
  say: (line: string) => void;
}

const units = {
  ratio: (value: number) => value.toFixed(3),
  percent: (value: number) => `${(value * 100).toFixed(2)} %`,
  seconds: (value: number) => `${value.toFixed(2)} s`,
  microseconds: (value: number) => `${(value * 1e6).toFixed(1)} µs`,
  mebibytes: (value: number) => `${(value / 2 ** 20).toFixed(1)} MiB`,
  count: String,
};

/** How a number is printed. */
export type Unit = keyof typeof units;

/** One figure: what was measured, several times, and the goal that its median (or its worst value) must keep. */
export interface Row {
  what: string;
  unit: Unit;
  values: readonly number[];
  goal?: { atMost: number; by: "median" | "worst" };
}

/** A file of this folder. */
export interface Figure {
  name: string;
  what: string;
  run: (bench: Bench) => Promise<Row[]>;
}

/** Makes a row; its goal, if it has one, is kept by the median unless it says otherwise. */
export function row(what: string, unit: Unit, values: readonly number[], atMost?: number, by: "median" | "worst" = "median"): Row {
  return { what, unit, values, ...(atMost === undefined ? {} : { goal: { atMost, by } }) };
}

/** Gives one number of each round. */
export function column<K extends string>(rounds: readonly Record<K, number>[], key: K): number[] {
  return rounds.map((round) => round[key]);
}

/** Measures several times, one after the other, and tells what each time gave. */
export async function inRounds<T>(
  { say }: Pick<Bench, "say">,
  rounds: number,
  once: (round: number) => Promise<[T, string]>,
): Promise<T[]> {
  const results: T[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const [result, told] = await once(round);
    results.push(result);
    say(`round ${round} of ${rounds}: ${told}`);
  }
  return results;
}

/** Gives the median (the mean of the middle two where there is no middle one), the least and the most; throws without a value. */
function spreadOf(values: readonly number[]): { median: number; min: number; max: number; count: number } {
  const sorted = values.toSorted((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (min === undefined || max === undefined || sorted.some(Number.isNaN)) throw new Error("a figure without a number");
  const below = sorted[Math.floor((sorted.length - 1) / 2)] as number;
  const above = sorted[Math.ceil((sorted.length - 1) / 2)] as number;
  return { median: (below + above) / 2, min, max, count: sorted.length };
}

/** Says whether a row keeps its goal; undefined where it has none. */
export function isReached({ values, goal }: Row): boolean | undefined {
  if (goal === undefined) return undefined;
  const { median, max } = spreadOf(values);
  return (goal.by === "median" ? median : max) <= goal.atMost;
}

/** Prints a number with its unit. */
export function shown(value: number, unit: Unit): string {
  return units[unit](value);
}

/** Prints a row: what, median, spread, number of values, and the goal with whether it is reached. */
export function rowText(row: Row): string {
  const { median, min, max, count } = spreadOf(row.values);
  const { unit, goal } = row;
  const spread = `median ${shown(median, unit)} (${shown(min, unit)} to ${shown(max, unit)}, n = ${count})`;
  if (goal === undefined) return `${row.what}: ${spread}`;
  return `${row.what}: ${spread}; goal: ${goal.by} at most ${shown(goal.atMost, unit)}: ${isReached(row) ? "reached" : "MISSED"}`;
}
