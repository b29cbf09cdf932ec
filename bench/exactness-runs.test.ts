import { expect, test } from "vitest";
import { loadSpec } from "../slo/spec/load.ts";
import { parseFaultText } from "../target/faults/rules.ts";
import { faultyRuns, specOf } from "./exactness-runs.fixture.ts";

test("there are ten runs, some of each verdict", () => {
  const built = faultyRuns.map((run) => run.built);
  expect(built.length).toBe(10);
  expect(new Set(built)).toEqual(new Set(["met", "exceeded", "inconclusive"]));
});

test.each(faultyRuns.map((run) => [run.sentence, run] as const))("the spec and the faults of this run are valid: %s", (_sentence, run) => {
  expect(loadSpec(specOf(run), "bench.yaml", "smoke")).toMatchObject({ kind: "spec" });
  expect(parseFaultText(JSON.stringify(run.faults))).toMatchObject({ kind: "rules" });
});

test.each(faultyRuns.map((run) => [run.sentence, run] as const))("the 100 seeds, which are PUTs, meet no fault: %s", (_sentence, run) => {
  const parsed = parseFaultText(JSON.stringify(run.faults));
  const early =
    parsed.kind === "rules"
      ? parsed.rules.filter(
          (rule) => "method" in rule && ["PUT", "*"].includes(rule.method) && !("every" in rule && (rule.every ?? 0) > 100),
        )
      : [parsed];
  expect(early).toEqual([]);
});
