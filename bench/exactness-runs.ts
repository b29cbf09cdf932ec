const read = { method: "GET", route: "/api/buckets/:id" };

/** Is a run with faults: what is injected, what the objectives ask, and which verdict that was built to give. */
export interface FaultyRun {
  sentence: string;
  /** Rules for the storage API's `FAULTS`. They spare the seeding of the 100 buckets, which nobody judges. */
  faults: readonly object[];
  /** Percent, of the availability objectives on both sides. */
  target: number;
  rate: number;
  seconds: number;
  built: "met" | "exceeded" | "inconclusive";
  /** Reads slower than this count as slow; set where a rule slows them by more. Seconds. */
  slowSeconds?: number;
}

/** Lists the ten runs. An iteration is 1.1 requests on average, of which 0.6 are reads, 0.3 writes, 0.1 deletes and 0.05 echoes. */
export const faultyRuns: readonly FaultyRun[] = [
  { sentence: "no fault", faults: [], target: 99, rate: 60, seconds: 10, built: "met" },
  { sentence: "every 50th read is 500", faults: [{ kind: "error", ...read, every: 50 }], target: 97, rate: 100, seconds: 10, built: "met" },
  {
    sentence: "every 5th read is 500",
    faults: [{ kind: "error", ...read, every: 5 }],
    target: 95,
    rate: 80,
    seconds: 10,
    built: "exceeded",
  },
  {
    sentence: "a seeded twentieth of the reads is 503",
    faults: [{ kind: "error", ...read, share: 0.05, seed: 7, status: 503 }],
    target: 97,
    rate: 90,
    seconds: 10,
    built: "inconclusive",
  },
  {
    sentence: "every 4th echo is cut off",
    faults: [{ kind: "drop", method: "POST", route: "/api/echo", every: 4 }],
    target: 97,
    rate: 100,
    seconds: 10,
    built: "met",
  },
  {
    sentence: "every 2nd delete is cut off",
    faults: [{ kind: "drop", method: "DELETE", route: "/api/buckets/:id", every: 2 }],
    target: 97,
    rate: 100,
    seconds: 12,
    built: "exceeded",
  },
  {
    sentence: "each delete that worked is 500",
    faults: [{ kind: "delete-answers-500" }],
    target: 95,
    rate: 70,
    seconds: 10,
    built: "exceeded",
  },
  {
    sentence: "a seeded twentieth of the reads has wrong bytes",
    faults: [{ kind: "wrong-contents", share: 0.05, seed: 3 }],
    target: 97,
    rate: 100,
    seconds: 8,
    built: "inconclusive",
  },
  {
    sentence: "errors, cut connections and wrong bytes on all routes at once",
    faults: [
      { kind: "error", ...read, every: 40 },
      { kind: "drop", method: "POST", route: "/api/echo", every: 10 },
      { kind: "error", method: "PUT", route: "/api/buckets/:id", every: 130, status: 503 },
      { kind: "error", method: "GET", route: "/api/users", share: 0.2, seed: 5 },
      { kind: "drop", ...read, every: 100 },
      { kind: "wrong-contents", every: 80 },
    ],
    target: 94,
    rate: 100,
    seconds: 12,
    built: "met",
  },
  {
    sentence: "every 20th read takes 1.3 s",
    faults: [{ kind: "latency", ...read, every: 20, seconds: { constant: 1.3 } }],
    target: 95,
    rate: 80,
    seconds: 10,
    built: "inconclusive",
    slowSeconds: 1,
  },
];

/** Writes the spec of a run: availability on both sides, and reads where they are slowed. */
export function specOf({ target, slowSeconds }: FaultyRun): string {
  const latency = (side: string): string[] => [
    `  - name: reads, ${side}`,
    `    target: ${target}%`,
    `    indicator: { latency: { side: ${side}, atMost: ${slowSeconds}s, where: { method: GET, route: "/api/buckets/:id" } } }`,
  ];
  return [
    ...["version: 1", "service: storage-api", "objectives:"],
    ...["client", "server"].flatMap((side) => [
      `  - name: availability, ${side}`,
      `    target: ${target}%`,
      `    indicator: { errors: { side: ${side} } }`,
    ]),
    ...(slowSeconds === undefined ? [] : [...latency("client"), ...latency("server")]),
    "",
  ].join("\n");
}
