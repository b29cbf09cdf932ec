import { spawn } from "node:child_process";
import { beforeAll, expect, test } from "vitest";
import type { Ran } from "../../slo/host/process.ts";
import { kubectlOf, until } from "../kubernetes/cluster.fixture.ts";
import { drills } from "./drills.ts";
import { context, folder, npm, wholeLab } from "./lab.fixture.ts";

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

// A drill again only after the others: by then its own alert, for whose end it would have to wait, is over.
const each = times.flatMap((time) => Object.keys(drills).map((name): [string, number] => [name, time]));
test.each(each)("gate, alert, trace, log and dashboard name the fault of %s, time %i", async (name) => {
  const ran = await npm("lab", "drill", name, "--context", context);
  expect({ ...told(ran), ending: ran.ending }, ran.stdout).toEqual({ ...all("named"), ending: ended });
  expect(ran.stdout).toContain("5 of 5 named the fault");
});

test("Ctrl-C under the load takes the fault back, and leaves no load behind", async () => {
  const inNamespace = (...args: string[]) => kubectlOf(context)("--namespace", "plimsoll", ...args);
  const names = ["get", "deployment", "storage-api", "-o", "jsonpath={.spec.template.spec.containers[0].env[*].name}"];
  const isBroken = async () => (await inNamespace(...names)).split(" ").includes("FAULTS");
  const isInjected = async () => said.includes("fault:") && (await isBroken());
  // A group of its own, which gets the signal as a whole, as from a terminal.
  const words = ["run", "--silent", "lab", "--", "drill", "slow-store", "--context", context];
  const drill = spawn("npm", words, { cwd: folder, detached: true, stdio: ["ignore", "ignore", "pipe"] });
  const exited = new Promise((resolve) => drill.on("exit", resolve));
  let said = "";
  drill.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  expect(await until(isInjected, (injected) => injected || drill.exitCode !== null, 600), said).toBe(true);
  process.kill(-(drill.pid ?? 0), "SIGINT");
  expect(await exited, said).toBe(130);
  expect(said).toContain("taking the fault back");
  expect(await isBroken()).toBe(false);
  expect(await inNamespace("get", "jobs", "-o", "name")).toBe("");
});
