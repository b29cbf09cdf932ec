import { expect, test } from "vitest";
import { diskNeeds } from "./disk.ts";

test.each<[string, number | undefined, number, string[]]>([
  ["a short run needs no words", 60, 1e12, []],
  [
    "an hour needs little while Prometheus takes it",
    3600,
    1e12,
    ["samples on disk: about 12 MB at most, and up to 22 MB while Prometheus does not take them"],
  ],
  [
    "a day keeps little while Prometheus takes it",
    86_400,
    1e12,
    ["samples on disk: about 12 MB at most, and up to 519 MB while Prometheus does not take them"],
  ],
  [
    "a length that is not known may reach the limit",
    undefined,
    1e12,
    ["samples on disk: about 12 MB at most, and up to 1,074 MB, its limit, after about 49 h while Prometheus does not take them"],
  ],
  [
    "a disk that is nearly full is told, however short the run",
    60,
    1e5,
    [
      "samples on disk: about 1 MB at most, and up to 1 MB while Prometheus does not take them",
      "only 1 MB are free there: samples may be lost when Prometheus is away",
    ],
  ],
])("%s", (_, seconds, free, expected) => {
  expect(diskNeeds(seconds, free)).toEqual(expected);
});
