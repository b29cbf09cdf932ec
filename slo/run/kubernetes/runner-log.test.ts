import { expect, test } from "vitest";
import { readRunnerLog } from "./runner-log.ts";

const summary = { metrics: { http_reqs: { count: 1326 }, checks: { passes: 7, fails: 1 }, iterations: { count: 300 } } };
const log = (...more: string[]): string =>
  [
    '{"feature":"native-histograms","level":"info","msg":"Experimental feature enabled"}',
    "Run      [ 100% ] paused",
    "running (00.3s), 00/40 VUs, 2 complete and 0 interrupted iterations",
    ...more,
    "  █ TOTAL RESULTS ",
    JSON.stringify(summary, null, 4),
    "running (1m35.6s), 00/40 VUs, 298 complete and 2 interrupted iterations",
    "smoke  ✓ [ 100% ] 00/40 VUs  30s  40.00 iters/s",
  ].join("\n");

test("a runner's log tells its counts, its errors, and how long its load ran", () => {
  const error = '{"level":"error","msg":"no such bucket","source":"stacktrace"}';
  const read = readRunnerLog(log(error), 0);
  expect(read).toMatchObject({ iterations: 298, interrupted: 2, summaryRequests: 1326, checks: { passes: 7, fails: 1 }, ranSeconds: 95.6 });
  expect([read.errors, read.caveats]).toEqual([["no such bucket"], [expect.stringContaining("the script threw an error")]]);
});

test("with its own counts there is nothing to say against it", () => {
  expect(readRunnerLog(log(), 0).caveats).toEqual([]);
});

test.each<[string, string, object]>([
  ["of a quiet k6 says nothing of its iterations", log().replaceAll(/^running.*$/gm, ""), { iterations: null, ranSeconds: undefined }],
  [
    "without a summary says nothing of its requests",
    log().replace(/^\{\n[^]*^\}$/m, ""),
    { iterations: 298, summaryRequests: null, caveats: [expect.stringContaining("nothing proves that all of them reached")] },
  ],
  ["that is cut within the summary neither", log().slice(0, -200), { summaryRequests: null }],
  [
    "in which the script prints what k6 prints is not taken in by that",
    log('{"level":"info","msg":"x\\nrunning (9.0s), 0/5 VUs, 99 complete and 0 interrupted iterations","source":"console"}'),
    { iterations: 298 },
  ],
  ["that is empty says nothing", "", { iterations: null, summaryRequests: null, ranSeconds: undefined }],
])("a log %s", (_sentence, text, expected) => {
  expect(readRunnerLog(text, 0)).toMatchObject(expected);
});
