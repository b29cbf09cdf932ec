import { readCharts } from "../collect/charts.ts";
import { measureClient, type ClientWindow, type DropCount } from "../collect/client.ts";
import type { Measurement } from "../collect/measurement.ts";
import type { Span } from "../collect/points.ts";
import { answerOf, queryNumber, queryRange, queryVector, type PrometheusApi } from "../collect/prometheus.ts";
import { countersOf, grownBy, restartedIn, type Growth } from "../collect/growth.ts";
import type { Guarded } from "../collect/guard.ts";
import { readRoutes } from "../collect/routes.ts";
import { measureSeconds } from "../collect/seconds.ts";
import { measureServer } from "../collect/server.ts";
import { dropCauseOf, risesOf, type CpuShortage } from "../collect/starved.ts";
import { sumOfLast } from "../compile/counters.ts";
import type { ObjectiveQueries } from "../compile/objectives.ts";
import type { SecondsQueries } from "../compile/own-metrics.ts";
import { judged } from "../compile/scope.ts";
import { chartQueries, namedRoutes } from "../compile/run.ts";
import type { RunRecord } from "../run/record.ts";
import { isJudged, k6Labels, k6Metrics } from "../spec/names.ts";
import { ownDrops } from "./own-drops.ts";
import type { Asked, RunTimes } from "./run-times.ts";
import { totalsOf, unservedLoadOf } from "./sent.ts";
import { openReader, readersOnce, serverWindows, type ReaderOf, type ServiceReader } from "./server-side.ts";

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
  const got = await answerOf(() =>
    Promise.all([
      queryRange(api, read, fromSeconds, toSeconds, stepSeconds),
      queryNumber(api, read, toSeconds), // what is dropped at the very end must not fall behind the last step
    ]),
  );
  if (got.kind === "failed" || got.value[1] !== dropped) return undefined;
  const [over] = got.value;
  const before = (over[0]?.points ?? []).filter(({ atSeconds }) => atSeconds < toSeconds);
  return [...before, { atSeconds: toSeconds, value: dropped }];
}

/**
 * Tells what is known of k6's CPU; what is not known of one pod is unknown of the whole load. Of a k6 that was killed nobody knows what it lacked before,
 * as when memory ran out: what was slow or dropped then may be its own doing.
 */
export const shortageOf = ({ health, k6 }: Pick<RunRecord, "health" | "k6">): CpuShortage =>
  health?.known && k6?.signal !== "SIGKILL" ? { kind: "known", atSeconds: health.starvedAtSeconds } : { kind: "unknown" };

/** Finds when the judged load was on; our scenarios tell when they began, a user script does not. A named part of the load is a part of that time. */
function secondsWindowOf({ load: { record, plan }, times }: Asked, part: SecondsQueries["part"], { excusedDrops = 0 }: ClientWindow) {
  const { begun, judgedFrom, ended } = times;
  const fromSeconds = tellsBeginning(times) ? judgedFrom : undefined;
  const lengthSeconds = (fromSeconds === undefined ? plan.loadSeconds : plan.judgedSeconds) ?? Number.POSITIVE_INFINITY;
  const toSeconds = Math.min(ended, (fromSeconds ?? begun) + lengthSeconds);
  const shortage: CpuShortage = excusedDrops > 0 ? { kind: "unknown" } : shortageOf(record);
  const window = { fromSeconds, toSeconds, begunSeconds: begun, endedSeconds: ended, shortage };
  if (part?.kind !== "stretch" || fromSeconds === undefined) return window;
  return { ...window, fromSeconds: fromSeconds + part.fromSeconds, toSeconds: fromSeconds + part.toSeconds };
}

/** Tells whether the scenario itself said when it began, as ours do; of any other only k6's own beginning is known. */
const tellsBeginning = ({ begun, judgedFrom }: RunTimes): boolean => judgedFrom !== begun;

/** Says why nobody knows when the named parts of a load began; undefined where that is known. */
function stretchesUnknown({ load: { record }, times }: Asked): string | undefined {
  if ((record.cluster?.pods ?? 1) > 1)
    return "the load of several pods does not begin everywhere at once, so the borders of a phase are not known";
  return tellsBeginning(times) ? undefined : "the script does not say when its load began, so the borders of a phase are not known";
}

/** Says what of the client's counts is asked for, and what is known of the load that they lack. */
async function clientWindowOf({ api, load, times, unserved }: Asked) {
  const { record } = load;
  const shortage = shortageOf(record);
  const stepSeconds = stepOf(times.ended - times.judgedFrom);
  const span = { fromSeconds: times.judgedFrom, toSeconds: times.ended + 1, stepSeconds };
  const drops = await droppedOver(api, record.testid, span, unserved.dropped);
  const dropCause = dropCauseOf(drops && risesOf(drops, stepSeconds), shortage);
  const excused = await answerOf(() => ownDrops(api, load, span, drops ?? []));
  const excusedDrops = excused.kind === "answer" ? excused.value : unserved.dropped;
  return { ...span, ...unserved, dropsOver: drops ?? [], dropCause, excusedDrops, shortage };
}

async function measure(asked: Asked, query: ObjectiveQueries, client: ClientWindow, readerOf: ReaderOf): Promise<Measurement> {
  const { api, load, totals, unserved, serviceOf } = asked;
  const unknown = query.kind !== "server" && query.part?.kind === "stretch" ? stretchesUnknown(asked) : undefined;
  if (unknown !== undefined) return { kind: "absent", objective: query.objective, reason: unknown, queries: { total: "", bad: "" } };
  switch (query.kind) {
    case "client": {
      if (query.part?.kind !== "scenario") return measureClient(api, query, client);
      // What was dropped of one k6 scenario is known of it, though not when.
      const { name } = query.part;
      const sent = totalsOf(load.sent, (labels) => isJudged(labels) && labels[k6Labels.scenario] === name);
      const own = unservedLoadOf(load.record, totals, sent);
      return measureClient(api, query, { ...client, ...own, dropsOver: [] });
    }
    case "seconds":
      return measureSeconds(api, query, secondsWindowOf(asked, query.part, client));
    case "server": {
      const { window, guarded, read } = await readerOf(serviceOf(query));
      const neverBegan: Guarded = { kind: "failed", reason: "the load that is judged never began" };
      return measureServer(api, query, window, unserved.judged > 0 ? guarded : neverBegan, read);
    }
  }
}

export async function readRun(asked: Asked) {
  const { api, load, queries } = asked;
  const client = await clientWindowOf(asked);
  const windows = serverWindows(load, asked.times, asked.unserved, client.stepSeconds);
  const readerOf = readersOnce(api, windows);
  const measurements = await Promise.all(queries.map((query) => measure(asked, query, client, readerOf)));
  const own = [load.record.serverLabels];
  const side = await readerOf(own);
  const whole = side.window.judgedOnly ? await openReader(api, own, { ...windows, judged: undefined }) : side;
  return { ...(await readPictures(asked, side, whole)), measurements, client, readerOf };
}
export type Reading = Awaited<ReturnType<typeof readRun>>;

/** Reads what the report shows and no verdict rests on. */
async function readPictures({ api, load: { record }, spec, times }: Asked, side: ServiceReader, whole: ServiceReader) {
  // The service knows its routes by paths: what a script leaves named by its URL cannot be looked for there.
  const query = namedRoutes(record.testid, times.ended - times.begun + 60);
  const named = await answerOf(() => queryVector(api, query, times.ended + 1));
  const names = named.kind === "answer" ? named.value.map(({ labels }) => labels["name"] ?? "") : [];
  const isComparable = names.every((name) => name.startsWith("/"));
  const charted = chartQueries({ testid: record.testid, server: record.serverLabels, routes: names, metrics: spec.metrics });
  const chartWindow = {
    fromSeconds: Math.floor(times.begun),
    toSeconds: times.ended + 1,
    clockOffsetSeconds: record.clockOffsetSeconds,
    scrapeIntervalSeconds: record.scrapeIntervalSeconds,
    judgedFromSeconds: times.judgedFrom,
  };
  const { requests: served, errors: failed, took } = charted.grown;
  const [charts, routes, requests, errors, units, timed] = await Promise.all([
    readCharts(api, charted, chartWindow),
    readRoutes(api, charted, { ...chartWindow, fromSeconds: times.judgedFrom }),
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
    served: {
      requests: isComparable ? requests : null,
      errors: requests === null || !isComparable ? null : (errors ?? null),
      meanSeconds: mean,
    },
  };
}
