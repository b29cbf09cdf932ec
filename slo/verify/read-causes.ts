import { readClientCells, readClientTimeline, readServerCells, type Cell } from "../collect/causes.ts";
import type { CumulativePoint, Measurement } from "../collect/measurement.ts";
import type { Answer, PrometheusApi } from "../collect/prometheus.ts";
import { causeQueries, type Subject } from "../compile/causes.ts";
import type { ObjectiveQueries } from "../compile/objectives.ts";
import { findCauses, momentsOf, testsOf, type Cause, type Moments } from "../judge/causes.ts";
import type { Verdict } from "../judge/verdict.ts";
import type { Report } from "../report/schema.ts";
import type { RunRecord } from "../run/record.ts";
import type { Objective, Spec } from "../spec/spec.ts";
import type { Reading } from "./read-run.ts";
import type { ServiceOf } from "./run-times.ts";

/** What was already read of a run, and how more of it is. */
interface Sources extends Pick<Reading, "client" | "readerOf" | "measurements"> {
  queries: readonly ObjectiveQueries[];
  serviceOf: ServiceOf;
}

type ReportedCause = NonNullable<Report["causes"]>[number];

/** One objective's events, by what may be a cause, and how they are read over time. */
interface Looked {
  cells: Answer<Cell[]>;
  steps: number;
  moments: (subject: Subject | undefined) => Promise<{ points: readonly CumulativePoint[]; skewSeconds: number }>;
}

/** Of how many routes that stand out the moments are read. */
const mostTimelines = 5;
/** k6 writes once a second what has changed, with the time of each series' own last event. */
const k6PushSeconds = 1;
/** How many steps of time are looked at, at most. */
const mostSteps = 600;

/** Reads what the bad events of each objective that is not met have in common; what cannot be read is told as no cause. */
export async function readCauses(
  api: PrometheusApi,
  record: RunRecord,
  spec: Spec,
  verdicts: readonly Verdict[],
  sources: Sources,
): Promise<ReportedCause[]> {
  const unmet = new Set(verdicts.flatMap(({ objective, kind }) => (kind === "met" ? [] : [objective])));
  // What is read here is of the whole load.
  const whole = spec.objectives.filter(({ name, phase }) => unmet.has(name) && phase === undefined);
  const found = whole.map((objective) => causesOf(api, record, objective, spec, sources));
  return (await Promise.all(found)).flat();
}

async function causesOf(
  api: PrometheusApi,
  record: RunRecord,
  objective: Objective,
  { confidence }: Spec,
  sources: Sources,
): Promise<ReportedCause[]> {
  const { indicator } = objective;
  switch (indicator.kind) {
    case "ratio":
      return []; // its labels are the service's own, and nobody knows which of them are routes
    case "checks":
    case "counter":
    case "rate":
    case "trend":
    case "achieved":
    case "throughput":
    case "integrity":
      return []; // what k6 counts apart from requests has no route
    case "errors":
    case "latency": {
      const looked =
        indicator.side === "client" ? await lookAtClient(api, record, indicator, sources) : await lookAtServer(api, objective, sources);
      if (looked?.cells.kind !== "answer") return [];
      const tests = testsOf(looked.cells.value, looked.steps, confidence);
      const about = { objective: objective.name, side: indicator.side };
      const limit = indicator.kind === "latency" ? { ...about, atMostSeconds: indicator.atMostSeconds } : about;
      const causes = findCauses(looked.cells.value, tests).map(async (cause, i): Promise<ReportedCause> => {
        const moments = i < mostTimelines ? await momentsOfCause(cause, looked, tests) : undefined;
        return { ...limit, ...cause, moments };
      });
      return Promise.all(causes);
    }
  }
}

async function momentsOfCause(cause: Cause, looked: Looked, tests: Parameters<typeof momentsOf>[2]): Promise<Moments | undefined> {
  const { points, skewSeconds } = await looked.moments(cause.subject);
  return momentsOf(points, skewSeconds, tests);
}

type Sided = Parameters<typeof causeQueries>[0];

async function lookAtClient(api: PrometheusApi, record: RunRecord, indicator: Sided, { client }: Sources): Promise<Looked> {
  const asked = causeQueries(indicator, record.testid, record.slowCounted);
  const span = { ...client, stepSeconds: Math.max(1, client.stepSeconds, (client.toSeconds - client.fromSeconds) / mostSteps) };
  return {
    cells: await readClientCells(api, asked, span),
    steps: Math.ceil((span.toSeconds - span.fromSeconds) / span.stepSeconds),
    moments: async (subject) => {
      const read = await readClientTimeline(api, asked, subject, span);
      return { points: read.kind === "answer" ? read.value : [], skewSeconds: k6PushSeconds };
    },
  };
}

/** Looks at a service's counters. When their bad events came is known of all together only, and so told where one route holds them all. */
async function lookAtServer(
  api: PrometheusApi,
  { name }: Objective,
  { queries, serviceOf, readerOf, measurements }: Sources,
): Promise<Looked | undefined> {
  const query = queries.find(({ objective }) => objective === name);
  const measured = measurements.find(
    (one): one is Extract<Measurement, { kind: "counted" }> => one.objective === name && one.kind === "counted",
  );
  if (query?.kind !== "server" || measured === undefined) return undefined;
  const { window, read } = await readerOf(serviceOf(query));
  const cells = await readServerCells(api, query, window, read);
  const routes = cells.kind === "answer" ? cells.value.filter(({ bad }) => bad.length > 0) : [];
  const isOne = new Set(routes.map(({ method, route }) => JSON.stringify([method, route]))).size === 1;
  const { cumulative, timestampSkewSeconds } = measured;
  return {
    cells,
    steps: cumulative.length,
    moments: async (subject) => ({ points: subject === undefined || isOne ? cumulative : [], skewSeconds: timestampSkewSeconds }),
  };
}
