import { expect, test } from "vitest";
import { openRate } from "./progress.ts";

type Look = [count: number, atSeconds: number, nowSeconds: number];

test.each<[string, Look[], number | null]>([
  ["one moment is no rate", [[100, 1, 1.2]], null],
  [
    "the same moment seen twice is one",
    [
      [100, 1, 1.2],
      [100, 1, 2.2],
    ],
    null,
  ],
  [
    "the rate is over the time between the writes, not between the looks",
    [
      [160, 1, 1.9],
      [320, 2, 2.1],
    ],
    160,
  ],
  [
    "two writes between two looks do not double it",
    [
      [160, 1, 1.1],
      [480, 3, 3.1],
    ],
    160,
  ],
  [
    "what is older than the window is left behind",
    [[0, 0, 0], [5000, 1, 1], ...[2, 3, 4, 5, 6, 7].map((at): Look => [5000 + (at - 1) * 10, at, at])],
    10,
  ],
  [
    "writes further apart than the window still make a rate",
    [
      [1, 10, 10],
      [2, 20, 21],
    ],
    0.1,
  ],
  [
    "a service that answers nothing any more comes to 0",
    [
      [160, 1, 1],
      [320, 2, 2],
      [320, 2, 8],
    ],
    0,
  ],
  [
    "slow iterations are not taken for silence",
    [
      [1, 10, 10],
      [2, 20, 20],
      [2, 20, 35],
    ],
    0.1,
  ],
  [
    "a clock that goes back changes nothing",
    [
      [160, 5, 5],
      [320, 6, 6],
      [400, 4, 6.5],
    ],
    160,
  ],
  [
    "a count that falls, as when a pod is lost, is no negative rate",
    [
      [160, 5, 5],
      [100, 6, 6],
    ],
    0,
  ],
])("%s", (_, looks, rate) => {
  const rateOf = openRate(5);
  const seen = looks.map((look) => rateOf(...look));
  expect(seen.at(-1)).toBe(rate);
});
