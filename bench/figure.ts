import type { ProcessGroup } from "../slo/host/process-group.ts";
import { spreadOf } from "./spread.ts";

/** Is what a measurement works with; `folder` is empty and goes away afterwards. */
export interface Bench {
  /** True for a short pass that shows that everything works; its numbers are rougher. */
  quick: boolean;
  folder: string;
  /** The project's root. */
  project: string;
  nursery: ProcessGroup;
  /** Takes one line of progress. */
  say: (line: string) => void;
}

/** Says how a number is printed. */
export type Unit = "ratio" | "percent" | "seconds" | "microseconds" | "mebibytes" | "count";

/** Is one figure: what was measured, several times, and the goal that its median (or its worst value) must keep. */
export interface Row {
  what: string;
  unit: Unit;
  values: readonly number[];
  goal?: { atMost: number; by: "median" | "worst" };
}

/** Is a file of this folder. */
export interface Figure {
  name: string;
  what: string;
  run: (bench: Bench) => Promise<Row[]>;
}

/** Says whether a row keeps its goal; undefined where it has none. */
export function isReached({ values, goal }: Row): boolean | undefined {
  if (goal === undefined) return undefined;
  const { median, max } = spreadOf(values);
  return (goal.by === "median" ? median : max) <= goal.atMost;
}

/** Prints a number with its unit. */
export function shown(value: number, unit: Unit): string {
  switch (unit) {
    case "ratio":
      return value.toFixed(3);
    case "percent":
      return `${(value * 100).toFixed(2)} %`;
    case "seconds":
      return `${value.toFixed(2)} s`;
    case "microseconds":
      return `${(value * 1e6).toFixed(1)} µs`;
    case "mebibytes":
      return `${(value / 2 ** 20).toFixed(1)} MiB`;
    case "count":
      return String(value);
  }
}

/** Prints a row: what, median, spread, number of values, and the goal with whether it is reached. */
export function rowText(row: Row): string {
  const { median, min, max, count } = spreadOf(row.values);
  const { unit, goal } = row;
  const spread = `median ${shown(median, unit)} (${shown(min, unit)} to ${shown(max, unit)}, n = ${count})`;
  if (goal === undefined) return `${row.what}: ${spread}`;
  return `${row.what}: ${spread}; goal: ${goal.by} at most ${shown(goal.atMost, unit)}: ${isReached(row) ? "reached" : "MISSED"}`;
}
