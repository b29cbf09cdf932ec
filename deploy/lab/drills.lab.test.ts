import { beforeAll, expect, test } from "vitest";
import type { Ran } from "../../slo/host/process.ts";
import { drills } from "./drills.ts";
import { context, npm, wholeLab } from "./lab.fixture.ts";

const repeats = Number(process.env["DRILL_REPEATS"] ?? "3");
const times = Array.from({ length: repeats }, (_each, index) => index + 1);
const sources = ["gate", "alert", "trace", "log", "dashboard"];

/** What the table on stdout says of each source. */
function told({ stdout }: Ran): Record<string, string> {
  const rows = stdout.split("\n").flatMap((line) => /^ {2}(\w+) +(named|silent) /.exec(line) ?? []);
  return Object.fromEntries(sources.map((source) => [source, rows[rows.indexOf(source) + 1] ?? "nothing"]));
}
const all = (word: "named" | "silent") => Object.fromEntries(sources.map((source) => [source, word]));
const ended = { kind: "exited", code: 0 };

beforeAll(async () => {
  if (!(repeats > 0)) throw new Error("DRILL_REPEATS must be a number above 0");
  await wholeLab();
});

test.each(times)("in the calm drill nobody names anything, time %i", async () => {
  const ran = await npm("lab", "drill", "calm", "--context", context);
  expect({ ...told(ran), ending: ran.ending }, ran.stdout).toEqual({ ...all("silent"), ending: ended });
  expect(ran.stdout).toContain("0 of 5 named anything");
});

const each = Object.keys(drills).flatMap((name) => times.map((time): [string, number] => [name, time]));
test.each(each)("gate, alert, trace, log and dashboard name the fault of %s, time %i", async (name) => {
  const ran = await npm("lab", "drill", name, "--context", context);
  expect({ ...told(ran), ending: ran.ending }, ran.stdout).toEqual({ ...all("named"), ending: ended });
  expect(ran.stdout).toContain("5 of 5 named the fault");
});
