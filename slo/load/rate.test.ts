import { expect, test } from "vitest";
import { openRate } from "./progress.ts";

type Look = [count: number, nowSeconds: number];

test.each<[string, Look[], number | null]>([
  ["one look is no rate", [[100, 1]], null],
  [
    "the same moment seen twice is one",
    [
      [100, 1],
      [100, 1],
    ],
    null,
  ],
  [
    "the rate is over the time between the looks",
    [
      [160, 1],
      [480, 3],
    ],
    160,
  ],
  ["what is older than the window is left behind", [[0, 0], ...[1, 2, 3, 4, 5, 6].map((at): Look => [5000 + (at - 1) * 10, at])], 10],
  [
    "looks further apart than the window still make a rate",
    [
      [1, 10],
      [2, 20],
    ],
    0.1,
  ],
  ["a service that answers nothing any more comes to 0", [0, 1, 2, 3, 4, 5, 6].map((at): Look => [at < 1 ? 160 : 320, at]), 0],
  [
    "a clock that goes back is no rate",
    [
      [160, 5],
      [320, 4],
    ],
    null,
  ],
  [
    "a count that falls, as when a pod is lost, is no negative rate",
    [
      [160, 5],
      [100, 6],
    ],
    0,
  ],
])("%s", (_, looks, rate) => {
  const rateOf = openRate(5);
  expect(looks.map((look) => rateOf(...look)).at(-1)).toBe(rate);
});
