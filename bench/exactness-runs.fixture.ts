/** A run with faults: what is injected, what the objectives ask, and which verdict that was built to give. */
export interface FaultyRun {
  sentence: string;
  built: "met" | "exceeded" | "inconclusive";
  /** Percent, of the availability objectives on both sides. */
  target: number;
  rate: number;
  seconds: number;
  /** Rules for the storage API's `FAULTS`. They spare the seeding of the 100 buckets, which nobody judges. */
  faults: readonly object[];
  /** Reads slower than this count as slow; set where a rule slows them by more. Seconds. */
  slowSeconds?: number;
}

const reads = { method: "GET", route: "/api/buckets/:id" };
const echoes = { method: "POST", route: "/api/echo" };
const deletes = { method: "DELETE", route: "/api/buckets/:id" };

const manyKinds = [
  { kind: "error", ...reads, every: 40 },
  { kind: "drop", ...echoes, every: 10 },
  { kind: "error", method: "PUT", route: "/api/buckets/:id", every: 130, status: 503 },
  { kind: "error", method: "GET", route: "/api/users", share: 0.2, seed: 5 },
  { kind: "drop", ...reads, every: 100 },
  { kind: "wrong-contents", every: 80 },
];
const every5th = [{ kind: "error", ...reads, every: 5 }];
const every50th = [{ kind: "error", ...reads, every: 50 }];
const aTwentieth = [{ kind: "error", ...reads, share: 0.05, seed: 7, status: 503 }];
const cutEchoes = [{ kind: "drop", ...echoes, every: 4 }];
const cutDeletes = [{ kind: "drop", ...deletes, every: 2 }];
const brokenDeletes = [{ kind: "delete-answers-500" }];
const wrongBytes = [{ kind: "wrong-contents", share: 0.05, seed: 3 }];
const slowReads = [{ kind: "latency", ...reads, every: 20, seconds: { constant: 1.3 } }];

/** Lists the ten runs. An iteration is 1.1 requests on average, of which 0.6 are reads, 0.3 writes, 0.1 deletes and 0.05 echoes. */
export const faultyRuns: readonly FaultyRun[] = [
  { sentence: "no fault", built: "met", target: 99, rate: 60, seconds: 10, faults: [] },
  { sentence: "every 50th read is 500", built: "met", target: 97, rate: 100, seconds: 10, faults: every50th },
  { sentence: "every 5th read is 500", built: "exceeded", target: 95, rate: 80, seconds: 10, faults: every5th },
  { sentence: "a seeded twentieth of the reads is 503", built: "inconclusive", target: 97, rate: 90, seconds: 10, faults: aTwentieth },
  { sentence: "every 4th echo is cut off", built: "met", target: 97, rate: 100, seconds: 10, faults: cutEchoes },
  { sentence: "every 2nd delete is cut off", built: "exceeded", target: 97, rate: 100, seconds: 12, faults: cutDeletes },
  { sentence: "each delete that worked is 500", built: "exceeded", target: 95, rate: 70, seconds: 10, faults: brokenDeletes },
  { sentence: "a seeded twentieth of reads has wrong bytes", built: "inconclusive", target: 97, rate: 100, seconds: 8, faults: wrongBytes },
  { sentence: "errors, cuts and wrong bytes on all routes at once", built: "met", target: 94, rate: 100, seconds: 12, faults: manyKinds },
  { sentence: "every 20th read takes 1.3 s", built: "inconclusive", target: 95, rate: 80, seconds: 10, faults: slowReads, slowSeconds: 1 },
];

/** Writes the spec of a run: availability on both sides, and reads where they are slowed. */
export function specOf({ target, slowSeconds }: FaultyRun): string {
  const texts = ["client", "server"].flatMap((side) => {
    const line = (name: string, indicator: string): string =>
      `  - { name: "${name}, ${side}", target: ${target}%, indicator: ${indicator} }\n`;
    const where = '{ method: GET, route: "/api/buckets/:id" }';
    const slow =
      slowSeconds === undefined ? [] : [line("reads", `{ latency: { side: ${side}, atMost: ${slowSeconds}s, where: ${where} } }`)];
    return [line("availability", `{ errors: { side: ${side} } }`), ...slow];
  });
  return `version: 1\nservice: storage-api\nobjectives:\n${texts.join("")}`;
}
