import { expect, test } from "vitest";
import { runCaveats, type RunFacts } from "./validity.ts";

const totals = { requests: 1000, iterations: 900, dropped: 0, errors: 3, slow: 5, wrongContents: 1 };
const valid: RunFacts = {
  interrupted: false,
  stoppedOnProof: null,
  k6: { exitCode: 0, signal: null, meaning: "", iterations: 900, summaryRequests: 1000, summaryBad: 6 },
  sent: totals,
  bytesSent: 500_000,
  sentIsWhole: true,
  stored: totals,
  offeredIterations: 890,
  started: 890,
  dropped: 0,
  cutOff: 0,
  dropCause: "service",
  plannedSeconds: 30,
  ranSeconds: 31.2,
  more: [],
};

test("a run in which everything agrees has no caveat", () => {
  expect(runCaveats(valid)).toEqual([]);
});

test("a load of another protocol than HTTP is one", () => {
  const none = { ...totals, requests: 0 };
  expect(runCaveats({ ...valid, sent: none, stored: none, k6: { ...valid.k6, summaryRequests: 0 } })).toEqual([]);
});

test.each<[string, Partial<RunFacts>, RegExp]>([
  ["an interrupted run proves nothing good", { interrupted: true }, /interrupted/],
  [
    "a killed k6 proves nothing good",
    { k6: { ...valid.k6, exitCode: null, signal: "SIGKILL" } },
    /SIGKILL; .*memory ran out.*resources\.limits\.memory/,
  ],
  ["a k6 that was told to end did not run out of memory", { k6: { ...valid.k6, exitCode: null, signal: "SIGTERM" } }, /by SIGTERM$/],
  [
    "a k6 whose end nobody saw has no exit code to tell",
    { k6: { ...valid.k6, exitCode: null, meaning: "exit code -1" } },
    /^nobody knows how k6 ended$/,
  ],
  [
    "a k6 that aborted itself says why",
    { k6: { ...valid.k6, exitCode: 108, meaning: "the script aborted the test" } },
    /108: the script aborted/,
  ],
  ["a load that ends early proves nothing, though k6 calls it a success", { ranSeconds: 12 }, /ended after 12.0 s of 30.0 s in the plan/],
  [
    "a run without a request is none",
    { sent: { ...totals, requests: 0 }, stored: { ...totals, requests: 0 }, k6: { ...valid.k6, summaryRequests: 0 }, bytesSent: 0 },
    /no request/,
  ],
  [
    "an iteration that k6 ran and did not write is a lost sample",
    { k6: { ...valid.k6, iterations: 901 } },
    /ran 901 iterations and wrote 900/,
  ],
  [
    "a request that k6 counted and did not write is a lost sample",
    { k6: { ...valid.k6, summaryRequests: 1001 } },
    /counted 1001 requests and wrote 1000/,
  ],
  ["k6's silence about its iterations is a caveat, not agreement", { k6: { ...valid.k6, iterations: null } }, /did not say how many/],
  ["a request that Prometheus does not hold is lost", { stored: { ...totals, requests: 999 } }, /999 of the 1000 requests/],
  ["a slow request that Prometheus does not hold is lost", { stored: { ...totals, slow: 4 } }, /4 of the 5 slow requests/],
  ["wrong contents that Prometheus does not hold are lost", { stored: { ...totals, wrongContents: 0 } }, /0 of the 1 wrong contents/],
  [
    "a slow request that k6 counted and did not write is a lost sample",
    { k6: { ...valid.k6, summaryBad: 7 } },
    /counted 7 slow requests and wrong contents and wrote 6/,
  ],
  ["an error that Prometheus does not hold is lost", { stored: { ...totals, errors: 2 } }, /2 of the 3 failed requests/],
  ["load that was planned and never sent is a caveat", { started: 800 }, /only 800 of 890 planned iterations \(89\.9 %\)/],
  ["drops while k6 was short of CPU are a caveat", { dropCause: "starved" }, /short of CPU: .*\(README, When k6 is short of CPU\)/],
  [
    "drops of a k6 that nobody watched are a caveat, and not said to be its fault",
    { dropCause: "unknown" },
    /^k6 dropped iterations, and nobody knows whether it had the CPU that it needed$/,
  ],
  ["what the relay has to say is a caveat", { more: ["the spool was full"] }, /the spool was full/],
  [
    "an iteration that aborted the test was written and counted as cut off: no sample is lost",
    { k6: { ...valid.k6, exitCode: 108, meaning: "the script aborted the test: token is gone", iterations: 899 }, cutOff: 5 },
    /aborted the test: token is gone/,
  ],
])("%s", (_, change, expected) => {
  const caveats = runCaveats({ ...valid, ...change });
  expect(caveats).toHaveLength(1);
  expect(caveats[0]).toMatch(expected);
});

test("an aborted test that wrote fewer iterations than it ran has lost samples all the same", () => {
  const caveats = runCaveats({ ...valid, k6: { ...valid.k6, exitCode: 108, meaning: "aborted", iterations: 901 }, cutOff: 5 });
  expect(caveats.join("\n")).toMatch(/ran 901 iterations and wrote 900/);
});

test.each([
  ["dropped and cut-off iterations were offered", { started: 800, dropped: 60, cutOff: 30 }],
  ["one percent may be missing, because k6 rounds each stage", { started: 880 }],
  ["a closed model offers no plan to miss", { offeredIterations: null, started: 5 }],
  ["a summary that was switched off is no disagreement", { k6: { ...valid.k6, summaryRequests: null, summaryBad: null } }],
])("%s", (_, change) => {
  expect(runCaveats({ ...valid, ...change })).toEqual([]);
});
