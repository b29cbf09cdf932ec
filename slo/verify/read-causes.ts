import { readClientCells, readClientTimeline, readServerCells } from "../collect/causes.ts";
import { causeQueries, type Subject } from "../compile/causes.ts";
import { findCauses, momentsOf, testsOf } from "../judge/causes.ts";
import type { Verdict } from "../judge/verdict.ts";
import type { Report } from "../report/schema.ts";
import type { Objective } from "../spec/spec.ts";
import type { Reading } from "./read-run.ts";
import type { Asked } from "./run-times.ts";

type ReportedCause = NonNullable<Report["causes"]>[number];

/** One objective's events, by what may be a cause, and how they are read over time. */
type Looked = Awaited<ReturnType<typeof lookAtClient>>;

/** Of how many routes that stand out the moments are read. */
const mostTimelines = 5;
/** k6 writes once a second what has changed, with the time of each series' own last event. */
const k6PushSeconds = 1;
/** How many steps of time are looked at, at most. */
const mostSteps = 600;

/** Reads what the bad events of each objective that is not met have in common; what cannot be read is told as no cause. */
export async function readCauses(asked: Asked, reading: Reading, verdicts: readonly Verdict[]): Promise<ReportedCause[]> {
  const unmet = new Set(verdicts.flatMap(({ objective, kind }) => (kind === "met" ? [] : [objective])));
  // What is read here is of the whole load.
  const whole = asked.spec.objectives.filter(({ name, phase }) => unmet.has(name) && phase === undefined);
  return (await Promise.all(whole.map((objective) => causesOf(asked, reading, objective)))).flat();
}

async function causesOf(asked: Asked, reading: Reading, { name, indicator }: Objective): Promise<ReportedCause[]> {
  // The labels of a ratio are the service's own, and nobody knows which of them are routes; what k6 counts apart from requests has none.
  if (!("side" in indicator)) return [];
  const { side } = indicator;
  const looked = await (side === "client" ? lookAtClient(asked, reading, indicator) : lookAtServer(asked, reading, name));
  if (looked?.cells.kind !== "answer") return [];
  const tests = testsOf(looked.cells.value, looked.steps, asked.spec.confidence);
  const limit = indicator.kind === "latency" ? { atMostSeconds: indicator.atMostSeconds } : {};
  const causes = findCauses(looked.cells.value, tests).map(async (cause, i): Promise<ReportedCause> => {
    const timeline = i < mostTimelines ? await looked.moments(cause.subject) : undefined;
    const moments = timeline && momentsOf(timeline.points, timeline.skewSeconds, tests);
    return { objective: name, side, ...limit, ...cause, moments };
  });
  return Promise.all(causes);
}

type Sided = Parameters<typeof causeQueries>[0];

async function lookAtClient({ api, load: { record } }: Asked, { client }: Reading, indicator: Sided) {
  const queries = causeQueries(indicator, record.testid, record.slowCounted);
  const span = { ...client, stepSeconds: Math.max(1, client.stepSeconds, (client.toSeconds - client.fromSeconds) / mostSteps) };
  return {
    cells: await readClientCells(api, queries, span),
    steps: Math.ceil((span.toSeconds - span.fromSeconds) / span.stepSeconds),
    moments: async (subject: Subject | undefined) => {
      const read = await readClientTimeline(api, queries, subject, span);
      return { points: read.kind === "answer" ? read.value : [], skewSeconds: k6PushSeconds };
    },
  };
}

/** Looks at a service's counters. When their bad events came is known of all together only, and so told where one route holds them all. */
async function lookAtServer({ api, queries, serviceOf }: Asked, { readerOf, measurements }: Reading, name: string) {
  const query = queries.find(({ objective }) => objective === name);
  const measured = measurements.filter((one) => one.kind === "counted").find(({ objective }) => objective === name);
  if (query?.kind !== "server" || measured === undefined) return undefined;
  const { window, read } = await readerOf(serviceOf(query));
  const cells = await readServerCells(api, query, window, read);
  const routes = cells.kind === "answer" ? cells.value.filter(({ bad }) => bad.length > 0) : [];
  const isOne = new Set(routes.map(({ method, route }) => JSON.stringify([method, route]))).size === 1;
  const { cumulative, timestampSkewSeconds: skewSeconds } = measured;
  const moments: Looked["moments"] = async (subject) => ({ points: subject === undefined || isOne ? cumulative : [], skewSeconds });
  return { cells, steps: cumulative.length, moments };
}
