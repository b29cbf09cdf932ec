import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { faultNames, setKeyHelp, version } from "../slo/cli/help.ts";
import { faultPresets } from "../target/faults/presets.ts";

/** The command line may import neither of the rooms whose words its help repeats; scenarios are read as text, since nobody but k6 imports them. */
test("the help of load names the keys that scenarios take, with their meaning", () => {
  const source = readFileSync(new URL("../scenarios/lib/settings.ts", import.meta.url), "utf8");
  const [, block = ""] = /export const setKeys = \{\n([^}]*)\} as const;/.exec(source) ?? [];
  const keys = [...block.matchAll(/^ {2}"?([\w-]+)"?: "(.*)",$/gm)].map(([, key, meaning]) => [key, meaning]);
  expect(keys.length).toBeGreaterThan(0);
  expect(Object.entries(setKeyHelp)).toEqual(keys);
});

test("the command's version is the project's", () => {
  expect(JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8"))).toMatchObject({ version });
});

test("the help of load names the faults that the storage API knows", () => {
  expect(faultNames).toEqual(Object.keys(faultPresets));
});
