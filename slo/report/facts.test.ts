import { describe, expect, test } from "vitest";
import { agreement, countedRows, countSentences, loadDifferences } from "./facts.ts";
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
  ["a server that counted others is not said to agree", { lostBetween: 3 }, "The counts of k6 and Prometheus add up, the server's differ."],
  ["what is not known of k6 does not agree", { agrees: null }, "The counts could not be compared."],
  ["a difference is told although a side could not be read", { agrees: false, k6Requests: null }, "The counts do not add up."],
  ["sides that differ", { agrees: false }, "The counts do not add up."],
  ["a side that could not be read", { agrees: null, prometheusRequests: null }, "The counts could not be compared."],
])("%s", (_, counts, words) => expect(agreement(counted(metReport(), counts))).toBe(words));

test("a server that was not read is not said to agree, and is not left out", () => {
  const unread = counted(metReport(), { serverRequests: null, lostBetween: null });
  expect(agreement(unread)).toBe("The counts of k6 and Prometheus add up, the server's are not known.");
  expect(countedRows(unread).map(({ label }) => label)).toContain("server counted");
});

test.each<[string, string, string]>([
  ["a fact becomes a sentence", "the counters could not be read", "The counters could not be read."],
  ["a sentence stays one", "They were read.", "They were read."],
])("%s", (_, explanation, sentence) => {
  expect(countSentences(counted(metReport(), { explanation }))).toEqual([
    sentence,
    "Mean latency at the client is 310 µs above the server's.",
  ]);
});

test.each<[string, Partial<Report["load"]>, number, string[]]>([
  ["a load that is as planned needs no words", {}, 24_000, []],
  ["dropped iterations were offered", { startedIterations: 23_964, droppedIterations: 36 }, 24_000, []],
  [
    "one more than planned is k6's way",
    { startedIterations: 24_001 },
    24_000,
    ["1 iteration more than the plan offers: k6 may start one more at the edge of a stage"],
  ],
  [
    "some fewer are its rounding",
    { startedIterations: 23_990 },
    24_000,
    ["10 iterations fewer than the plan offers: k6 rounds each stage down"],
  ],
  ["many fewer are not explained away", { startedIterations: 12_000 }, 24_000, ["12,000 iterations fewer than the plan offers"]],
  ["nor are many more", { startedIterations: 25_000 }, 24_000, ["1,000 iterations more than the plan offers"]],
  [
    "iterations that were cut off are beside the started ones",
    { startedIterations: 23_995, interruptedIterations: 5 },
    24_000,
    ["what k6 interrupted is not among the iterations that are counted as started"],
  ],
  [
    "where nobody knows how many were cut off, that is what is said",
    { startedIterations: 23_995, interruptedIterations: null },
    24_000,
    ["5 iterations fewer than the plan offers: how many were cut off is not known"],
  ],
  ["a script without a plan has none to differ from", { offeredIterations: null, startedIterations: 7 }, 24_000, []],
  ["warm-up is sent and not judged", {}, 24_150, ["k6 sent 150 requests more in setup and warm-up, which are not judged"]],
])("the load: %s", (_, load, relayRequests, sentences) => {
  const report = counted(metReport(), { relayRequests });
  expect(loadDifferences({ ...report, load: { ...report.load, ...load } })).toEqual(sentences);
});

test("what is not known of the load and its generator is not told as none", () => {
  const report = metReport();
  const unknown: Report = {
    ...report,
    load: { ...report.load, interruptedIterations: null },
    generator: { cpuShareMax: null, starvedSeconds: null, memoryPeakBytes: null },
    routes: [],
  };
  expect(terminalReport(unknown, { colour: false, width: 200 })).toMatch(/interrupted +not read\n/);
  expect(terminalReport(unknown, { colour: false, width: 200 })).toMatch(/short of CPU for +nobody knows how long\n/);
  expect(markdownReport(unknown)).toContain("interrupted not read");
  const page = htmlReport(unknown, { scripts: [], styles: [], sha256Base64: () => "" });
  expect(page).toContain("nobody knows how long");
  expect(page).toContain("The routes could not be read.");
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
