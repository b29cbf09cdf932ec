import { expect, test } from "vitest";
import { presetNamed } from "../spec/presets.ts";
import type { Spec } from "../spec/spec.ts";
import { canProve } from "./provable.ts";

const spec: Spec = {
  version: 1,
  service: "shop",
  confidence: 0.95,
  periodSeconds: 2_592_000,
  objectives: [
    {
      name: "o",
      targetRatio: 0.999,
      indicator: { kind: "errors", side: "client", where: {} },
      place: { file: "s.yaml", line: 1, column: 1 },
    },
  ],
  metrics: presetNamed("fastify"),
  scenarios: {},
};

test.each<[string, number | "unknown", string, string]>([
  ["just enough", 2995, "enough", "o: about 2,995 requests are enough to prove 99.9% from 2,995 on"],
  ["one too few", 2994, "short", "o: about 2,994 requests cannot prove 99.9% even without a bad one; 2,995 are needed, 1.1 times as many"],
  [
    "half a request does not help",
    2994.9,
    "short",
    "o: about 2,994 requests cannot prove 99.9% even without a bad one; 2,995 are needed, 1.1 times as many",
  ],
  ["none", 0, "short", "o: about 0 requests cannot prove 99.9% even without a bad one; 2,995 are needed"],
  ["fewer than none", -5, "short", "o: about 0 requests cannot prove 99.9% even without a bad one; 2,995 are needed"],
  ["not known", "unknown", "unknown", "o: 2,995 requests without a bad one prove 99.9%; how many will come is not known"],
  ["no number", Number.NaN, "unknown", "o: 2,995 requests without a bad one prove 99.9%; how many will come is not known"],
])("a plan says whether it can prove: %s", (_, requests, kind, sentence) => {
  expect(canProve(spec, [{ objective: "o", requests }])).toEqual([{ kind, objective: "o", needed: 2995, sentence }]);
});

test("an objective that the plan says nothing about is unknown, not left out", () => {
  expect(canProve(spec, []).map(({ kind }) => kind)).toEqual(["unknown"]);
  expect(canProve(spec, [{ objective: "p", requests: 1e6 }]).map(({ kind }) => kind)).toEqual(["unknown"]);
});
