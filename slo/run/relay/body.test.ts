import fc from "fast-check";
import snappy from "snappyjs";
import { PbfWriter } from "pbf";
import { expect, test } from "vitest";
import { encodeWrite, readBody } from "./body.ts";
import { openBook } from "./sent.ts";

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
  ["a series without a name is none", encodeWrite([{ labels: { job: "x" }, value: 1, atMillis: 1 }])],
])("%s", (_, bytes) => {
  expect(readBody(bytes).kind).toBe("malformed");
});

/** Encodes a native histogram as k6 does: schema 3, integer deltas in spans. */
function histogramBody(schema: number, spans: [offset: number, length: number][], deltas: number[]): Buffer {
  const writer = new PbfWriter();
  writer.writeMessage(
    1,
    (_: undefined, series) => {
      for (const [name, value] of [
        ["__name__", "k6_http_req_duration_seconds"],
        ["name", "/x"],
      ] as const) {
        series.writeMessage(1, (__: undefined, label) => (label.writeStringField(1, name), label.writeStringField(2, value)), undefined);
      }
      series.writeMessage(
        4,
        (__: undefined, histogram) => {
          histogram.writeSVarintField(4, schema);
          for (const [offset, length] of spans)
            histogram.writeMessage(
              11,
              (___: undefined, span) => (span.writeSVarintField(1, offset), span.writeVarintField(2, length)),
              undefined,
            );
          histogram.writePackedSVarint(12, deltas);
          histogram.writeVarintField(15, 1000);
        },
        undefined,
      );
    },
    undefined,
  );
  return Buffer.from(snappy.compress(writer.finish()));
}

test("a histogram's spans and deltas become counts by bucket", () => {
  const read = readBody(
    histogramBody(
      3,
      [
        [-2, 2],
        [3, 1],
      ],
      [5, -3, 10],
    ),
  );
  if (read.kind === "malformed") throw new Error(read.reason);
  expect([...(read.series[0]?.histogram?.buckets ?? [])]).toEqual([
    [-2, 5],
    [-1, 2],
    [3, 12],
  ]);
});

test("the live p99 is that of the last push alone", () => {
  const book = openBook();
  const push = (deltas: number[]): void => {
    const read = readBody(histogramBody(0, [[0, 2]], deltas));
    if (read.kind === "body") book.take(read.series);
  };
  push([1000, -1000]);
  expect(book.lastLatency()).toEqual({ p99Seconds: 1 });
  push([1000, -950]); // fifty more in the second bucket, none in the first
  expect(book.lastLatency()).toEqual({ p99Seconds: 2 });
});

test("the book sums the last value of each series, by label", () => {
  const book = openBook();
  const push = (value: number, status: string, atMillis: number): void => {
    const read = readBody(encodeWrite([{ labels: { __name__: "k6_http_reqs_total", status }, value, atMillis }]));
    if (read.kind === "body") book.take(read.series);
  };
  push(5, "200", 1000);
  push(2, "500", 1000);
  push(9, "200", 2000);
  expect(book.sumOf("k6_http_reqs_total")).toBe(11);
  expect(book.sumOf("k6_http_reqs_total", ({ status }) => status === "500")).toBe(2);
  expect(book.sumOf("k6_iterations_total")).toBe(0);
  expect(book.doubts()).toEqual([]);
  push(8, "200", 1500);
  expect(book.doubts()).toEqual(["k6 wrote 1 samples that are older than the one before them"]);
});
