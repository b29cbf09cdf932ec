import type { ProcessGroup } from "../slo/host/process-group.ts";

/** What a measurement works with; `folder` is empty and goes away afterwards. */
export interface Bench {
  /** True for a short pass that shows that everything works; its numbers are rougher. */
  quick: boolean;
  folder: string;
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
  goal?: { atMost: number; by: "median" | "worst" } | undefined;
}

/** Makes a row; its goal, if it has one, is kept by the median unless it says otherwise. */
export function row(what: string, unit: Unit, values: readonly number[], atMost?: number, by: "median" | "worst" = "median"): Row {
  return { what, unit, values, goal: atMost === undefined ? undefined : { atMost, by } };
}

/** Gives one number of each round. */
export function column<K extends string>(rounds: readonly Record<K, number>[], key: K): number[] {
  return rounds.map((round) => round[key]);
}

type Say = Pick<Bench, "say">;

/** Measures several times, one after the other, and tells what each time gave. */
export async function inRounds<T>({ say }: Say, rounds: number, once: (round: number) => Promise<[T, string]>): Promise<T[]> {
  const results: T[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const [result, told] = await once(round);
    results.push(result);
    say(`round ${round} of ${rounds}: ${told}`);
  }
  return results;
}

/** One of two things that are compared: its name, and how its CPU seconds a request are measured once. */
export interface Side {
  name: string;
  perRequest: () => Promise<number>;
}

/** Measures both sides in each round, so that whatever else the machine does meets both; whoever goes first in one round goes second in the next. */
export async function sideBySide(bench: Say, what: string, rounds: number, [first, second]: [Side, Side], atMost: number): Promise<Row[]> {
  const pairs = await inRounds(bench, rounds, async (round) => {
    const early = round % 2 === 1 ? await first.perRequest() : undefined;
    const ofSecond = await second.perRequest();
    const ofFirst = early ?? (await first.perRequest());
    const told = `${first.name} ${shown(ofFirst, "microseconds")}, ${second.name} ${shown(ofSecond, "microseconds")} a request`;
    return [{ ofFirst, ofSecond, ratio: ofFirst / ofSecond }, told];
  });
  return [
    row(`${what}, ${first.name} ÷ ${second.name}`, "ratio", column(pairs, "ratio"), atMost),
    row(`${what}, ${first.name}`, "microseconds", column(pairs, "ofFirst")),
    row(`${what}, ${second.name}`, "microseconds", column(pairs, "ofSecond")),
  ];
}

/** Gives the median (the mean of the middle two where there is no middle one), the least and the most; throws without a value. */
function spreadOf(values: readonly number[]): { median: number; min: number; max: number } {
  if (values.length === 0 || values.some(Number.isNaN)) throw new Error("a figure without a number");
  const sorted = values.toSorted((a, b) => a - b);
  const at = (position: number): number => sorted[position] as number;
  const middle = (sorted.length - 1) / 2;
  return { median: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2, min: at(0), max: at(sorted.length - 1) };
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
  const { what, unit, values, goal } = row;
  const { median, min, max } = spreadOf(values);
  const spread = `${what}: median ${shown(median, unit)} (${shown(min, unit)} to ${shown(max, unit)}, n = ${values.length})`;
  if (goal === undefined) return spread;
  return `${spread}; goal: ${goal.by} at most ${shown(goal.atMost, unit)}: ${isReached(row) ? "reached" : "MISSED"}`;
}
