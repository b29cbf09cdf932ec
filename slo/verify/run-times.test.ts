import { expect, test } from "vitest";
import type { RunRecord } from "../run/record.ts";
import { countedThen } from "./run-times.ts";

const record: RunRecord = {
  version: 1,
  testid: "x",
  scenario: "smoke",
  script: null,
  specFile: "x.yaml",
  specText: "",
  target: "http://x",
  prometheus: {
    url: "http://p",
    embedded: false,
  },
  cluster: null,
  serverLabels: {},
  slowCounted: true,
  scrapeIntervalSeconds: 15,
  origin: null,
  stoppedOnProof: null,
  countedUntilSeconds: null,
  timings: null,
  clockOffsetSeconds: 0,
  commandAtSeconds: 0,
  inspected: "",
  phase: "loaded",
  interrupted: false,
  k6: null,
  health: null,
  caveats: [],
  notes: [],
};

test.each<[string, Partial<RunRecord>, number, number | undefined]>([
  ["a moment that was found before is kept", { countedUntilSeconds: 107 }, 500, 107],
  ["long after, it is the end of the time that two scrapes take", {}, 500, 148],
  ["just after the load, scrapes are still to come", {}, 101, undefined],
  ["of a Prometheus that ended with the run none will come", { prometheus: { url: "http://p", embedded: true } }, 101, 101],
])("%s", (_, change, nowSeconds, expected) => {
  expect(countedThen({ ...record, ...change }, 100, nowSeconds)).toBe(expected);
});
