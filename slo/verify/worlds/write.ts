import { PbfWriter } from "pbf";
import snappy from "snappyjs";

export type Labels = Record<string, string>;

/** A native histogram's positive part: cumulative counts since k6 began, by bucket index. */
export interface HeldHistogram {
  schema: number;
  zeroCount: number;
  /** Bucket index → observations; bucket i covers (2^((i−1)/2^schema), 2^(i/2^schema)]. */
  buckets: Map<number, number>;
  sum: number;
}

/** One series as Prometheus would hold it: numbers (null is the mark of a series that ended), or native histograms. */
export interface HeldSeries {
  labels: Labels;
  samples: { atMillis: number; value: number | null | HeldHistogram }[];
}

/** Prometheus's own mark of a series that ended, a NaN of its own: https://prometheus.io/docs/specs/prw/remote_write_spec/ */
const staleNaN = 0x7ff0000000000002n;

/** Writes one sample; JavaScript keeps no NaN apart from another, so the mark's bytes are put in afterwards. */
function writeSample({ value, atMillis }: { value: number | null; atMillis: number }, out: PbfWriter): void {
  out.writeDoubleField(1, value ?? Number.NaN);
  if (value === null) new DataView(out.buf.buffer, out.buf.byteOffset).setBigUint64(out.pos - 8, staleNaN, true);
  out.writeVarintField(2, atMillis);
}

/** Writes a native histogram as k6 does, each bucket in a span of its own (prompb/types.proto). */
function writeHistogram({ value, atMillis }: { value: HeldHistogram; atMillis: number }, out: PbfWriter): void {
  const { schema, zeroCount, sum, buckets } = value;
  const filled = [...buckets].toSorted(([a], [b]) => a - b);
  const total = filled.reduce((all, [, count]) => all + count, zeroCount);
  out.writeVarintField(1, total);
  out.writeDoubleField(3, sum);
  out.writeSVarintField(4, schema);
  out.writeDoubleField(5, 1e-128);
  out.writeVarintField(6, zeroCount);
  for (const [i, [index]] of filled.entries()) {
    const offset = index - (i === 0 ? 0 : (filled[i - 1]?.[0] ?? 0) + 1);
    out.writeMessage(11, (_: undefined, span) => (span.writeSVarintField(1, offset), span.writeVarintField(2, 1)), undefined);
  }
  const deltas = filled.map(([, count], i) => count - (filled[i - 1]?.[1] ?? 0));
  out.writePackedSVarint(12, deltas);
  out.writeVarintField(15, atMillis);
}

function writeOne({ labels, samples }: HeldSeries, out: PbfWriter): void {
  for (const name of Object.keys(labels).toSorted())
    out.writeMessage(1, (value: string, label) => (label.writeStringField(1, name), label.writeStringField(2, value)), labels[name] ?? "");
  for (const { value, atMillis } of samples)
    if (typeof value === "object" && value !== null) out.writeMessage(4, writeHistogram, { value, atMillis });
    else out.writeMessage(2, writeSample, { value, atMillis });
}

/** Writes series whole by remote write, some at a time; the samples may be of any age that Prometheus takes. */
export async function writeSeries(url: string, series: readonly HeldSeries[]): Promise<void> {
  const headers = { "content-encoding": "snappy", "content-type": "application/x-protobuf", "x-prometheus-remote-write-version": "0.1.0" };
  for (let from = 0; from < series.length; from += 100) {
    const writer = new PbfWriter();
    for (const one of series.slice(from, from + 100)) writer.writeMessage(1, writeOne, one);
    const body = Uint8Array.from(snappy.compress(writer.finish()));
    const response = await fetch(`${url}/api/v1/write`, { method: "POST", headers, body });
    if (!response.ok) throw new Error(`Prometheus refuses the samples of a world: ${response.status} ${await response.text()}`);
  }
}
