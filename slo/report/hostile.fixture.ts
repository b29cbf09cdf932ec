import type { ReportObjective } from "./headline.ts";
import type { Report } from "./schema.ts";
import { emptyReport, exceededReport, inconclusiveReport, metReport } from "./reports.fixture.ts";
import { madeUpSample, madeUpStart } from "./parts.fixture.ts";

/** Data that tries to leave its place in HTML, XML, Markdown and a terminal. */
export const hostileTexts = [
  "</script><img src=x onerror=\"document.title='broken out'\">",
  '"><svg/onload="document.title=\'broken out\'">',
  "]]><!-- --!> <![CDATA[",
  "| a | b |\n|---|---|\n# heading `code` **bold** <b>tag</b> [link](javascript:alert(1)) www.example.com https://example.com @user",
  "\u001B[31mred\u001B[0m \u001B]0;title\u0007 \u009B2J \u001B[2K\r\u0008overwritten",
  "safe\u202Egnp.exe\u2066 hidden\u2069 zero\u200Bwidth \uFEFF",
  "nul\u0000byte \uFFFE \uFFFF \uD800 lone",
  "${alert(1)} {{7*7}} $HOME `id` %s %n \\u003c/script\\u003e",
  "long ".repeat(2000),
  `word${"x".repeat(20_000)}`,
  `Z${"\u0301".repeat(500)}algo 漢字かな交じり文 👩‍👩‍👧‍👦 עברית`,
] as const;

/** Makes a broken run in which every text is hostile. */
export function hostileReport(): Report {
  const base = exceededReport();
  const text = (at: number): string => hostileTexts[at % hostileTexts.length] as string;
  const all = [...hostileTexts];
  const template = base.objectives[0] as ReportObjective;
  const objectives = all.map((name, at): ReportObjective => ({
    ...template,
    name,
    description: text(at + 1),
    reason: text(at + 2),
    caveats: [text(at + 3)],
    atMostSeconds: 0.25,
    place: { file: text(at + 4), line: 1, column: 1 },
    queries: { total: text(at + 5), bad: text(at + 6) },
    evidence: {
      ...(template.evidence as NonNullable<ReportObjective["evidence"]>),
      windows: [{ kind: "skipped", longSeconds: 10, shortSeconds: 1, burnRateThreshold: 6, reason: text(at + 7) }],
    },
  }));
  return {
    ...base,
    testid: text(0),
    service: text(1),
    scenario: text(0),
    target: text(3),
    prometheus: text(4),
    reasons: all,
    notes: all,
    objectives,
    causes: all.map((objective, at) => ({
      ...(base.causes?.[at % 2] as NonNullable<Report["causes"]>[number]),
      objective,
      subject: { method: text(at + 1), route: text(at + 2) },
      outcomes: [{ outcome: { kind: "answer" as const, status: text(at + 3), errorCode: text(at + 4) }, count: 3 }],
      instance: [{ name: text(at + 5), count: { total: 5, bad: 4 }, p: 0.01 }],
    })),
    samples: all.map((route, at) =>
      madeUpSample(at, {
        route,
        method: text(at + 1),
        path: text(at + 2),
        error: text(at + 3),
        requestId: text(at + 4),
        traceId: text(at + 5),
        answer: text(at + 6),
        log: [text(at + 7)],
      }),
    ),
    reconciliation: { ...base.reconciliation, explanation: text(1) },
    routes: all.map((route, at) => ({
      method: text(at + 1),
      route,
      requests: 10,
      errors: 1,
      statuses: { [text(at)]: 1, "200": 9 },
      p50Seconds: 0.01,
      p99Seconds: null,
    })),
    phases: all.map((name, at) => ({
      name,
      fromSeconds: madeUpStart + at * 10,
      toSeconds: madeUpStart + at * 10 + 10,
      judged: at % 2 === 0,
    })),
  };
}

/** Makes a report of every kind. */
export const everyReport = () => ({
  met: metReport(),
  exceeded: exceededReport(),
  inconclusive: inconclusiveReport(),
  empty: emptyReport(),
  hostile: hostileReport(),
});
