import { expect, test } from "vitest";
import { explainRefusal, k6EndReason } from "./script-errors.ts";

const map = "//# sourceMappingURL=data:application/json;base64,e30=\n";
const bundle = { file: "/runs/x/bundle.js", text: `code();\n${map}` };
const inPlace = (text = ""): { file: string; text: string } => ({ file: "/u/a.js", text });
const initial = "could not initialize '/u/a.js': could not load JS test 'file:///u/a.js': ";

test.each<[string, { file: string; text: string }, string, string]>([
  [
    "what the script throws has its place, and is told to be the script's",
    inPlace(),
    "Error: no token\n\tat f (file:///u/a.js:4:9(3))\n\tat file:///u/a.js:6:2(20)\n",
    "/u/a.js:4:9 the script threw while it was read: no token",
  ],
  [
    "a kind of error says more than its message",
    inPlace(),
    "ReferenceError: nope is not defined\n\tat file:///u/a.js:2:11(10)\n",
    "/u/a.js:2:11 the script threw while it was read: ReferenceError: nope is not defined",
  ],
  [
    "a file that open() does not find is named at the call, not in k6's own code nor in the bundle's",
    bundle,
    "GoError: stat /u/d.json: no such file or directory\n\tat js.func3 (native)\n\tat plimsollOpen (file:///runs/x/bundle.js:1:45(18))\n\tat file:///u/b.ts:2:18(15)\n",
    "/u/b.ts:2:18 there is no file /u/d.json",
  ],
  [
    "a frame in the bundle alone is no place that a person knows",
    bundle,
    "Error: x\n\tat file:///runs/x/bundle.js:1:45(18)\n",
    "the script threw while it was read: x",
  ],
  [
    "a space in a path is a space",
    inPlace(),
    "Error: x\n\tat file:///my%20dir/a.js:1:2(3)\n",
    "/my dir/a.js:1:2 the script threw while it was read: x",
  ],
  [
    "what our own scenarios refuse is about the command, not about a line of theirs",
    bundle,
    "UsageError: --set keys=x: no\n\tat file:///s/lib.ts:1:2(3)\n",
    "--set keys=x: no",
  ],
  [
    "a value that is no number is named with its option",
    inPlace('export const options = { vus: "a", tags: { "b": "c" } };'),
    `${initial}strconv.ParseInt: parsing "a": invalid syntax`,
    'options: vus: strconv.ParseInt: parsing "a": invalid syntax',
  ],
  [
    "a value that stands twice has no name",
    inPlace('{ vus: "a", iterations: "a" }'),
    `${initial}strconv.ParseInt: parsing "a": invalid syntax`,
    'options: strconv.ParseInt: parsing "a": invalid syntax',
  ],
  [
    "a value that the script computes has none either",
    inPlace("{ vus: n }"),
    `${initial}strconv.ParseInt: parsing "a": invalid syntax`,
    'options: strconv.ParseInt: parsing "a": invalid syntax',
  ],
  [
    "a duration with an unknown unit",
    inPlace("{ 'duration': '(5 m' }"),
    `${initial}time: unknown unit " m" in duration "(5 m"`,
    'options: duration: time: unknown unit " m" in duration "(5 m"',
  ],
  [
    "a duration that is none",
    inPlace("{ duration: `x` }"),
    `${initial}time: invalid duration "x"`,
    'options: duration: time: invalid duration "x"',
  ],
  [
    "an executor that k6 has not",
    inPlace('{ executor: "const" }'),
    `${initial}unknown executor type 'const'`,
    "options: executor: unknown executor type 'const'",
  ],
  [
    "other words stay as they are, without what says the path twice",
    inPlace(),
    `${initial}no exported functions in script`,
    "no exported functions in script",
  ],
])("%s", (_, script, message, expected) => {
  expect(explainRefusal({ message, ...script })).toBe(expected);
});

test.each<[string, number, string[], string]>([
  [
    "a script that aborts the test says why",
    108,
    ["other", "test aborted: token is gone at default (file:///u/a.js:4:99(17))"],
    "the script aborted the test: token is gone",
  ],
  [
    "so does one of several pods",
    108,
    ["pod 2: test aborted: token is gone at f (file:///u/a.js:4:99(17))"],
    "the script aborted the test: token is gone",
  ],
  ["an abort without words is an abort", 108, [], "the script aborted the test (exec.test.abort)"],
  [
    "buckets that could not be filled are no error of the script",
    107,
    ["SeedError: http://t does not take PUT /b\n\tat seed (file:///b.js:1:2(3))\n"],
    "the buckets could not be filled before the load: http://t does not take PUT /b",
  ],
  ["any other error is the script's", 107, ["TypeError: x"], "the script threw an error"],
  ["a code that k6 does not name is a number", 77, [], "exit code 77"],
])("what k6's end means: %s", (_, code, errors, meaning) => {
  expect(k6EndReason(code, errors)).toBe(meaning);
});
