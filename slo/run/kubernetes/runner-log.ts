import { readK6Line } from "../k6.ts";
import { goDurationSeconds } from "../plan.ts";
import { note, openSaid, saidOf, summaryIn, thrownCaveats } from "../run-k6.ts";

/** A push that k6 could not make is lost, and with it what changed only then: iterations that agree prove nothing of errors. */
const unproved =
  "k6 did not print its own count of requests (K6_SUMMARY_EXPORT=/dev/stdout), so nothing proves that all of them reached Prometheus";

/** Reads what a k6 says in its log that runs without us: with K6_LOG_FORMAT=json, not quiet, its summary exported to /dev/stdout. */
export function readRunnerLog(log: string, exitCode: number) {
  const lines = log.split("\n");
  const said = openSaid();
  for (const line of lines) note(said, readK6Line(line, "stdout"));
  const from = lines.lastIndexOf("{");
  const summary = summaryIn(() => lines.slice(Math.max(from, 0), lines.indexOf("}", from) + 1).join("\n"));
  const last = lines.findLast((line) => line.startsWith("running ("));
  const [, ran] = /^running \(([\d.hms]+)/.exec(last ?? "") ?? [];
  return {
    ...saidOf(said),
    ...summary,
    /** How long its load ran, without the time in which it waited for the others; undefined where it does not say. */
    ranSeconds: ran === undefined ? undefined : goDurationSeconds(ran),
    caveats: [...thrownCaveats(said, exitCode), ...(summary.summaryRequests === null ? [unproved] : [])],
  };
}
