import { join } from "node:path";
import { exitCodes } from "../host/exit-codes.ts";
import type { Host } from "../host/host.ts";
import type { ProcessGroup } from "../host/process-group.ts";
import {
  findMetrics,
  freePort,
  type NotStarted,
  scrapeIntervalOf,
  scrapeUrl,
  startPrometheus,
  startTarget,
  usualScrapeSeconds,
} from "../run/local-services.ts";
import type { TargetPod } from "../run/kubernetes/target-pods.ts";
import { lockTarget } from "../run/lock.ts";
import { rememberJudged, writeRecord, type RunRecord } from "../run/record.ts";
import { startRelay } from "../run/relay/relay.ts";
import { runK6 } from "../run/run-k6.ts";
import { cacheFolder } from "../run/tools/locate.ts";
import { keepRecord, newRecord, sayK6Errors, settleLimitOf } from "./new-record.ts";
import { failed, noRun, pendingMessage, unflushed, type LoadRun, type NoRun } from "./load-run.ts";
import { preflight } from "./preflight.ts";
import type { LoadOptions, Prepared } from "./prepare.ts";
import { progressAt, startLiveLine } from "./progress.ts";
import { prometheusAt } from "./prometheus.ts";
import type { Session } from "./session.ts";
import { provedSoFar, watchProof } from "./stop-on-proof.ts";

/** Loads from this machine: starts what was not given, checks it, runs k6 behind the relay, and waits until Prometheus has it all. */
export async function runLocally(prepared: Prepared, host: Host, session: Session): Promise<LoadRun | NoRun> {
  const { folder, options } = prepared;
  const running = await makeReady(prepared, host, session);
  if (running.kind === "none") return running;
  const { record, relay, prometheus } = running;
  await loadWithK6(running, prepared, host, session);
  sayK6Errors(record, host);
  const settleLimitSeconds = settleLimitOf(record, options.settleLimitSeconds);
  const flushed = await relay.flushed(settleLimitSeconds);
  if (flushed.kind === "pending")
    return noRun(record.interrupted ? exitCodes.interrupted : exitCodes.inconclusive, pendingMessage(record, folder, unflushed(flushed)));
  return {
    kind: "run",
    record,
    plan: prepared.plan,
    sent: relay.sent(),
    sentIsWhole: true,
    caveats: relay.caveats(),
    prometheus,
    now: host.now,
    folder,
    settleLimitSeconds,
    finished: false,
    judged: async (what) => rememberJudged(folder, record, what),
  };
}

async function makeReady(prepared: Prepared, host: Host, session: Session) {
  const { signal, held, group } = session;
  const { folder } = prepared;
  const taken = takeTarget(prepared, host, session);
  if (taken !== undefined) return failed(taken);
  const stack = await startStack(prepared, host, group);
  if (stack.kind === "failed") return noRun(stack.refused ? exitCodes.badUsage : exitCodes.notCarriedOut, stack.message);
  if (signal.aborted) return noRun(exitCodes.interrupted, "");
  const prometheus = prometheusAt(stack.prometheus, host.settings.credentials);
  const checked = await preflight(prepared, host, stack, prometheus, signal);
  if (checked.kind === "none") return checked;
  const marks = prepared.spec.objectives.some(({ indicator }) => indicator.kind === "throughput");
  const started = await startRelay({ folder: join(folder, "spool"), destination: prometheus.destination, say: host.say, marks });
  if (started.kind === "failed") return failed(started.message);
  const { relay } = started;
  held.defer(() => relay.close());
  const record = newRecord(prepared, host, stack, checked.value);
  writeRecord(folder, record);
  return signal.aborted ? noRun(exitCodes.interrupted, "") : { kind: "ready" as const, stack, prometheus, relay, record };
}
type Running = Exclude<Awaited<ReturnType<typeof makeReady>>, NoRun>;

/** Takes a given target for this run alone; says why it cannot. */
function takeTarget({ testid, options: { target } }: Prepared, host: Host, { held }: Session): string | undefined {
  if (target === undefined) return undefined;
  const lock = lockTarget(join(cacheFolder(host.environment, process.platform), "locks"), target, testid);
  if (lock.kind === "failed") return lock.message;
  if (lock.kind === "taken") return `the run ${lock.note} (process ${lock.pid}) is loading ${target} now; wait for it, or stop it`;
  held.defer(lock.release);
  return undefined;
}

/** Runs k6 to its end, or stops it when it overstays its plan; what became of it stands in the record. */
async function loadWithK6({ stack, prometheus, relay, record }: Running, prepared: Prepared, host: Host, { group, signal }: Session) {
  const look = (): ReturnType<typeof provedSoFar> => provedSoFar(prepared.spec, relay.sent(), !prepared.isUserScript, prepared.plan);
  const stop = watchProof(prepared.options.stopOn === undefined ? () => undefined : look, host);
  const { begun, ended } = runK6(group, {
    ...prepared,
    binary: prepared.k6,
    writeUrl: relay.url,
    segment: { index: 0, of: 1 },
    target: stack.target,
    environment: { ...host.environment, ...prepared.scenarioEnvironment },
    signal: AbortSignal.any([signal, stop.signal]),
  });
  record.k6 = begun;
  record.phase = "loading";
  keepRecord(prepared.folder, record, host);
  const live = startLiveLine(prepared, host, prometheus.api, () => progressAt(relay.sent(), begun.startedAtSeconds));
  const watch = watchStack(stack, record, host);
  const driven = await ended;
  stop.end();
  live.stop();
  watch.stop();
  record.interrupted = signal.aborted;
  record.k6 = driven.k6;
  const proof = stop.proof();
  const endedAt = driven.k6.endedAtSeconds ?? host.now();
  if (proof !== undefined && !signal.aborted) record.stoppedOnProof = { ...proof, afterSeconds: endedAt - begun.startedAtSeconds };
  record.health = driven.health;
  record.caveats.push(...driven.caveats);
  record.phase = "loaded";
  keepRecord(prepared.folder, record, host);
}

/** Notes when a part of the local stack ends in the middle of the load; the load goes on, because what it meets then is the truth. */
function watchStack(stack: Stack, record: RunRecord, host: Host): { stop: () => void } {
  let over = false;
  for (const child of stack.children) {
    void child.exited.then((exit) => {
      if (over) return;
      const after = host.now() - (record.k6?.startedAtSeconds ?? host.now());
      const sentence = `${child.name} ended ${after.toFixed(1)} s after k6 began (${exit.signal ?? exit.error ?? `exit code ${exit.code}`})`;
      record.notes.push(sentence);
      host.say(sentence);
    });
  }
  return { stop: () => void (over = true) };
}

type Stack = Exclude<Awaited<ReturnType<typeof startStack>>, NotStarted>;
/** What a run works with: a target and a Prometheus, started here or given. */
export type Place = Omit<Stack, "kind" | "children" | "scrapeIntervalSeconds"> &
  Partial<Pick<Stack, "scrapeIntervalSeconds">> & {
    /** Lists the target's pods, where a cluster can tell. */
    pods?: () => Promise<readonly TargetPod[]>;
  };

function targetEnvironment({ store = "memory", fault }: LoadOptions, host: Host, folder: string): NodeJS.ProcessEnv {
  const file = store === "sqlite" ? { STORE_FILE: join(folder, "store.sqlite") } : {};
  return { ...host.environment, STORE: store, ...file, ...(fault === undefined ? {} : { FAULTS: fault }) };
}

/** Finds where a given target's metrics are read and how often, and says so when that is not as usual. */
async function metricsOf(targetUrl: string, { scrape, options }: Pick<Prepared, "scrape" | "options">, host: Host) {
  if (options.target === undefined) return { scrape, intervalSeconds: usualScrapeSeconds };
  const found = await findMetrics(targetUrl, scrape);
  if (found !== scrape)
    host.say(`nothing answers at ${scrapeUrl(targetUrl, scrape)}: the service's metrics are read at ${scrapeUrl(targetUrl, found)}`);
  const intervalSeconds = await scrapeIntervalOf(scrapeUrl(targetUrl, found));
  if (intervalSeconds >= 1) host.say(`the service's metrics take long to read: they are scraped every ${intervalSeconds} s`);
  return { scrape: found, intervalSeconds };
}

/** Starts what was not given: the storage API without `--target`, Prometheus without `--prometheus`; both at once. */
async function startStack({ options, folder, ...prepared }: Prepared, host: Host, group: ProcessGroup) {
  const port = await freePort();
  const targetUrl = options.target ?? `http://127.0.0.1:${port}`;
  const metrics = prepared.prometheus ? await metricsOf(targetUrl, { options, ...prepared }, host) : undefined;
  const [target, prometheus] = await Promise.all([
    options.target === undefined
      ? startTarget(group, {
          root: host.project,
          logFile: join(folder, "target.log"),
          port,
          environment: targetEnvironment(options, host, folder),
        })
      : undefined,
    prepared.prometheus
      ? startPrometheus(group, {
          binary: prepared.prometheus,
          folder: join(folder, "prometheus"),
          logFile: join(folder, "prometheus.log"),
          job: prepared.spec.service,
          targetUrl,
          ...metrics,
        })
      : undefined,
  ]);
  if (target?.kind === "failed") return target;
  if (prometheus?.kind === "failed") return prometheus;
  return {
    kind: "up" as const,
    target: targetUrl,
    prometheus: options.prometheus ?? prometheus?.url ?? "",
    /** True when Prometheus was started here, with its data in the run's folder. */
    embedded: options.prometheus === undefined,
    /** How often that one scrapes the service, seconds. */
    scrapeIntervalSeconds: metrics?.intervalSeconds,
    children: [target, prometheus].flatMap((started) => (started ? [started.child] : [])),
  };
}
