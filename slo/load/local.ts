import { join } from "node:path";
import { exitCodes } from "../host/exit-codes.ts";
import type { Host } from "../host/host.ts";
import { lockTarget } from "../run/lock.ts";
import { rememberJudged, writeRecord, type RunRecord } from "../run/record.ts";
import { startRelay, type Relay } from "../run/relay/relay.ts";
import { runK6 } from "../run/run-k6.ts";
import { newRecord, sayK6Errors, settleLimitOf } from "./new-record.ts";
import { failed, noRun, pendingMessage, unflushed, type LoadRun, type NoRun } from "./load-run.ts";
import { startStack, type Stack } from "./local-stack.ts";
import { preflight } from "./preflight.ts";
import type { Prepared } from "./prepare.ts";
import { progressAt, startLiveLine, writtenAt } from "./progress.ts";
import { prometheusAt, type PrometheusEnds } from "./prometheus.ts";
import type { Session } from "./session.ts";

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

/** What a run has by the time k6 starts. */
interface Running {
  kind: "ready";
  stack: Stack;
  prometheus: PrometheusEnds;
  relay: Relay;
  record: RunRecord;
}

async function makeReady(prepared: Prepared, host: Host, session: Session): Promise<Running | NoRun> {
  const { signal, held, group } = session;
  const { folder } = prepared;
  const taken = takeTarget(prepared, host, session);
  if (taken !== undefined) return failed(taken);
  const stack = await startStack(prepared, host, group);
  if (stack.kind === "failed") return noRun(stack.refused ? exitCodes.badUsage : exitCodes.notCarriedOut, stack.message);
  if (signal.aborted) return noRun(exitCodes.interrupted, "");
  const prometheus = prometheusAt(stack.prometheus, host.settings.credentials);
  const checked = await preflight(prepared, host, stack, prometheus);
  if (checked.kind === "problem") return failed(checked.message);
  const started = await startRelay({ folder: join(folder, "spool"), destination: prometheus.destination, say: host.say });
  if (started.kind === "failed") return failed(started.message);
  const { relay } = started;
  held.defer(() => relay.close());
  const record = newRecord(prepared, host, stack, checked.value);
  writeRecord(folder, record);
  return signal.aborted ? noRun(exitCodes.interrupted, "") : { kind: "ready", stack, prometheus, relay, record };
}

/** Takes a given target for this run alone; says why it cannot. */
function takeTarget({ testid, options: { target } }: Prepared, host: Host, { held }: Session): string | undefined {
  if (target === undefined) return undefined;
  const lock = lockTarget(join(host.cache, "locks"), target, testid);
  switch (lock.kind) {
    case "held":
      held.defer(() => lock.release());
      return undefined;
    case "taken":
      return `the run ${lock.note} (process ${lock.pid}) is loading ${target} now; wait for it, or stop it`;
    case "failed":
      return lock.message;
  }
}

/** Runs k6 to its end, or stops it when it overstays its plan; what became of it stands in the record. */
async function loadWithK6({ stack, relay, record }: Running, prepared: Prepared, host: Host, { group, signal }: Session): Promise<void> {
  const { begun, ended } = runK6(group, {
    ...prepared,
    binary: prepared.k6,
    writeUrl: relay.url,
    segment: { index: 0, of: 1 },
    target: stack.target,
    environment: { ...host.environment, ...prepared.scenarioEnvironment },
    signal,
  });
  record.k6 = begun;
  record.phase = "loading";
  writeRecord(prepared.folder, record);
  const live = startLiveLine(prepared, host, () => ({
    ...progressAt(relay.sent(), relay.lastLatency(), begun.startedAtSeconds),
    writtenAtSeconds: writtenAt(relay.sent()),
  }));
  const watch = watchStack(stack, record, host);
  const driven = await ended;
  live.stop();
  watch.stop();
  record.interrupted = signal.aborted;
  record.k6 = driven.k6;
  record.health = driven.health;
  record.caveats.push(...driven.caveats);
  record.phase = "loaded";
  writeRecord(prepared.folder, record);
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
