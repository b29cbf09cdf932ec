import type { ServerWindow } from "../collect/compared.ts";
import { readGrowth, type Growth } from "../collect/growth.ts";
import { guardService, type Guarded } from "../collect/guard.ts";
import type { PrometheusApi } from "../collect/prometheus.ts";
import type { ReadGrowth } from "../collect/server.ts";
import { serviceQueries } from "../compile/run.ts";
import type { LoadRun } from "../load/load-run.ts";
import type { Plan } from "../run/plan.ts";
import { wentElsewhere } from "./user-script.ts";
import type { RunTimes } from "./run-times.ts";
import type { UnservedLoad } from "./sent.ts";

/** Says between which runTimes a service may be read: of the judged load only, where its scrapes allow, and else from k6's beginning on. */
export interface ServerWindows {
  whole: ServerWindow;
  judged: ServerWindow | undefined;
  /** A scrape later than this is "before" the judged load, and holds all of setup and warm-up. */
  quietFromSeconds: number;
}

/** Plans both windows from the run's runTimes. */
export function serverWindows(
  { record, plan, sentIsWhole }: Pick<LoadRun, "record" | "plan" | "sentIsWhole">,
  runTimes: RunTimes,
  unserved: UnservedLoad,
  stepSeconds: number,
): ServerWindows {
  const offset = record.clockOffsetSeconds;
  const requests = (iterations: number): number => Math.ceil(iterations * Math.max(1, unserved.requestsPerIteration));
  const cutOff = requests(unserved.interrupted);
  const whole: ServerWindow = {
    fromSeconds: runTimes.begun + offset,
    begunSeconds: runTimes.begun + offset,
    toSeconds: runTimes.countedUntil,
    endedSeconds: runTimes.ended + offset,
    stepSeconds: Math.max(stepSeconds, record.scrapeIntervalSeconds),
    dropped: requests(unserved.dropped),
    cutOff,
    sentIsWhole,
    notJudged: unserved.notJudged + cutOff, // the service may count what k6 cut off, of the warm-up too
    judgedOnly: false,
    wentElsewhere: wentElsewhere(record),
  };
  const quiet = quietSeconds(plan);
  const judgedFrom = runTimes.judgedFrom + offset;
  // A user script does not say when its scenarios began, nor keep a quiet gap before them; and of several pods one may still warm up.
  const apart = record.script === null && (record.cluster?.pods ?? 1) === 1 && quiet > 0;
  const judged = { ...whole, fromSeconds: judgedFrom - scrapeTakesSeconds, notJudged: cutOff, judgedOnly: true };
  return { whole, judged: apart ? judged : undefined, quietFromSeconds: judgedFrom - quiet };
}

/** One service, or several, as their counters are read. */
export interface ServiceReader {
  window: ServerWindow;
  guarded: Guarded;
  read: ReadGrowth;
}

/** Chooses the window by the scrapes that there are, and opens the services in it. */
export async function openReader(
  api: PrometheusApi,
  services: readonly Record<string, string>[],
  windows: ServerWindows,
): Promise<ServiceReader> {
  const { judged, whole, quietFromSeconds } = windows;
  const guardAll = async (window: ServerWindow): Promise<Guarded> =>
    joined(await Promise.all(services.map((labels) => guardService(api, serviceQueries(labels), window))));
  const guarded = judged && (await guardAll(judged));
  const fresh = guarded?.kind === "sound" && guarded.instances.every(({ beforeSeconds }) => (beforeSeconds ?? Infinity) > quietFromSeconds);
  if (judged && fresh) return { window: judged, guarded, read: growthReader(api, guarded, judged) };
  const all = await guardAll(whole);
  return { window: whole, guarded: all, read: growthReader(api, all, whole) };
}

function joined(guards: readonly Guarded[]): Guarded {
  const problem = guards.find(({ kind }) => kind === "problem");
  if (problem !== undefined) return problem;
  if (guards.length === 0) return { kind: "problem", reason: "the counters carry no job, so nobody can tell when they were last scraped" };
  return { kind: "sound", instances: guards.flatMap((guard) => (guard.kind === "sound" ? guard.instances : [])) };
}

/** Asks about each counter once, however many objectives are about it. */
function growthReader(api: PrometheusApi, guarded: Guarded, window: ServerWindow): ReadGrowth {
  const asked = new Map<string, Promise<Growth>>();
  return (ask) => {
    if (guarded.kind === "problem") return Promise.resolve({ kind: "failed", reason: guarded.reason });
    const known = asked.get(ask.series.promql) ?? readGrowth(api, ask, guarded.instances, window);
    asked.set(ask.series.promql, known);
    return known;
  };
}

/** Reads each service once, however many objectives are about it. */
export function readersOnce(
  api: PrometheusApi,
  windows: ServerWindows,
): (services: readonly Record<string, string>[]) => Promise<ServiceReader> {
  const opened = new Map<string, Promise<ServiceReader>>();
  return (services) => {
    const key = JSON.stringify(services);
    const known = opened.get(key) ?? openReader(api, services, windows);
    opened.set(key, known);
    return known;
  };
}

/** A scrape bears the time at which it began, and counts what comes in until it is answered. */
const scrapeTakesSeconds = 0.1;
/** How long the warm-up of our scenarios runs on after its planned end: its graceful stop. */
const warmupRunsOnSeconds = 1;

/** Says for how long before the judged load our scenarios send nothing. k6's scenarios begin at 0, when setup has ended. */
export function quietSeconds(plan: Pick<Plan, "scenarios">): number {
  const ends = plan.scenarios.flatMap((one) => (one.judged ? [] : [(one.endSeconds ?? Infinity) + warmupRunsOnSeconds]));
  const starts = plan.scenarios.flatMap((one) => (one.judged ? [one.startSeconds] : []));
  return Math.max(0, Math.min(...starts) - Math.max(0, ...ends));
}
