import { PbfReader, PbfWriter } from "pbf";
import snappy from "snappyjs";
import { errorMessage } from "../../host/error-message.ts";

/** One series of a push: its last sample; NaN where it holds histograms alone. */
export interface PushedSeries {
  labels: Record<string, string>;
  value: number;
  atMillis: number;
}

/** Bounds what a body may unpack to; k6's are some kilobytes. */
const mostUnpackedBytes = 256 * 1024 * 1024;

/** Reads a remote-write 1.0 body (snappy over prompb.WriteRequest), https://prometheus.io/docs/specs/prw/remote_write_spec/ */
export function readBody(body: Uint8Array): { kind: "body"; series: PushedSeries[] } | { kind: "malformed"; reason: string } {
  try {
    if (!endsWithItsLastTag(body)) return { kind: "malformed", reason: "it is not snappy, or ends in the middle" };
    const message = new PbfReader(snappy.uncompress(Uint8Array.from(body), mostUnpackedBytes));
    const series: PushedSeries[] = [];
    message.readFields((tag, to, reader) => {
      if (tag === 1) to.push(reader.readMessage(seriesField, { labels: {}, value: Number.NaN, atMillis: 0 }));
    }, series);
    if (message.pos !== message.length) return { kind: "malformed", reason: "it ends in the middle of a field" };
    if (series.some(({ labels }) => labels["__name__"] === undefined)) return { kind: "malformed", reason: "a series has no name" };
    return { kind: "body", series };
  } catch (error) {
    return { kind: "malformed", reason: errorMessage(error) };
  }
}

/** Walks the tags of a snappy block: snappyjs takes a literal's length of four bytes as signed, so a broken body sent it back and round for ever. */
function endsWithItsLastTag(body: Uint8Array): boolean {
  let at = body.findIndex((byte) => byte < 128) + 1;
  while (at < body.length) {
    const tag = body[at] ?? 0;
    const copy = tag & 3;
    if (copy !== 0) {
      at += copy === 3 ? 5 : copy + 1;
      continue;
    }
    const lengthBytes = Math.max(0, (tag >>> 2) - 59);
    const length = body.subarray(at + 1, at + 1 + lengthBytes).reduce((sum, byte, i) => sum + byte * 256 ** i, 0);
    at += 2 + lengthBytes + (lengthBytes === 0 ? tag >>> 2 : length);
  }
  return at === body.length;
}

function seriesField(tag: number, series: PushedSeries, reader: PbfReader): void {
  if (tag === 1) {
    const { name, value } = reader.readMessage(labelField, { name: "", value: "" });
    Object.defineProperty(series.labels, name, { value, enumerable: true, configurable: true, writable: true });
  }
  if (tag === 2) Object.assign(series, reader.readMessage(sampleField, { value: 0, atMillis: 0 }));
  // Of a histogram only its time is of use here.
  if (tag === 4) series.atMillis = reader.readMessage(histogramField, { atMillis: 0 }).atMillis;
}

function labelField(tag: number, label: { name: string; value: string }, reader: PbfReader): void {
  if (tag === 1) label.name = reader.readString();
  if (tag === 2) label.value = reader.readString();
}

function sampleField(tag: number, sample: { value: number; atMillis: number }, reader: PbfReader): void {
  if (tag === 1) sample.value = reader.readDouble();
  if (tag === 2) sample.atMillis = reader.readVarint(true);
}

function histogramField(tag: number, histogram: { atMillis: number }, reader: PbfReader): void {
  if (tag === 15) histogram.atMillis = reader.readVarint(true);
}

/** Writes a remote-write 1.0 body of plain samples, one for each series. */
export function encodeWrite(series: readonly Pick<PushedSeries, "labels" | "value" | "atMillis">[]): Buffer {
  const writer = new PbfWriter();
  for (const one of series) writer.writeMessage(1, writeSeries, one);
  return Buffer.from(snappy.compress(writer.finish()));
}

function writeSeries({ labels, value, atMillis }: Pick<PushedSeries, "labels" | "value" | "atMillis">, out: PbfWriter): void {
  const byName = Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1));
  for (const pair of byName)
    out.writeMessage(1, ([name, text], label) => (label.writeStringField(1, name), label.writeStringField(2, text)), pair);
  out.writeMessage(2, (at, sample) => (sample.writeDoubleField(1, value), sample.writeVarintField(2, at)), atMillis);
}
