import { expect, test } from "vitest";
import { readPlan } from "../run/plan.ts";
import { presetNamed } from "../spec/presets.ts";
import type { Spec } from "../spec/spec.ts";
import { openLiveLine, type LiveProgress } from "./progress.ts";

const constant = { executor: "constant-arrival-rate", rate: 160, timeUnit: "1s" };
const plan = readPlan(
  JSON.stringify({
    scenarios: {
      warmup: { ...constant, rate: 40, duration: "3s" },
      smoke: { ...constant, startTime: "3s", duration: "10s" },
      late: { ...constant, startTime: "15s", duration: "5s" },
    },
    totalDuration: "50s",
  }),
);
const spec: Spec = {
  version: 1,
  service: "shop",
  confidence: 0.95,
  periodSeconds: 2592e3,
  metrics: presetNamed("fastify"),
  scenarios: {},
  objectives: [
    {
      name: "a",
      targetRatio: 0.99,
      indicator: {
        kind: "errors",
        side: "client",
        where: {},
      },
      place: {
        file: "s",
        line: 1,
        column: 1,
      },
    },
  ],
};

type Look = [now: number, iterations: number];
const progress = ([, iterations]: Look): LiveProgress => ({
  begunSeconds: 100,
  iterations,
  requests: 100,
  errors: 1,
  dropped: 0,
});

const rest = "p99 250 ms  1 error  0 dropped  budget 100% spent";

test.each<[string, Look[], string]>([
  [
    "counts are taken as of now",
    [
      [104, 160],
      [105, 320],
    ],
    `0:05/0:20  smoke  160/s of 160/s  ${rest}`,
  ],
  ["a first look has no rate yet", [[101, 40]], `0:01/0:20  warmup  no rate yet  ${rest}`],
  [
    "between two scenarios nothing is offered",
    [
      [113, 160],
      [114, 320],
    ],
    `0:14/0:20  waiting  160/s of 0/s  ${rest}`,
  ],
  [
    "past the plan there are no rates",
    [
      [119, 160],
      [190, 9000],
    ],
    `1:30/0:20  finishing  ${rest}`,
  ],
])("%s", (_, looks, line) => {
  const lineOf = openLiveLine({ plan, spec }, 160);
  expect(looks.map((look) => lineOf(progress(look), 0.25, look[0])).at(-1)).toBe(line);
});
