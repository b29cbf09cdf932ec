import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readRecord, runFolder } from "./record.ts";

let root = "";
beforeAll(() => void (root = mkdtempSync(join(tmpdir(), "plimsoll-record-"))));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test.each<[string, string, string | undefined, RegExp]>([
  [
    "a run that was never there is named, with where to look",
    "nope",
    undefined,
    /^there is no run "nope" in \.plimsoll\/runs; npm run slo -- history lists them$/,
  ],
  ["a folder without a record is no run", "empty", "", /holds no run\.json/],
  ["half a record is unreadable, and says where", "half", '{"version":', /^cannot read .*half\/run\.json: .*JSON/],
  ["a record of another kind names what is missing", "other", '{"version":1}', /is not a run record: [^]*testid/],
])("%s", (_, testid, text, message) => {
  const folder = runFolder(root, testid);
  if (text !== undefined) mkdirSync(folder, { recursive: true });
  if (text) writeFileSync(join(folder, "run.json"), text);
  expect(readRecord(folder)).toEqual({ kind: "problem", message: expect.stringMatching(message) });
});
