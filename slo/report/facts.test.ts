import { describe, expect, test } from "vitest";
import { agreement, countSentences } from "./facts.ts";
import { headline } from "./headline.ts";
import { htmlReport } from "./html.ts";
import { markdownReport } from "./markdown.ts";
import type { Report } from "./schema.ts";
import { terminalReport } from "./terminal.ts";
import { exceededReport, metReport } from "./reports.fixture.ts";

const counted = (report: Report, counts: Partial<Report["reconciliation"]>): Report => ({
  ...report,
  reconciliation: { ...report.reconciliation, ...counts },
});

test.each<[string, Partial<Report["reconciliation"]>, string]>([
  ["all sides agree", {}, "The counts add up."],
  [
    "a server that was not read is not said to agree",
    { serverRequests: null },
    "The counts of k6 and Prometheus add up, the server's are not known.",
  ],
  ["sides that differ", { agrees: false }, "The counts do not add up."],
  ["a side that could not be read", { agrees: false, prometheusRequests: null }, "The counts could not be compared."],
])("%s", (_, counts, words) => expect(agreement(counted(metReport(), counts))).toBe(words));

test.each<[string, string, string]>([
  ["a fact becomes a sentence", "the counters could not be read", "The counters could not be read."],
  ["a sentence stays one", "They were read.", "They were read."],
])("%s", (_, explanation, sentence) => {
  expect(countSentences(counted(metReport(), { explanation }))).toEqual([
    sentence,
    "Mean latency at the client is 310 µs above the server's.",
  ]);
});

describe("answers with wrong contents", () => {
  const forms = (report: Report): string[] => [
    terminalReport(report, { colour: false, width: 160 }),
    markdownReport(report),
    htmlReport(report, { scripts: [], styles: [], sha256Base64: () => "" }),
  ];
  const why = "225 answers had the right status and the wrong contents: bad events, though no errors";

  test.each<[string, Report, number | undefined, boolean]>([
    ["are among the reasons of a broken run", exceededReport(), 225, true],
    ["are told of a run that met its objectives nevertheless", metReport(), 225, true],
    ["are not mentioned where there are none", exceededReport(), 0, false],
    ["are not mentioned by a report from before they were counted", exceededReport(), undefined, false],
  ])("%s", (_, report, wrong, told) => {
    for (const text of forms(wrong === undefined ? report : counted(report, { wrongContents: wrong }))) {
      expect(text.split(why).length - 1).toBe(told ? 1 : 0);
      expect(/\d wrong contents/.test(text)).toBe(told);
    }
  });
});

test.each<[string, number, string]>([
  ["all names stand where there is room", 200, "2 of 3 objectives broken: availability, read latency"],
  ["a name that does not fit is left out whole", 51, "2 of 3 objectives broken: availability and 1 more"],
  ["no name is cut in two", 40, "2 of 3 objectives broken"],
])("a headline: %s", (_, columns, words) => expect(headline(exceededReport(), columns)).toBe(words));
