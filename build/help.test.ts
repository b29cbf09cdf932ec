import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { loadHelp } from "../slo/cli/help.ts";
import { version } from "../slo/host/command-line.ts";
import { faultPresets } from "../target/faults/rules.ts";

const textOf = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");
const folder = (path: string): string[] => readdirSync(new URL(`../${path}`, import.meta.url));
const scenarios = folder("scenarios").flatMap((name) => (/^[\w-]+\.ts$/.test(name) ? [name.replace(".ts", "")] : []));

test("the help of load names every fault, and the keys of --set with their meaning", () => {
  expect(loadHelp.split(/[\s,]+/)).toEqual(expect.arrayContaining(Object.keys(faultPresets)));
  expect(loadHelp).toMatch(/^  warmup +seconds of low load beforehand/m);
});

test.each([
  ["the project's README", ["README.md"], /`npm run load -- --scenario spike` \| ([a-z, ]+);/],
  ["the help of load", folder("slo/cli").map((name) => `slo/cli/${name}`), /"--scenario <name>",\s*"([a-z, ]+)"/],
])("%s lists the scenarios that there are", (_place, files, list) => {
  const [, listed = ""] = list.exec(files.map(textOf).join("\n")) ?? [];
  expect(listed.split(/, | or /).toSorted()).toEqual(scenarios.toSorted());
});

test("the room's README lists the scenarios that there are", () => {
  const listed = [...textOf("scenarios/README.md").matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect(listed).toEqual(expect.arrayContaining(scenarios));
});

test("the command's version is the project's", () => {
  expect(JSON.parse(textOf("package.json"))).toMatchObject({ version });
});
