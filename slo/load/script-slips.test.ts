import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadSpec } from "../spec/load.ts";
import { unknownChecks } from "./script-slips.ts";

const script = `import { check } from "k6";
export default () => check(get(), { "status is 200": (r) => r.status === 200, 'it\\'s "short"': function (r) { return true; }, [computed]: () => true });`;

const notes = (name: string): string[] => {
  const text = `version: 1\nservice: s\nobjectives:\n  - { name: o, target: 99%, indicator: { checks: { name: ${JSON.stringify(name)} } } }\n`;
  const loaded = loadSpec(text, "slo.yaml", undefined);
  if (loaded.kind === "problems") throw new Error(JSON.stringify(loaded.problems));
  const file = join(mkdtempSync(join(tmpdir(), "plimsoll-checks-")), "script.js");
  writeFileSync(file, script);
  return unknownChecks(loaded.spec, [file]);
};

test.each([
  ["a check that the script makes is no slip", "status is 200", []],
  [
    "a slip is told with the name that is meant",
    "status is 20",
    [
      /^slo.yaml:4:\d+ .*no check of the script is named "status is 20"; there are: status is 200, it\\'s "short" \(did you mean status is 200\?\)$/,
    ],
  ],
  [
    "a name like none may be computed",
    "cart is full",
    [/named "cart is full"; there are: .* \(unless the script computes that name, nothing is counted\)$/],
  ],
])("before the load: %s", (_, name, expected) => {
  expect(notes(name)).toEqual(expected.map((one) => expect.stringMatching(one) as string));
});
