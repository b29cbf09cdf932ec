import { clipped, columnsOf } from "./columns.ts";
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

/** Renders the one line that is redrawn during a run, without a line break or colour; the least needed parts go first when it is narrow. */
export function liveLine(state: LiveState): string {
  const total = state.totalSeconds === null ? "" : `/${elapsed(state.totalSeconds)}`;
  const offered = state.offeredRate === null ? "" : ` of ${rate(state.offeredRate)}`;
  const parts = [
    { keep: 9, text: `${elapsed(state.elapsedSeconds)}${total}` },
    { keep: 4, text: clipped(plainLine(state.phase), 24) },
    { keep: 8, text: state.finishing ? "" : state.achievedRate === null ? "no rate yet" : rate(state.achievedRate) + offered },
    { keep: 5, text: `p99 ${state.p99Seconds === null ? "-" : state.p99Seconds === 0 ? "none" : duration(state.p99Seconds)}` },
    { keep: 7, text: state.errors === null ? "errors -" : counted(state.errors, "error") },
    { keep: 3, text: state.droppedIterations === null ? "dropped -" : `${count(state.droppedIterations)} dropped` },
    { keep: 6, text: state.budgetSpent === null ? "budget -" : `budget ${percent(state.budgetSpent)} spent` },
  ].filter(({ text }) => text !== "");
  const joined = (): string => parts.map(({ text }) => text).join("  ");
  while (parts.length > 1 && columnsOf(joined()) > state.width) {
    const least = parts.reduce((a, b) => (b.keep < a.keep ? b : a));
    parts.splice(parts.indexOf(least), 1);
  }
  return clipped(joined(), state.width);
}
