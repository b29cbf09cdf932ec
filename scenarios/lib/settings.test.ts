import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { readSettings, settingKeys } from "./settings.ts";

const read = (environment: Record<string, string>) => readSettings(environment, { peakRate: 150, seconds: 25 });
const set = (pairs: Record<string, string>) => read({ PLIMSOLL_SET: JSON.stringify(pairs) });

test("with nothing set, everything has a default", () => {
  expect(read({})).toEqual({
    problems: [],
    settings: {
      target: "http://127.0.0.1:5000",
      peakRate: 150,
      seconds: 25,
      warmupSeconds: 3,
      sizes: { minBytes: 1024, maxBytes: 1024 },
      keys: 100,
      distribution: { kind: "uniform" },
      mix: { read: 60, write: 20, delete: 10, users: 5, echo: 5 },
      seed: 1,
      maxVUs: 150,
      instance: "0",
      slowThresholdsSeconds: [],
    },
  });
});

test.each<[string, Record<string, string>, object]>([
  ["the rate sizes the VUs", { PLIMSOLL_RATE: "300" }, { peakRate: 300, maxVUs: 300 }],
  ["a duration of several parts", { PLIMSOLL_DURATION: "1m30s" }, { seconds: 90 }],
  [
    "a slash at the target's end is dropped, a path stays",
    { PLIMSOLL_TARGET: "https://api.example.org/v1/" },
    { target: "https://api.example.org/v1" },
  ],
  ["thresholds are a list", { PLIMSOLL_SLOW_THRESHOLDS: "0.25,0.5" }, { slowThresholdsSeconds: [0.25, 0.5] }],
  [
    "empty means not set",
    { PLIMSOLL_SLOW_THRESHOLDS: "", PLIMSOLL_RATE: "", PLIMSOLL_SET: "" },
    { slowThresholdsSeconds: [], peakRate: 150 },
  ],
  ["a range of sizes", { PLIMSOLL_SET: '{"payload":"1KiB-16KiB"}' }, { sizes: { minBytes: 1024, maxBytes: 16_384 } }],
  [
    "actions that the mix leaves out do not happen",
    { PLIMSOLL_SET: '{"mix":"read=9,delete=1"}' },
    { mix: { read: 9, write: 0, delete: 1, users: 0, echo: 0 } },
  ],
  [
    "hot keys",
    { PLIMSOLL_SET: '{"distribution":"hot","hot-keys":"5%","hot-share":"99.5%"}' },
    { distribution: { kind: "hot", hotKeysRatio: 0.05, hotShareRatio: 0.995 } },
  ],
  ["no warm-up, given VUs and a seed", { PLIMSOLL_SET: '{"warmup":"0","vus":"7","seed":"0"}' }, { warmupSeconds: 0, maxVUs: 7, seed: 0 }],
])("%s", (_sentence, environment, settings) => {
  expect(read(environment)).toMatchObject({ problems: [], settings });
});

test.each<[string, Record<string, string>, string]>([
  ["a rate of 0", { PLIMSOLL_RATE: "0" }, '--rate: "0" is not a number above 0 and up to 1000000'],
  ["a negative rate", { PLIMSOLL_RATE: "-5" }, '--rate: "-5" is not a number above 0 and up to 1000000'],
  ["a rate in words", { PLIMSOLL_RATE: "1e3x" }, '--rate: "1e3x" is not a number above 0 and up to 1000000'],
  ["a duration without unit", { PLIMSOLL_DURATION: "30" }, '--duration: "30" is not a duration; write it like 30s, 2m or 1m30s'],
  ["a duration of nothing", { PLIMSOLL_DURATION: "0s" }, '--duration: "0s" must be longer than 0'],
  ["a duration too short for k6", { PLIMSOLL_DURATION: "500ms" }, '--duration: "500ms" must be at least 1s'],
  ["an instance that would change a path", { PLIMSOLL_INSTANCE: "../x" }, 'PLIMSOLL_INSTANCE: "../x" may hold letters, digits and - only'],
  ["a set that is no JSON", { PLIMSOLL_SET: "payload=1KiB" }, "--set: PLIMSOLL_SET is not JSON"],
  ["a set that is a list", { PLIMSOLL_SET: "[]" }, "--set: PLIMSOLL_SET is not a JSON object"],
])("%s is a problem", (_sentence, environment, problem) => {
  expect(read(environment).problems).toEqual([problem]);
});

const known = "payload, keys, distribution, hot-keys, hot-share, mix, seed, warmup, vus";
test.each<[string, Record<string, string>, string]>([
  ["an unknown key", { colour: "red" }, `--set: unknown key "colour"; known: ${known}`],
  ["what every object has is no key", { constructor: "x" }, `--set: unknown key "constructor"; known: ${known}`],
  ["a key without a value", { keys: "" }, "--set: keys needs a value: number of buckets that are read and written"],
  ["bytes without unit", { payload: "1024" }, '--set payload=1024: "1024" is not a size; write it like 512B, 4KiB or 1MB'],
  [
    "a range upside down",
    { payload: "2KiB-1KiB" },
    '--set payload=2KiB-1KiB: "2KiB-1KiB" must be a size from 1B to 4MiB, or two with the smaller first',
  ],
  ["bytes below zero", { payload: "-1" }, '--set payload=-1: "-1" is not a size; write it like 512B, 4KiB or 1MB'],
  ["a range without an end", { payload: "1KiB-" }, '--set payload=1KiB-: "1KiB-" is not a size; write it like 512B, 4KiB or 1MB'],
  ["half a byte", { payload: "1.5B" }, '--set payload=1.5B: "1.5B" is not a whole number of bytes'],
  ["no keys", { keys: "0" }, '--set keys=0: "0" is not a whole number from 1 to 10000'],
  ["an unknown distribution", { distribution: "hott" }, '--set distribution=hott: unknown distribution "hott"; known: uniform, hot'],
  ["hot keys without the hot distribution", { "hot-keys": "5%" }, "--set hot-keys=5%: needs --set distribution=hot"],
  ["more than all", { distribution: "hot", "hot-share": "101%" }, '--set hot-share=101%: "101%" is not a percentage from 0% to 100%'],
  [
    "an unknown part of the mix",
    { mix: "reed=1" },
    '--set mix=reed=1: unknown part of the mix "reed"; known: read, write, delete, users, echo',
  ],
  ["a mix of nothing", { mix: "read=0" }, "--set mix=read=0: at least one weight must be above 0"],
  ["a weight that is none", { mix: "read=all" }, '--set mix=read=all: read: "all" is not a whole number from 0 to 1000'],
])("%s", (_sentence, pairs, problem) => {
  expect(set(pairs).problems).toEqual([problem]);
});

test("all problems are told at once", () => {
  const both = read({ PLIMSOLL_RATE: "x", PLIMSOLL_DURATION: "y" });
  expect(both.problems).toHaveLength(2);
});

test("the README's table has every key of --set, and no other", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const [, table = ""] = /\| `--set` \| default \| means \|\n([^]*?)\n\n/.exec(readme) ?? [];
  const keys = table.split("\n").flatMap((row) => [...(row.split("|")[1] ?? "").matchAll(/`([\w-]+)`/g)].map(([, key]) => key));
  expect(keys).toEqual(Object.keys(settingKeys));
});
