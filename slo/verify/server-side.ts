import type { ServerWindow } from "../collect/compared.ts";
import { readGrowth, type Growth } from "../collect/growth.ts";
import { guardService, type Guarded } from "../collect/guard.ts";
import { mostUnserved } from "../collect/measurement.ts";
import { answerOf, known, Unreadable, type PrometheusApi } from "../collect/prometheus.ts";
import type { ReadGrowth } from "../collect/server.ts";
import { serviceQueries } from "../compile/run.ts";
import type { LoadRun } from "../load/load-run.ts";
import type { Plan } from "../run/plan.ts";
import { namedElsewhere } from "./user-script.ts";
import type { RunTimes } from "./run-times.ts";
import type { UnservedLoad } from "./sent.ts";

/** Plans between which moments a service may be read: of the judged load only, where its scrapes allow, and else from k6's beginning on. */
export function serverWindows(
  { record, plan, sentIsWhole }: Pick<LoadRun, "record" | "plan" | "sentIsWhole">,
  runTimes: RunTimes,
  unserved: UnservedLoad,
  stepSeconds: number,
) {
  const offset = record.clockOffsetSeconds;
  const cutOff = mostUnserved(0, unserved);
  const whole: ServerWindow = {
    fromSeconds: runTimes.begun + offset,
    begunSeconds: runTimes.begun + offset,
    toSeconds: runTimes.countedUntil,
    endedSeconds: runTimes.ended + offset,
    stepSeconds: Math.max(stepSeconds, record.scrapeIntervalSeconds),
    dropped: mostUnserved(unserved.dropped, { ...unserved, interrupted: 0 }),
    cutOff,
    sentIsWhole,
    notJudged: unserved.notJudged + cutOff, // the service may count what k6 cut off, of the warm-up too
    judgedOnly: false,
    namedElsewhere: namedElsewhere(record),
  };
  const quiet = quietSeconds(plan);
  const judgedFrom = runTimes.judgedFrom + offset;
  // A user script says when its scenarios began, and keeps a quiet gap before them, only where plimsoll/k6 laid them out; and of several pods one may still warm up.
  const laidOut = record.script === null || plan.scenarios.every(({ name, judged }) => !judged || runTimes.told.includes(name));
  const apart = laidOut && (record.cluster?.pods ?? 1) === 1 && quiet > 0;
  const judged = { ...whole, fromSeconds: judgedFrom - scrapeTakesSeconds, judgedOnly: true };
  // A scrape later than this is "before" the judged load, and holds all of setup and warm-up.
  return { whole, judged: apart ? judged : undefined, quietFromSeconds: judgedFrom - quiet };
}
export type ServerWindows = ReturnType<typeof serverWindows>;

/** Chooses the window by the scrapes that there are, and opens the services in it. */
export async function openReader(api: PrometheusApi, services: readonly Record<string, string>[], windows: ServerWindows) {
  const { judged, whole, quietFromSeconds } = windows;
  const guardAll = (window: ServerWindow): Promise<Guarded> =>
    answerOf(async () => {
      const guards = await Promise.all(services.map((labels) => guardService(api, serviceQueries(labels), window)));
      if (guards.length > 0) return guards.flatMap(known);
      throw new Unreadable(
        "Prometheus holds no series of these counters that carries a job: is each name right, and is the service scraped?",
      );
    });
  const guarded = judged && (await guardAll(judged));
  const fresh = guarded?.kind === "answer" && guarded.value.every(({ beforeSeconds }) => (beforeSeconds ?? Infinity) > quietFromSeconds);
  if (judged && fresh) return { window: judged, guarded, read: growthReader(api, guarded, judged) };
  const all = await guardAll(whole);
  return { window: whole, guarded: all, read: growthReader(api, all, whole) };
}
export type ServiceReader = Awaited<ReturnType<typeof openReader>>;

/** Gives the first answer again to whoever asks about the same. */
function once<T, R>(ask: (about: T) => R, keyOf: (about: T) => string): (about: T) => R {
  const asked = new Map<string, R>();
  return (about) => {
    const answer = asked.get(keyOf(about)) ?? ask(about);
    asked.set(keyOf(about), answer);
    return answer;
  };
}

/** Asks about each counter once, however many objectives are about it. */
function growthReader(api: PrometheusApi, guarded: Guarded, window: ServerWindow): ReadGrowth {
  if (guarded.kind === "failed") return () => Promise.resolve(guarded);
  return once<Parameters<ReadGrowth>[0], Promise<Growth>>(
    (ask) => readGrowth(api, ask, guarded.value, window),
    ({ series, part }) => JSON.stringify([series.promql, part]),
  );
}

/** Reads each service once, however many objectives are about it. */
export const readersOnce = (api: PrometheusApi, windows: ServerWindows) =>
  once((services: readonly Record<string, string>[]) => openReader(api, services, windows), JSON.stringify);
export type ReaderOf = ReturnType<typeof readersOnce>;

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
