import { commandLine } from "../host/command-line.ts";
import { exitCodes } from "../host/exit-codes.ts";
import type { Plan } from "../run/plan.ts";
import type { RunRecord } from "../run/record.ts";
import type { SentCounts } from "../run/relay/sent-totals.ts";
import type { PrometheusEnds } from "./prometheus.ts";

/** What a later verdict cannot find out again. */
export type Judged = Pick<RunRecord, "countedUntilSeconds" | "timings">;

/** A load that has ended, wherever it ran: all that a verdict needs of it. Nothing after it knows where that was. */
export interface LoadRun {
  kind: "run";
  /** With what its pods or its crash have to say; times on the clock of k6. */
  record: RunRecord;
  plan: Plan;
  /** The last value that k6 wrote of each counter. */
  sent: SentCounts;
  /** False when `sent` lacks what a lost load pod sent last. */
  sentIsWhole: boolean;
  /** What the way of the samples to Prometheus has to say against the run. */
  caveats: readonly string[];
  prometheus: PrometheusEnds;
  /** Unix seconds on the clock of k6. */
  now: () => number;
  folder: string;
  /** How long Prometheus may take to hold all that was sent. */
  settleLimitSeconds: number;
  /** True when the run is judged later than it ran: no more scrapes are waited for, and the command's own time means nothing. */
  finished: boolean;
  /** Hears that the run was judged: keeps what it must, and clears up what the run left where it was loaded from. */
  judged: (what: Judged) => Promise<void>;
}

/** No load to judge: why, and the exit code. */
export interface NoRun {
  kind: "none";
  exitCode: number;
  message: string;
}

export const noRun = (exitCode: number, message: string): NoRun => ({ kind: "none", exitCode, message });

export const badUsage = (message: string): NoRun => noRun(exitCodes.badUsage, message);

export const failed = (message: string): NoRun => noRun(exitCodes.notCarriedOut, message);

export const inconclusive = (reason: string): NoRun => noRun(exitCodes.inconclusive, `inconclusive: ${reason}`);

export const unflushed = ({ bytes, reason }: { bytes: number; reason: string }): string =>
  `${bytes} bytes of samples are not in Prometheus: ${reason}`;

/** Words a run whose samples cannot be judged now; what was sent is on disk, and `gate` goes on from there. */
export function pendingMessage({ testid }: Pick<RunRecord, "testid">, folder: string, reason: string): string {
  return `inconclusive: ${reason}\nwhat was sent is kept in ${folder}; to go on from there: ${commandLine("gate", `--run ${testid}`)}`;
}
