import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { PodReport } from "../run/kubernetes/message.ts";
import { fuller, readPodReports, writePods } from "./merge-pods.ts";

const silent = (index: number): PodReport => ({
  index,
  name: `load-x-${index}`,
  refused: null,
  begunSeconds: 100,
  sent: null,
  end: null,
  ending: null,
});
const told = (index: number): PodReport => ({
  ...silent(index),
  end: {
    kind: "ended",
    clockOffsetSeconds: 0,
    interrupted: false,
    caveats: [],
    sent: {},
    unflushed: null,
    k6: {
      startedAtSeconds: 100,
      endedAtSeconds: 130,
      exitCode: 0,
      signal: null,
      iterations: 9,
      interrupted: 0,
      summaryRequests: 9,
      summaryBad: 0,
      checks: null,
      errors: [],
    },
    health: {
      cpuShareMax: null,
      memoryPeakBytes: null,
      starvedAtSeconds: [],
      known: false,
    },
  },
});

test.each<[string, PodReport[] | undefined, PodReport[], boolean, PodReport[]]>([
  ["where nothing was kept, what is read is all", undefined, [told(0), silent(1)], true, [told(0), silent(1)]],
  ["a pod of which sight was lost tells its end later", [told(0), silent(1)], [told(0), told(1)], true, [told(0), told(1)]],
  ["what a pod told is not forgotten when it is gone", [told(0), silent(1)], [silent(0), silent(1)], false, [told(0), silent(1)]],
  ["nothing read is nothing learned", [silent(0)], [], false, [silent(0)]],
])("%s", (_, kept, read, learned, reports) => {
  expect(fuller(kept, read)).toEqual({ reports, learned });
});

test.each<[string, string | PodReport[], number, PodReport[] | undefined]>([
  ["what was kept comes back", [told(0), silent(1)], 2, [told(0), silent(1)]],
  ["half a file is no record", '[{"index": 0', 1, undefined],
  ["no pods at all are not a run", [], 1, undefined],
  ["a pod that is not in it is not taken to have done its part", [told(0)], 2, undefined],
  ["nor does one stand for another", [told(0), told(0)], 2, undefined],
])("%s", (_, content, pods, expected) => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-pods-"));
  if (typeof content === "string") writeFileSync(join(folder, "pods.json"), content);
  else writePods(folder, content);
  expect(readPodReports(folder, pods)).toEqual(expected);
});

test("where nothing was kept there is nothing", () => {
  expect(readPodReports(mkdtempSync(join(tmpdir(), "plimsoll-pods-")), 1)).toBeUndefined();
});
