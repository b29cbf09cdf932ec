import { expect, test } from "vitest";
import { starvedSeconds, type HealthSample } from "./run-k6.ts";

const sample = (atSeconds: number, cpuShare: number, waitShare: number): HealthSample => ({
  atSeconds,
  cpuShare,
  waitShare,
  memoryBytes: 1,
  heldUp: false,
});
const calm = (...moments: number[]): HealthSample[] => moments.map((at) => sample(at, 0.5, 0.02));

test.each<[string, HealthSample[], number, number[]]>([
  ["a k6 with the CPU that it wants is never short", calm(101, 102, 103), 103.5, []],
  ["a second in which it waited more than it ran is named by its end", [...calm(101), sample(102, 0.3, 0.9), ...calm(103)], 103.5, [102]],
  ["a wait that is much, and less than it ran, is no shortage", [...calm(101), sample(102, 1.8, 0.9), ...calm(103)], 103.5, []],
  [
    "one in which it stood still is one, though it neither ran nor waited then",
    [...calm(101), { ...sample(102, 0.2, 0), heldUp: true }, ...calm(103)],
    103.5,
    [102],
  ],
  ["an average over a longer time could hide a shortage: each of its seconds counts", calm(101, 105, 106), 106.5, [102, 103, 104, 105]],
  ["so does the time before the first look", calm(103, 104), 104.5, [101, 102, 103]],
  ["and the time after the last", calm(101), 104, [102, 103, 104]],
  ["where the system does not tell, none are known", [], 130, []],
])("%s", (_, samples, toSeconds, expected) => {
  expect(starvedSeconds(samples, 100, toSeconds)).toEqual(expected);
});
