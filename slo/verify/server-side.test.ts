import { expect, test } from "vitest";
import type { LoadRun } from "../load/load-run.ts";
import { serverWindows } from "./server-side.ts";

const scenario = (name: string, judged: boolean, startSeconds: number, endSeconds: number) => ({ name, judged, startSeconds, endSeconds });
const laidOut = [scenario("warmup", false, 0, 3), scenario("orders", true, 5.5, 30)];

test.each<[string, string | null, number, ReturnType<typeof scenario>[], string[], boolean]>([
  ["a scenario of ours keeps its warm-up apart", null, 1, laidOut, ["orders"], true],
  ["and so does a script whose load plimsoll/k6 laid out", "orders.js", 1, laidOut, ["orders"], true],
  ["one that does not say when its load began may have sent setup's requests at any time", "orders.js", 1, laidOut, [], false],
  ["nor where only a part of it says so", "orders.js", 1, [...laidOut, scenario("other", true, 5.5, 30)], ["orders"], false],
  [
    "without a quiet time before it nothing can be read between the two",
    "orders.js",
    1,
    laidOut.slice(1).map((one) => ({ ...one, startSeconds: 0 })),
    ["orders"],
    false,
  ],
  ["of several pods one may still warm up", "orders.js", 2, laidOut, ["orders"], false],
])("%s", (_, script, pods, scenarios, told, apart) => {
  const load = {
    record: { script, clockOffsetSeconds: 0, scrapeIntervalSeconds: 1, cluster: { pods }, target: "http://127.0.0.1:1" },
    plan: { scenarios },
    sentIsWhole: true,
  } as unknown as Pick<LoadRun, "record" | "plan" | "sentIsWhole">;
  const runTimes = { begun: 100, judgedFrom: 106, told, ended: 130, countedUntil: 132 };
  const unserved = { dropped: 0, interrupted: 0, requestsPerIteration: 1, mostPerCutOff: 6, notJudged: 37, judged: 500, iterations: 500 };
  expect(serverWindows(load, runTimes, unserved, 1).judged !== undefined).toBe(apart);
});
