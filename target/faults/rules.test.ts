import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { faultPresets, parseFaultRules, parseFaultText } from "./rules.ts";

const good: [string, string, unknown[]][] = [
  ["nothing is no rules", "", []],
  ["an empty list is no rules", " [] ", []],
  ["a preset stands for its rules", "delete-answers-500", [{ kind: "delete-answers-500" }]],
  ["a list gets its defaults", '[{"kind":"drop","every":3}]', [{ kind: "drop", method: "*", route: "*", every: 3 }]],
];

const bad: [string, string, RegExp][] = [
  ["an unknown preset names those there are", "delete-500", /no preset "delete-500"; there are: delete-answers-500, /],
  ["a name from every object is no preset", "constructor", /no preset "constructor"/],
  ["broken JSON says so", '[{"kind"', /is not JSON/],
  ["an unknown kind is a problem with its place", '[{"kind":"explode"}]', /^\[0\]\.kind: .*'error' \| 'latency' /],
  ["an unknown key is a problem", '[{"kind":"drop","every":1,"evry":2}]', /^\[0\]: .*"evry"$/],
  ["both every and share are a problem", '[{"kind":"drop","every":1,"share":0.5}]', /not both/],
  ["neither every nor share is a problem for an error", '[{"kind":"error"}]', /say how often/],
  ["every 0 is a problem", '[{"kind":"drop","every":0}]', /^\[0\]\.every: .*>=1$/],
  ["a share above 1 is a problem", '[{"kind":"drop","share":2}]', /^\[0\]\.share: /],
  ["a status that is a success is a problem", '[{"kind":"error","every":1,"status":200}]', /^\[0\]\.status: /],
  [
    "a route that is not there is a problem",
    '[{"kind":"drop","every":1,"route":"/api/bucket/:id"}]',
    /^\[0\]: no route .* PUT \/api\/buckets\/:id/,
  ],
  ["a method that the route has not is a problem", '[{"kind":"drop","every":1,"method":"POST","route":"/api/users"}]', /no route/],
  ["metrics cannot be spoilt", '[{"kind":"drop","every":1,"route":"/metrics"}]', /no route/],
  [
    "seconds without how they are drawn show how",
    '[{"kind":"latency","seconds":0.4}]',
    /^\[0\]\.seconds: must be such as \{ "constant": 0\.4 \}/,
  ],
  ["one rule is no list of them", '{"kind":"drop","every":1}', /^the list: .*expected array/],
  ["a range upside down is a problem", '[{"kind":"latency","seconds":{"uniform":{"min":2,"max":1}}}]', /^\[0\]\.seconds/],
];

describe("fault rules as text", () => {
  test.each(good)("%s", (_sentence, text, rules) => {
    expect(parseFaultText(text)).toEqual({ kind: "rules", rules });
  });

  test.each(bad)("%s", (_sentence, text, problem) => {
    const parsed = parseFaultText(text);
    expect(parsed.kind === "problems" ? parsed.problems.join("; ") : "no problem").toMatch(problem);
  });

  test.each(Object.entries(faultPresets))("the preset %s is valid as it stands", (_name, rules) => {
    expect(parseFaultRules(rules)).toEqual({ kind: "rules", rules });
  });
});

test("the README names every preset, and no other", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const [, names = ""] = /\| `FAULTS` \|.* or a preset: `([^`]+)`/.exec(readme) ?? [];
  expect(names.split(" ")).toEqual(Object.keys(faultPresets));
});
