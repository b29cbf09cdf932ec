import { clipped } from "./columns.ts";
import { count, counted, duration, elapsed, percent, rate } from "./numbers.ts";
import { plainLine } from "./plain.ts";

/** Holds what is known while the load runs; `null` is not known yet. Seconds, events a second, 0–1 shares. */
export interface LiveState {
  elapsedSeconds: number;
  totalSeconds: number | null;
  phase: string;
  /** True when nothing more is offered: rates then mean nothing and are left out. */
  finishing: boolean;
  offeredRate: number | null;
  achievedRate: number | null;
  /** 0: no request was answered. */
  p99Seconds: number | null;
  errors: number | null;
  droppedIterations: number | null;
  /** Of the objective that has spent most. */
  budgetSpent: number | null;
  width: number;
}

/** Renders the one line that is redrawn during a run, without a line break or colour; where it is narrow its end is cut. */
export function liveLine(state: LiveState): string {
  const total = state.totalSeconds === null ? "" : `/${elapsed(state.totalSeconds)}`;
  const offered = state.offeredRate === null ? "" : ` of ${rate(state.offeredRate)}`;
  const parts = [
    `${elapsed(state.elapsedSeconds)}${total}`,
    clipped(plainLine(state.phase), 24),
    state.finishing ? "" : state.achievedRate === null ? "no rate yet" : rate(state.achievedRate) + offered,
    `p99 ${state.p99Seconds === null ? "-" : state.p99Seconds === 0 ? "none" : duration(state.p99Seconds)}`,
    state.errors === null ? "errors -" : counted(state.errors, "error"),
    state.droppedIterations === null ? "dropped -" : `${count(state.droppedIterations)} dropped`,
    state.budgetSpent === null ? "budget -" : `budget ${percent(state.budgetSpent)} spent`,
  ];
  return clipped(parts.filter((part) => part !== "").join("  "), state.width);
}
