import { PbfWriter } from "pbf";
import snappy from "snappyjs";

/** Encodes a native histogram of request durations as k6 does: integer deltas in spans. */
export function histogramBody(schema: number, spans: [offset: number, length: number][], deltas: number[], zeros = 0): Buffer {
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
          histogram.writeVarintField(6, zeros);
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
