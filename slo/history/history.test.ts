import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exceededReport, metReport } from "../report/reports.fixture.ts";
import { listRuns, remember } from "./history.ts";

let folder = "";
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "plimsoll-history-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const own = (...names: string[]): string => join(folder, ".plimsoll", ...names);

function listed(json = false): { exitCode: number; out: string; said: string } {
  const [out, said]: [string[], string[]] = [[], []];
  const host = { folder, out: (text: string) => void out.push(text), say: (line: string) => void said.push(line) };
  return { exitCode: listRuns({ most: 20, json }, host), out: out.join("\n"), said: said.join("\n") };
}

test.each<[string, () => void, number, RegExp]>([
  ["a folder without runs has none, and that is no fault", () => undefined, 0, /^no runs yet/],
  [
    "a file where the folder should be is no empty history",
    () => writeFileSync(own(), ""),
    4,
    /^cannot read .*\.plimsoll\/history\.sqlite: that folder is a file/,
  ],
  [
    "a history that is no database is no empty one",
    () => {
      mkdirSync(own());
      writeFileSync(own("history.sqlite"), "not a database, whatever its name says".repeat(40));
    },
    4,
    /^cannot read .*history\.sqlite: .*not a database/,
  ],
  [
    "a folder in the place of the database",
    () => mkdirSync(own("history.sqlite"), { recursive: true }),
    4,
    /^cannot read .*history\.sqlite: /,
  ],
])("%s", (_, arrange, exitCode, said) => {
  arrange();
  expect(listed()).toEqual({ exitCode, out: "", said: expect.stringMatching(said) });
});

test("a run is listed with its judged numbers and its target, in columns", () => {
  const [met, exceeded] = [metReport(), exceededReport()];
  const judged = { ...met, load: { ...met.load, requests: 5281 }, reconciliation: { ...met.reconciliation, relayRequests: 5488 } };
  remember(own("history.sqlite"), judged);
  remember(own("history.sqlite"), { ...exceeded, testid: "later", startedAt: met.startedAt + 60, service: "a\u001bb" });
  expect(listed().out.split("\n")).toEqual([
    "2026-11-21 05:00:59  exceeded  24,000 requests  412 errors  a\uFFFDb at http://127.0.0.1:5000          later",
    "2026-11-21 04:59:59  met        5,281 requests    5 errors  storage-api at http://127.0.0.1:5000  spike-20261121-050000-7f3a",
  ]);
  expect(JSON.parse(listed(true).out)).toHaveLength(2);
});

test("where no route could be read, the whole run's errors are all that is known", () => {
  remember(own("history.sqlite"), { ...exceededReport(), routes: [] });
  expect(listed().out).toMatch(/ 412 errors /);
});

test("the history of a folder is told from below it too", () => {
  remember(own("history.sqlite"), metReport());
  const [below, { testid }] = [join(folder, "perf", "deep"), metReport()];
  mkdirSync(below, { recursive: true });
  const out: string[] = [];
  listRuns({ most: 20 }, { folder: below, out: (text) => void out.push(text), say: () => undefined });
  expect(out.join("\n")).toContain(testid);
});
