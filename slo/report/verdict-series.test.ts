import { expect, test } from "vitest";
import { exceededReport } from "./reports.fixture.ts";
import { plimsollMetrics } from "../spec/names.ts";
import { verdictSeries } from "./verdict-series.ts";

const report = exceededReport();
const samples = verdictSeries(report, report.startedAt + 200);
const valueOf = (labels: Record<string, string>): number | undefined =>
  samples.findLast((sample) => Object.entries(labels).every(([name, value]) => sample.labels[name] === value))?.value;

test("exactly one verdict of the run is 1, so that a later gate overrules it", () => {
  const verdicts = samples.filter(({ labels }) => labels["__name__"] === plimsollMetrics.runVerdict);
  expect(verdicts.map(({ labels, value }) => [labels["verdict"], value])).toEqual([
    ["met", 0],
    ["exceeded", 1],
    ["inconclusive", 0],
  ]);
});

test("each objective leaves its target, its verdict and the counts that it was judged by", () => {
  for (const objective of report.objectives) {
    const own = { objective: objective.name, testid: report.testid };
    expect(valueOf({ ...own, __name__: plimsollMetrics.targetRatio })).toBe(objective.targetRatio);
    expect(valueOf({ ...own, __name__: plimsollMetrics.objectiveVerdict, verdict: objective.verdict })).toBe(1);
    expect(valueOf({ ...own, __name__: plimsollMetrics.events })).toBe(objective.cumulative.at(-1)?.total);
  }
});

test("points that Prometheus would refuse as too old are left out", () => {
  const late = verdictSeries(report, report.startedAt + 100_000);
  expect(late.some(({ labels }) => labels["__name__"] === plimsollMetrics.events)).toBe(false);
});
