import { encodeWrite, writeOnce, type Destination } from "../run/relay/write.ts";

/** One sample to write. */
export interface Sample {
  labels: Record<string, string>;
  value: number;
  atMillis: number;
}

/** Writes samples to Prometheus, the latest first, so that a refusal of older ones costs only these; gives the reason when they were not taken. */
export async function writeSamples(destination: Destination, samples: readonly Sample[]): Promise<string | undefined> {
  const latest = Math.max(...samples.map(({ atMillis }) => atMillis));
  const now = await writeOnce(destination, encodeWrite(samples.filter(({ atMillis }) => atMillis === latest)));
  if (now.kind !== "written") return now.reason;
  const past = samples.filter(({ atMillis }) => atMillis !== latest);
  if (past.length === 0) return undefined;
  const before = await writeOnce(destination, encodeWrite(past));
  // A run that is judged again finds its counts over time there already, and Prometheus takes none twice.
  const there = before.kind === "refused" && /out of order|duplicate/.test(before.reason);
  return before.kind === "written" || there ? undefined : before.reason;
}
