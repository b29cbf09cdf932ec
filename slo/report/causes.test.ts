import { describe, expect, test } from "vitest";
import { causeLine, causes } from "./causes.ts";
import { evidence, frame, madeUpObjective, madeUpStart } from "./parts.fixture.ts";
import type { Report } from "./schema.ts";

type Cause = NonNullable<Report["causes"]>[number];

const lost: Cause = {
  objective: "availability",
  side: "client",
  subject: { method: "DELETE", route: "/x/:id" },
  count: { total: 620, bad: 620 },
  elsewhere: { total: 4661, bad: 0 },
  p: 0,
  outcomes: [{ outcome: { kind: "answer", status: "500", errorCode: "1500" }, count: 620 }],
  instances: 1,
  instance: [],
  moments: { firstSeconds: madeUpStart + 10, lastSeconds: madeUpStart + 40, fromStart: true },
};
const at = (firstSeconds: number, lastSeconds: number, more: Partial<NonNullable<Cause["moments"]>>) => ({
  moments: { firstSeconds: madeUpStart + firstSeconds, lastSeconds: madeUpStart + lastSeconds, fromStart: false, ...more },
});
const quiet = { count: { total: 1200, bad: 0 }, p: 0.001 };
const rare = { subject: undefined, p: undefined, count: { total: 5000, bad: 5 }, elsewhere: { total: 0, bad: 0 } };

function reportOf(...found: Partial<Cause>[]): Report {
  const objective = madeUpObjective({
    name: "availability",
    description: "errors",
    side: "client",
    targetRatio: 0.99,
    verdict: "exceeded",
  });
  return {
    ...frame(),
    objectives: [{ ...objective, evidence: evidence(620, 5281, 0.99, { provedAtLeast: 0.1, provedAtMost: 0.2 }) }],
    causes: found.map((one) => ({ ...lost, ...one })),
  };
}

describe("a cause is told", () => {
  const rows: [string, Partial<Cause>, string][] = [
    [
      "a route that failed from the start is no burst at 0:40",
      {},
      "DELETE /x/:id: 620 of 620 failed, all with 500, from the start, against 0 of 4,661 on all other routes (p < 0.0001)",
    ],
    [
      "by the service's own count",
      { side: "server", p: undefined },
      "DELETE /x/:id: 620 of 620 failed, all with 500, from the start, by the service's own count",
    ],
    [
      "what failed between two moments, where nothing before and after is no chance",
      { ...at(40, 52, { before: quiet, after: quiet }), p: 0.012 },
      "DELETE /x/:id: 620 of 620 failed, all with 500, from 0:40 to 0:52, none before and after, against 0 of 4,661 on all other routes (p = 0.012)",
    ],
    [
      "what began and stayed",
      { ...at(40, 52, { before: quiet }), p: undefined },
      "DELETE /x/:id: 620 of 620 failed, all with 500, from 0:40 on, none before",
    ],
    [
      "a few bad events here and there have no route and no stretch of time",
      {
        ...rare,
        ...at(7, 118, {}),
        outcomes: [
          { outcome: { kind: "answer", status: "0", errorCode: "1212" }, count: 4 },
          { outcome: { kind: "wrongContents", status: "", errorCode: "" }, count: 1 },
        ],
      },
      "no route stands out: 5 of 5,000 failed, 4 without an answer (connection refused), 1 with wrong contents, first at 0:07, last at 1:58",
    ],
    [
      "slow answers, the pod that has most of them, and the worst second",
      {
        atMostSeconds: 0.25,
        outcomes: [{ outcome: { kind: "slow", status: "", errorCode: "" }, count: 620 }],
        instances: 4,
        instance: [{ name: "2", count: { total: 300, bad: 290 }, p: 0 }],
        p: undefined,
        ...at(10, 40, {
          fromStart: true,
          worst: { fromSeconds: madeUpStart + 12, toSeconds: madeUpStart + 13, count: { total: 80, bad: 79 }, p: 0 },
        }),
      },
      "DELETE /x/:id: 620 of 620 took longer than 250 ms, most at load pod 3 (290 of 300), of 4, from the start, worst at 0:12 (79 of 80)",
    ],
  ];
  test.each(rows)("%s", (_, cause, sentence) => expect(causes(reportOf(cause)).map((told) => told.sentence)).toEqual([sentence]));

  test("the same of several objectives is told once, with their names", () => {
    const report = reportOf({}, { objective: "deletes work", elsewhere: { total: 0, bad: 0 }, p: undefined });
    const [first] = report.objectives;
    const both = { ...report, objectives: [first, { ...first, name: "deletes work" }] } as Report;
    expect(causes(both).map(causeLine)).toEqual([
      "DELETE /x/:id: 620 of 620 failed, all with 500, from the start, against 0 of 4,661 on all other routes (p < 0.0001) (availability, deletes work)",
    ]);
  });

  test("of several routes that stand out each is compared with those that do not", () => {
    const report = reportOf({}, { subject: { method: "GET", route: "/y" } });
    expect(causes(report).map(({ sentence }) => sentence)).toEqual([
      expect.stringMatching(/^DELETE .*, against 0 of 4,661 on routes that do not stand out \(/),
      expect.stringMatching(/^GET \/y.*, against 0 of 4,661 on routes that do not stand out \(/),
    ]);
  });

  test("dropped iterations are drops, beside the number that they are part of", () => {
    const report = reportOf({ count: { total: 600, bad: 600 } });
    const lines = causes({ ...report, load: { ...report.load, droppedIterations: 30 } }).map(({ sentence }) => sentence);
    expect(lines.at(-1)).toBe(
      "20 iterations dropped: offered, and not served in time to begin; where its answers are fast, the script has too few VUs (preAllocatedVUs, maxVUs)",
    );
  });

  test("nothing of objectives that are met, and nothing in reports from before", () => {
    const report = reportOf({});
    expect(causes({ ...report, objectives: report.objectives.map((one) => ({ ...one, verdict: "met" as const })) })).toEqual([]);
    const { causes: _, ...old } = reportOf();
    expect(causes(old)).toEqual([]);
  });
});
