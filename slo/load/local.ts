import { join } from "node:path";
import { exitCodes } from "../host/exit-codes.ts";
import type { Host } from "../host/host.ts";
import { lockTarget } from "../run/lock.ts";
import { rememberJudged, writeRecord, type RunRecord } from "../run/record.ts";
import { startRelay, type Relay } from "../run/relay/relay.ts";
import { runK6 } from "../run/run-k6.ts";
import { newRecord, sayK6Errors, settleLimitOf } from "./new-record.ts";
import { startLiveLine } from "./live-progress.ts";
import { noRun, pendingMessage, type LoadRun, type NoRun } from "./load-run.ts";
import { startStack, type Stack } from "./local-stack.ts";
import { preflight } from "./preflight.ts";
import type { LoadOptions, Prepared } from "./prepare.ts";
import { progressAt, writtenAt } from "./progress.ts";
import { prometheusAt } from "./prometheus.ts";
import type { Session } from "./session.ts";

/** Loads from this machine: starts what was not given, checks it, runs k6 behind the relay, and waits until Prometheus has it all. */
export async function runLocally(options: LoadOptions, prepared: Prepared, host: Host, session: Session): Promise<LoadRun | NoRun> {
  const { signal, held } = session;
  const taken = takeTarget(options, prepared, host, session);
  if (taken !== undefined) return noRun(exitCodes.notCarriedOut, taken);
  const stack = await startStack(options, host, prepared, session.group);
  if (stack.kind === "failed") return noRun(stack.refused ? exitCodes.badUsage : exitCodes.notCarriedOut, stack.message);
  if (signal.aborted) return noRun(exitCodes.interrupted, "");
  const prometheus = prometheusAt(stack.prometheus, host.settings.credentials);
  const checked = await preflight(options, host, prepared, stack, prometheus);
  if (checked.kind === "problem") return noRun(exitCodes.notCarriedOut, checked.message);
  const started = await startRelay({ folder: join(prepared.folder, "spool"), destination: prometheus.destination, say: host.say });
  if (started.kind === "failed") return noRun(exitCodes.notCarriedOut, started.message);
  const { relay } = started;
  held.defer(() => relay.close());
  const record = newRecord(options, host, prepared, stack, checked);
  writeRecord(prepared.folder, record);
  if (signal.aborted) return noRun(exitCodes.interrupted, "");
  await loadWithK6({ prepared, stack, relay, record }, host, session);
  sayK6Errors(record, host);
  const settleLimitSeconds = settleLimitOf(record, options.settleLimitSeconds);
  const flushed = await relay.flushed(settleLimitSeconds);
  if (flushed.kind === "pending") {
    const reason = `${flushed.bytes} bytes of samples are not in Prometheus: ${flushed.reason}`;
    return noRun(record.interrupted ? exitCodes.interrupted : exitCodes.inconclusive, pendingMessage(record, prepared.folder, reason));
  }
  return {
    kind: "run",
    record,
    plan: prepared.plan,
    sent: relay.sent(),
    sentIsWhole: true,
    caveats: relay.caveats(),
    prometheus,
    now: host.now,
    folder: prepared.folder,
    settleLimitSeconds,
    finished: false,
    judged: async (what) => rememberJudged(prepared.folder, record, what),
  };
}

/** Takes a given target for this run alone; says why it cannot. */
function takeTarget({ target }: LoadOptions, { testid }: Prepared, host: Host, { held }: Session): string | undefined {
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

/** What a run has by the time k6 starts. */
interface Running {
  prepared: Prepared;
  stack: Stack;
  relay: Relay;
  record: RunRecord;
}

/** Runs k6 to its end, or stops it when it overstays its plan; what became of it stands in the record. */
async function loadWithK6({ prepared, stack, relay, record }: Running, host: Host, { group, signal }: Session): Promise<void> {
  const { begun, ended } = runK6(group, {
    binary: prepared.k6,
    script: prepared.script,
    folder: prepared.folder,
    writeUrl: relay.url,
    testid: prepared.testid,
    segment: { index: 0, of: 1 },
    plan: prepared.plan,
    isUserScript: prepared.isUserScript,
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
