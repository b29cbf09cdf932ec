import { expect, test } from "vitest";
import { isJsonOf, isUsers } from "./json.ts";
import { keyChooser, payloadBlock, payloadExtent, type Distribution, type SizeRange } from "./keys.ts";
import { actionDeck, expectedRequests, type Mix } from "./mix.ts";
import { hash32 } from "./random.ts";
import { climb, constant, plateau, ramp, spike, stairs, vusFor, type ArrivalRate, type Shape } from "./shapes.ts";

const payload = (key: number, sizes: SizeRange, keys: number, seed: number): Uint8Array => {
  const { fromByte, toByte } = payloadExtent(key, sizes, seed);
  return new Uint8Array(payloadBlock(sizes, keys, seed).slice(fromByte, toByte));
};

test("payloads are the same for the same key and seed, and differ by key and by seed", () => {
  const sizes = { minBytes: 1024, maxBytes: 1024 };
  const texts = Array.from({ length: 100 }, (_, key) => Buffer.from(payload(key, sizes, 100, 1)).toString("hex"));
  expect(new Set(texts).size).toBe(100);
  expect(Buffer.from(payload(7, sizes, 100, 1)).toString("hex")).toBe(texts[7]);
  expect(Buffer.from(payload(7, sizes, 100, 2)).toString("hex")).not.toBe(texts[7]);
  expect(new Set(payload(0, { minBytes: 4096, maxBytes: 4096 }, 1, 1)).size).toBe(256);
});

test.each<[string, SizeRange, number]>([
  ["a single byte", { minBytes: 1, maxBytes: 1 }, 10],
  ["a range, to its last key", { minBytes: 1000, maxBytes: 3001 }, 500],
  ["a size that is not a multiple of 4", { minBytes: 7, maxBytes: 7 }, 3],
])("payload sizes hold their bounds: %s", (_sentence, sizes, keys) => {
  const lengths = Array.from({ length: keys }, (_, key) => payload(key, sizes, keys, 1).length);
  expect(Math.min(...lengths)).toBeGreaterThanOrEqual(sizes.minBytes);
  expect(Math.max(...lengths)).toBeLessThanOrEqual(sizes.maxBytes);
  if (keys === 500) expect(new Set(lengths).size).toBeGreaterThan(300);
});

test.each<[string, number, Distribution, { hot: [atLeast: number, atMost: number]; each: [atLeast: number, atMost: number] }]>([
  ["uniform reaches every key about equally", 100, { kind: "uniform" }, { hot: [9500, 10_500], each: [800, 1200] }],
  [
    "a tenth of the keys gets nine tenths",
    100,
    { kind: "hot", hotKeysRatio: 0.1, hotShareRatio: 0.9 },
    { hot: [89_000, 91_000], each: [50, 9900] },
  ],
  ["all keys hot is uniform", 10, { kind: "hot", hotKeysRatio: 1, hotShareRatio: 0.5 }, { hot: [9000, 11_000], each: [9000, 11_000] }],
  [
    "a share of nothing leaves the hot key cold",
    10,
    { kind: "hot", hotKeysRatio: 0.1, hotShareRatio: 0 },
    { hot: [0, 0], each: [0, 12_000] },
  ],
  ["one key gets all", 1, { kind: "hot", hotKeysRatio: 0.1, hotShareRatio: 0.9 }, { hot: [100_000, 100_000], each: [100_000, 100_000] }],
])("keys: %s", (_sentence, keys, distribution, { hot, each }) => {
  const keyOf = keyChooser(keys, distribution, 1);
  const counts = Array.from({ length: keys }, () => 0);
  for (let i = 0; i < 100_000; i += 1) counts[keyOf(i)] = (counts[keyOf(i)] ?? Number.NaN) + 1;
  const onHot = counts.slice(0, Math.max(1, keys / 10)).reduce((a, b) => a + b);
  expect([onHot >= hot[0], onHot <= hot[1], Math.min(...counts) >= each[0], Math.max(...counts) <= each[1]]).toEqual([
    true,
    true,
    true,
    true,
  ]);
});

const mix = (weights: Partial<Mix>): Mix => ({ read: 0, write: 0, delete: 0, users: 0, echo: 0, ...weights });

test.each<[string, Mix, number, Partial<Mix>]>([
  [
    "weights are taken in lowest terms",
    mix({ read: 60, write: 20, delete: 10, users: 5, echo: 5 }),
    20,
    { read: 12, write: 4, delete: 2, users: 1, echo: 1 },
  ],
  ["a single action", mix({ delete: 7 }), 1, { delete: 1 }],
  ["weights without a common divisor", mix({ read: 7, write: 3 }), 10, { read: 7, write: 3 }],
])("the deck: %s", (_sentence, weights, length, cards) => {
  const deck = actionDeck(weights, 1);
  expect(deck).toHaveLength(length);
  for (const [action, count] of Object.entries(cards)) expect(deck.filter((card) => card === action)).toHaveLength(count);
  expect(actionDeck(weights, 1)).toEqual(deck);
});

test("a delete is two requests, and routes that never occur are left out", () => {
  expect(expectedRequests(mix({ read: 3, delete: 1 }))).toEqual([
    { method: "GET", route: "/api/buckets/:id", perIteration: 0.75 },
    { method: "PUT", route: "/api/buckets/:id", perIteration: 0.25 },
    { method: "DELETE", route: "/api/buckets/:id", perIteration: 0.25 },
  ]);
});

const size = { peakRate: 400, seconds: 90, maxVUs: 400 };
const secondsOf = (load: ArrivalRate): number =>
  load.executor === "constant-arrival-rate"
    ? Number.parseFloat(load.duration)
    : load.stages.reduce((sum, { duration }) => sum + Number.parseFloat(duration), 0);

test.each<[string, Shape, number, number]>([
  ["constant", constant, 400, 400],
  ["plateau", plateau, 400, 400],
  ["spike returns to its base", spike, 400, 50],
  ["stairs end at the top", stairs(4), 400, 400],
  ["climb ends at the top", climb, 400, 400],
])("shapes last as long as asked and reach the peak: %s", (_sentence, shape, peak, last) => {
  const load = shape(size);
  const rates = load.executor === "constant-arrival-rate" ? [load.rate] : load.stages.map(({ target }) => target);
  expect(secondsOf(load)).toBeCloseTo(90, 2);
  expect([Math.max(...rates), rates.at(-1), load.preAllocatedVUs]).toEqual([peak, last, 400]);
});

test.each<[string, number, number, string]>([
  ["a whole rate is per second", 20, 20, "1s"],
  ["a rate that is not whole keeps three places", 33.3, 33_300, "1000s"],
  ["a rate below one", 0.5, 500, "1000s"],
])("k6 takes whole rates only: %s", (_sentence, peakRate, rate, timeUnit) => {
  expect(constant({ peakRate, seconds: 1, maxVUs: 10 })).toMatchObject({ rate, timeUnit });
});

test("a level of the peak that is not whole moves the whole ramp to the larger unit", () => {
  const load = ramp(0.125, [1, 1])({ peakRate: 20, seconds: 10, maxVUs: 20 });
  expect(load).toMatchObject({ startRate: 2500, timeUnit: "1000s", stages: [{ target: 20_000, duration: "10s" }] });
});

test.each<[string, number, number]>([
  ["a low rate keeps a few", 1, 10],
  ["one second of the rate may wait", 150, 150],
  ["never thousands", 50_000, 1000],
])("VUs: %s", (_sentence, rate, vus) => expect(vusFor(rate)).toBe(vus));

test.each<[string, string, boolean]>([
  ["equal but for order and spaces", '{ "key": 1, "message": ["a", null] }', true],
  ["another value", '{"message":["a",null],"key":2}', false],
  ["a key too many", '{"message":["a",null],"key":1,"x":1}', false],
  ["a list that is too short", '{"message":["a"],"key":1}', false],
  ["not JSON", '{"message"', false],
  ["nothing", "", false],
])("an echo: %s", (_sentence, text, same) => expect(isJsonOf(text, { message: ["a", null], key: 1 })).toBe(same));

test.each<[string, string, boolean]>([
  ["whole users", '{"users":[{"id":1,"name":"a","email":"b"}]}', true],
  ["no users is a list too", '{"users":[]}', true],
  ["a user without a name", '{"users":[{"id":1,"email":"b"}]}', false],
  ["a list of null", '{"users":[null]}', false],
  ["a bare list", "[]", false],
  ["not JSON", "<html>", false],
])("users: %s", (_sentence, text, right) => expect(isUsers(text)).toBe(right));

test("the hash spreads neighbouring numbers", () => {
  const buckets = Array.from({ length: 16 }, () => 0);
  for (let i = 0; i < 16_000; i += 1) buckets[hash32(i, 5) % 16] = (buckets[hash32(i, 5) % 16] ?? 0) + 1;
  expect(Math.min(...buckets)).toBeGreaterThan(850);
});

test.each<[string, Shape, [string, number, number][]]>([
  ["a constant load has no parts", constant, []],
  [
    "a plateau is climbed first",
    plateau,
    [
      ["ramp", 0, 0.1],
      ["plateau", 0.1, 1],
    ],
  ],
  [
    "a spike has a baseline before and a recovery after",
    spike,
    [
      ["baseline", 0, 1 / 3],
      ["spike", 1 / 3, 19 / 30],
      ["recovery", 19 / 30, 1],
    ],
  ],
  [
    "each of the stairs is a part",
    stairs(2),
    [
      ["step 1", 0, 0.5],
      ["step 2", 0.5, 1],
    ],
  ],
])("%s", (_sentence, shape, expected) => {
  const phases = (shape.phases ?? []).map(({ name, from, to }) => [name, Number(from.toFixed(6)), Number(to.toFixed(6))]);
  expect(phases).toEqual(expected.map(([name, from, to]) => [name, Number(from.toFixed(6)), Number(to.toFixed(6))]));
});
