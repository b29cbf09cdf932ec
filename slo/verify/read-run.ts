import { readCharts } from "../collect/charts.ts";
import { measureClient, type ClientWindow, type DropCount } from "../collect/client.ts";
import type { Measurement } from "../collect/measurement.ts";
import type { Span } from "../collect/points.ts";
import { queryNumber, queryRange, queryVector, type PrometheusApi } from "../collect/prometheus.ts";
import { countersOf, grownBy, restartedIn, type Growth } from "../collect/growth.ts";
import type { Guarded } from "../collect/guard.ts";
import { readRoutes } from "../collect/routes.ts";
import { measureSeconds, type SecondsWindow } from "../collect/seconds.ts";
import { measureServer } from "../collect/server.ts";
import { dropCauseOf, risesOf, type CpuShortage } from "../collect/starved.ts";
import { sumOfLast } from "../compile/counters.ts";
import type { ObjectiveQueries } from "../compile/objectives.ts";
import type { SecondsQueries } from "../compile/own-metrics.ts";
import { judged } from "../compile/scope.ts";
import { chartQueries, namedRoutes } from "../compile/run.ts";
import type { LoadRun } from "../load/load-run.ts";
import type { RunRecord } from "../run/record.ts";
import { k6Metrics } from "../spec/names.ts";
import type { Metrics } from "../spec/presets.ts";
import type { RunTimes, ServiceOf } from "./run-times.ts";
import { judgedSentOf, totalsOf, unservedLoadOf, type UnservedLoad } from "./sent.ts";
import { openReader, readersOnce, serverWindows, type ServiceReader } from "./server-side.ts";

const numberOf = (growth: Growth): number | null => {
  const counters = countersOf(growth);
  return counters.length === 0 ? null : grownBy(counters, restartedIn(counters));
};

/** Reads no series of errors as none of them, which holds where the requests were read; an answer that failed is unknown. */
const errorsOf = (growth: Growth): number | null => (growth.kind === "failed" ? null : (numberOf(growth) ?? 0));

/** Steps are seconds, and longer where Prometheus would refuse so many points (11,000). */
const stepOf = (lengthSeconds: number): number => Math.max(1, lengthSeconds / 5000);

/** Reads how many judged iterations had been dropped at each moment; undefined where not all of them can be placed in time. */
export async function droppedOver(api: PrometheusApi, testid: string, span: Span, dropped: number): Promise<DropCount[] | undefined> {
  if (dropped === 0) return [];
  const { fromSeconds, toSeconds, stepSeconds } = span;
  const read = sumOfLast(judged(k6Metrics.droppedIterations, testid))(toSeconds - fromSeconds + 60);
  const [over, end] = await Promise.all([
    queryRange(api, read, fromSeconds, toSeconds, stepSeconds),
    queryNumber(api, read, toSeconds), // what is dropped at the very end must not fall behind the last step
  ]);
  if (over.kind === "failed" || end.kind === "failed" || end.value !== dropped) return undefined;
  const before = (over.value[0]?.points ?? []).filter(({ atSeconds }) => atSeconds < toSeconds);
  return [...before, { atSeconds: toSeconds, value: dropped }];
}

/** Tells what is known of k6's CPU; what is not known of one pod is unknown of the whole load. */
export function shortageOf({ health }: Pick<RunRecord, "health">): CpuShortage {
  return health?.known ? { kind: "known", atSeconds: health.starvedAtSeconds } : { kind: "unknown" };
}

/** Finds when the judged load was on; our scenarios tell when they began, a user script does not. */
function secondsWindowOf({ record, plan }: Pick<LoadRun, "record" | "plan">, runTimes: RunTimes): SecondsWindow {
  const { begun, judgedFrom, ended } = runTimes;
  const fromSeconds = tellsBeginning(runTimes) ? judgedFrom : undefined;
  const lengthSeconds = (fromSeconds === undefined ? plan.loadSeconds : plan.judgedSeconds) ?? Number.POSITIVE_INFINITY;
  const toSeconds = Math.min(ended, (fromSeconds ?? begun) + lengthSeconds);
  return { fromSeconds, toSeconds, begunSeconds: begun, endedSeconds: ended, shortage: shortageOf(record) };
}

/** Tells whether the scenario itself said when it began, as ours do; of any other only k6's own beginning is known. */
const tellsBeginning = ({ begun, judgedFrom }: RunTimes): boolean => judgedFrom !== begun;

/** Says why nobody knows when the named parts of a load began; undefined where that is known. */
function stretchesUnknown({ record }: Pick<LoadRun, "record">, runTimes: RunTimes): string | undefined {
  if ((record.cluster?.pods ?? 1) > 1)
    return "the load of several pods does not begin everywhere at once, so the borders of a phase are not known";
  return tellsBeginning(runTimes) ? undefined : "the script does not say when its load began, so the borders of a phase are not known";
}

/** Narrows the time whose seconds are judged to a named part of the load. */
function secondsIn(part: SecondsQueries["part"], seconds: SecondsWindow): SecondsWindow {
  const { fromSeconds } = seconds;
  if (part?.kind !== "stretch" || fromSeconds === undefined) return seconds;
  return { ...seconds, fromSeconds: fromSeconds + part.fromSeconds, toSeconds: fromSeconds + part.toSeconds };
}

async function measureAll(
  api: PrometheusApi,
  queries: readonly ObjectiveQueries[],
  clientOf: (scenario: string | undefined) => ClientWindow,
  seconds: SecondsWindow,
  readerOf: ReturnType<typeof readersOnce>,
  serviceOf: ServiceOf,
  began: boolean,
  stretchesUnknown: string | undefined,
): Promise<Measurement[]> {
  const neverBegan: Guarded = { kind: "problem", reason: "the load that is judged never began" };
  return Promise.all(
    queries.map(async (query) => {
      if (query.kind !== "server" && query.part?.kind === "stretch" && stretchesUnknown !== undefined)
        return { kind: "absent", objective: query.objective, reason: stretchesUnknown, queries: { total: "", bad: "" } };
      switch (query.kind) {
        case "client":
          return measureClient(api, query, clientOf(query.part?.kind === "scenario" ? query.part.name : undefined));
        case "seconds":
          return measureSeconds(api, query, secondsIn(query.part, seconds));
        case "server": {
          const { window, guarded, read } = await readerOf(serviceOf(query));
          return measureServer(api, query, window, began ? guarded : neverBegan, read);
        }
      }
    }),
  );
}

/** Reads everything that a verdict and a report need, from Prometheus alone. */
export async function readRun(
  api: PrometheusApi,
  load: Pick<LoadRun, "record" | "plan" | "sent" | "sentIsWhole">,
  { queries, metrics }: { queries: readonly ObjectiveQueries[]; metrics: Metrics },
  runTimes: RunTimes,
  unserved: UnservedLoad,
  serviceOf: ServiceOf,
) {
  const { record } = load;
  const shortage = shortageOf(record);
  const stepSeconds = stepOf(runTimes.ended - runTimes.judgedFrom);
  const span = { fromSeconds: runTimes.judgedFrom, toSeconds: runTimes.ended + 1, stepSeconds };
  const drops = await droppedOver(api, record.testid, span, unserved.dropped);
  const dropCause = dropCauseOf(drops && risesOf(drops, stepSeconds), shortage);
  const client: ClientWindow = { ...span, ...unserved, dropsOver: drops ?? [], dropCause, shortage };
  // What was dropped of one k6 scenario is known of it, though not when.
  const clientOf = (scenario: string | undefined): ClientWindow => {
    const own = scenario === undefined ? unserved : unservedLoadOf(record, totalsOf(load.sent), judgedSentOf(load.sent, scenario));
    return scenario === undefined ? client : { ...client, ...own, dropsOver: [] };
  };
  const windows = serverWindows(load, runTimes, unserved, stepSeconds);
  const readerOf = readersOnce(api, windows);
  const measurements = await measureAll(
    api,
    queries,
    clientOf,
    secondsWindowOf(load, runTimes),
    readerOf,
    serviceOf,
    unserved.judged > 0,
    stretchesUnknown(load, runTimes),
  );
  const side = await readerOf([record.serverLabels]);
  const whole = side.window.judgedOnly ? await openReader(api, [record.serverLabels], { ...windows, judged: undefined }) : side;
  return { ...(await readPictures(api, record, metrics, runTimes, side, whole)), measurements, dropCause, client, readerOf };
}
export type Reading = Awaited<ReturnType<typeof readRun>>;

/** Reads what the report shows and no verdict rests on. */
async function readPictures(
  api: PrometheusApi,
  record: RunRecord,
  metrics: Metrics,
  runTimes: RunTimes,
  side: ServiceReader,
  whole: ServiceReader,
) {
  const named = await queryVector(api, namedRoutes(record.testid, runTimes.ended - runTimes.begun + 60), runTimes.ended + 1);
  const names = named.kind === "answer" ? named.value.map(({ labels }) => labels["name"] ?? "") : [];
  const charted = chartQueries({ testid: record.testid, server: record.serverLabels, routes: names, metrics });
  const chartWindow = {
    fromSeconds: Math.floor(runTimes.begun),
    toSeconds: runTimes.ended + 1,
    clockOffsetSeconds: record.clockOffsetSeconds,
    scrapeIntervalSeconds: record.scrapeIntervalSeconds,
    judgedFromSeconds: runTimes.judgedFrom,
  };
  const { requests: served, errors: failed, took } = charted.grown;
  const [charts, routes, requests, errors, units, timed] = await Promise.all([
    readCharts(api, charted, chartWindow),
    readRoutes(api, charted, { ...chartWindow, fromSeconds: runTimes.judgedFrom }),
    whole.read(served).then(numberOf),
    failed && whole.read(failed).then(errorsOf),
    took && side.read(took.sum).then(numberOf),
    took && side.read(took.count).then(numberOf),
  ]);
  const mean = took && typeof units === "number" && timed ? units / took.unitsPerSecond / timed : null;
  return {
    charts,
    routes,
    /** Growth over the whole run, warm-up and setup included, on the routes that the client named; null where it cannot be read. */
    served: { requests, errors: requests === null ? null : (errors ?? null), meanSeconds: mean },
  };
}
