import fc from "fast-check";
import snappy from "snappyjs";
import { expect, test } from "vitest";
import { encodeWrite, readBody } from "./body.ts";
import { k6Body } from "./k6-body.fixture.ts";

const labelled = fc.record({
  labels: fc.dictionary(fc.stringMatching(/^[a-z_]{1,8}$/), fc.string()).map((labels) => ({ ...labels, __name__: "x_total" })),
  value: fc.double({ noNaN: true }),
  atMillis: fc.integer({ min: 0, max: 4e12 }),
});

test("what is encoded is read back", () => {
  fc.assert(
    fc.property(fc.array(labelled, { maxLength: 5 }), (series) => {
      const read = readBody(encodeWrite(series));
      if (read.kind === "malformed") throw new Error(read.reason);
      expect(read.series.map(({ labels, value, atMillis }) => ({ labels: { ...labels }, value, atMillis }))).toEqual(
        series.map((one) => ({ ...one, labels: { ...one.labels } })),
      );
    }),
  );
});

test("no bytes at all can make it throw", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void readBody(bytes)));
});

test.each([
  ["text is not snappy", Buffer.from("hello, this is not snappy")],
  ["a length that promises gigabytes is refused before it is believed", Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00])],
  ["a literal longer than all bytes there can be is refused, not looked for in a circle", Buffer.from("590004fcfced06fc", "hex")],
  ["nothing is no body", Buffer.alloc(0)],
  ["a message that ends in the middle of a field is none", Buffer.from(snappy.compress(Uint8Array.of(0x0a, 0x20, 0x0a)))],
  ["a series without a name is none", encodeWrite([{ labels: { job: "x" }, value: 1, atMillis: 1 }])],
])("%s", (_, bytes) => {
  expect(readBody(bytes).kind).toBe("malformed");
});

test("incompressible bytes of any length unpack to what they were", () => {
  for (const length of [1, 59, 60, 61, 255, 256, 257, 65_535, 65_536, 65_537, 200_000]) {
    const noise = Array.from({ length }, (_, i) => String.fromCharCode(33 + ((i * i * 7919 + i * 104_729) % 90))).join("");
    const read = readBody(encodeWrite([{ labels: { __name__: "x_total", noise }, value: 1, atMillis: 1 }]));
    if (read.kind === "malformed") throw new Error(`${length}: ${read.reason}`);
    expect(read.series[0]?.labels["noise"]).toBe(noise);
  }
});

test("a body of k6 itself is read: its counters, and the time of its histograms", () => {
  const read = readBody(k6Body);
  if (read.kind === "malformed") throw new Error(read.reason);
  const of = (name: string): typeof read.series => read.series.filter(({ labels }) => labels["__name__"] === name);
  expect(read.series).toHaveLength(24);
  const times = of("k6_http_req_duration_seconds").map(({ atMillis }) => atMillis);
  expect(times.toSorted(), "a histogram's time is its last request's").toEqual(
    of("k6_http_reqs_total")
      .map(({ atMillis }) => atMillis)
      .toSorted(),
  );
  expect(of("k6_http_reqs_total").map(({ labels, value }) => [labels["status"], value])).toEqual([
    ["200", 126],
    ["500", 21],
  ]);
});
