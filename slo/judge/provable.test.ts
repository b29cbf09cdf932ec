import { expect, test } from "vitest";
import type { Objective } from "../spec/spec.ts";
import { canProve } from "./provable.ts";

const objective: Objective = {
  name: "o",
  targetRatio: 0.999,
  indicator: { kind: "errors", side: "client", where: {} },
  place: { file: "s.yaml", line: 1, column: 1 },
};

test.each<[string, number | "unknown", string, string]>([
  ["just enough", 2995, "enough", "about 2,995 requests are enough to prove 99.9% from 2,995 on"],
  ["one too few", 2994, "short", "about 2,994 requests cannot prove 99.9% even without a bad one; 2,995 are needed, 1.1 times as many"],
  [
    "half a request does not help",
    2994.9,
    "short",
    "about 2,994 requests cannot prove 99.9% even without a bad one; 2,995 are needed, 1.1 times as many",
  ],
  ["none", 0, "short", "about 0 requests cannot prove 99.9% even without a bad one; 2,995 are needed"],
  ["fewer than none", -5, "short", "about 0 requests cannot prove 99.9% even without a bad one; 2,995 are needed"],
  ["not known", "unknown", "unknown", "2,995 requests without a bad one prove 99.9%; how many will come is not known"],
  ["no number", Number.NaN, "unknown", "2,995 requests without a bad one prove 99.9%; how many will come is not known"],
])("a plan says whether it can prove: %s", (_, requests, kind, text) => {
  expect(canProve(objective, 0.95, requests)).toEqual({ kind, text });
});
