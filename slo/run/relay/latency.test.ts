import { expect, test } from "vitest";
import { readBody } from "./body.ts";
import { histogramBody } from "./histogram.fixture.ts";
import { k6Body } from "./k6-body.fixture.ts";
import { openLatency, type Latency } from "./latency.ts";

function after(...bodies: Buffer[]): Latency | undefined {
  const latency = openLatency();
  for (const body of bodies) {
    const read = readBody(body);
    if (read.kind === "malformed") throw new Error(read.reason);
    latency.take(read.series);
  }
  return latency.last();
}

const all = (seconds: number): Latency => ({ p50Seconds: seconds, p95Seconds: seconds, p99Seconds: seconds });
const first = histogramBody(0, [[0, 2]], [1000, -1000]);

test.each<[string, Buffer[], Latency | undefined]>([
  ["without a push there is none", [], undefined],
  ["the first push counts from zero", [first], all(1)],
  [
    "a later one counts what was added: fifty in the second bucket, none in the first",
    [first, histogramBody(0, [[0, 2]], [1000, -950])],
    all(2),
  ],
  ["a push without new requests leaves the one before", [first, first], all(1)],
  [
    "requests that were never answered stand in the zero bucket and are not left out",
    [histogramBody(0, [[0, 1]], [40], 60)],
    { p50Seconds: 0, p95Seconds: 1, p99Seconds: 1 },
  ],
  [
    "a coarser histogram joins buckets two by two: of 1001, the thousand from before do not count",
    [histogramBody(1, [[1, 2]], [400, 200]), histogramBody(0, [[1, 2]], [1000, -999])],
    all(4),
  ],
])("%s", (_, bodies, expected) => {
  expect(after(...bodies)).toEqual(expected);
});

test("of k6's own push: 20 ms, by the upper bound of its buckets, which are 9 % wide", () => {
  expect(after(k6Body)).toEqual({ p50Seconds: 2 ** (-44 / 8), p95Seconds: 2 ** (-44 / 8), p99Seconds: 2 ** (-43 / 8) });
});
