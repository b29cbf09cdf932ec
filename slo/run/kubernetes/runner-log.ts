import { readK6Line } from "../k6.ts";
import { goDurationSeconds } from "../plan.ts";
import { note, openSaid, saidOf, summaryIn, thrownCaveats } from "../run-k6.ts";

/** Reads what a k6 says in its log that runs without us: with K6_LOG_FORMAT=json, not quiet, its summary exported to /dev/stdout. */
export function readRunnerLog(log: string, exitCode: number) {
  const lines = log.split("\n");
  const said = openSaid();
  for (const line of lines) note(said, readK6Line(line, "stdout"));
  const from = lines.lastIndexOf("{");
  const summary = lines.slice(Math.max(from, 0), lines.indexOf("}", from) + 1);
  const last = lines.findLast((line) => line.startsWith("running ("));
  const [, ran] = /^running \(([\d.hms]+)/.exec(last ?? "") ?? [];
  return {
    ...saidOf(said),
    ...summaryIn(summary.join("\n")),
    /** How long its load ran, without the time in which it waited for the others; undefined where it does not say. */
    ranSeconds: ran === undefined ? undefined : goDurationSeconds(ran),
    caveats: thrownCaveats(said, exitCode),
  };
}
