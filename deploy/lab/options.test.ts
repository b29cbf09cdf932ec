import { expect, test } from "vitest";
import { drills } from "./drills.ts";
import { parseOptions } from "./options.ts";

test("a drill is named, and loads the shared lab unless another is said", () => {
  const options = parseOptions(["drill", "crash-loop", "--duration", "120"], {});
  expect(options).toMatchObject({ name: "crash-loop", drill: drills["crash-loop"], context: "plimsoll", load: { rate: 60, seconds: 120 } });
  expect(parseOptions(["drill", "calm", "--context", "kind-dev"], {})).toMatchObject({ drill: undefined, context: "kind-dev" });
});

test.each<[string, string[], string]>([
  ["a drill that is not there", ["drill", "flood"], "Allowed choices are delete-answers-500"],
  ["no drill", ["drill"], "missing required argument 'name'"],
  ["too short a load", ["drill", "calm", "--duration", "5"], "It must be a whole number, 30 or more."],
  ["an unknown flag", ["drill", "calm", "--fast"], "unknown option '--fast'"],
])("%s is refused, and said", (_sentence, words, message) => {
  let said = "";
  expect(() => parseOptions(words, { writeErr: (text) => void (said += text) })).toThrow(expect.objectContaining({ exitCode: 1 }));
  expect(said).toContain(message);
});

test("the help tells every drill", () => {
  let said = "";
  expect(() => parseOptions(["drill", "--help"], { writeOut: (text) => void (said += text) })).toThrow(
    expect.objectContaining({ exitCode: 0 }),
  );
  for (const name of [...Object.keys(drills), "calm"]) expect(said).toContain(`  ${name}`);
});
