import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { errorMessage } from "../host/error-message.ts";
import { exitCodes } from "../host/exit-codes.ts";
import type { Host } from "../host/host.ts";
import { messageLines, podConfigSchema, type PodMessage } from "../run/kubernetes/message.ts";
import { readPlan } from "../run/plan.ts";
import { startRelay, type Relay } from "../run/relay/relay.ts";
import { runK6, type Driven } from "../run/run-k6.ts";
import { resolveTool } from "../run/tools/resolve.ts";
import { meetOthers } from "./barrier.ts";
import { failed, unflushed, type NoRun } from "./load-run.ts";
import { checkClock, checkTarget, patiently, stoppedEarly } from "./preflight.ts";
import { prometheusAt } from "./prometheus.ts";
import { openSession, type Session } from "./session.ts";

/** How often a pod tells what it has sent so far, which is also what is known of one that is killed. */
const progressMillis = 3000;
/** What a pod that is told to stop has left for the relay. */
const hurriedSeconds = 15;

type Share = Extract<ReturnType<typeof readPodConfig>, { kind: "taken" }> & {
  host: Host;
  session: Session;
  say: (message: PodMessage) => void;
};

/** Carries one pod's share of a run, as its config says, and tells in its log what became of it; gives the exit code. */
export async function pod(options: Parameters<typeof readPodConfig>[0], host: Host): Promise<number> {
  let said = 0;
  const say = (message: PodMessage): void => messageLines(message, (said += 1)).forEach((line) => host.out(line));
  const taken = readPodConfig(options, host);
  await using session = openSession(host, "stopping k6");
  const ended = taken.kind === "none" ? taken : await carry({ ...taken, host, session, say });
  if (typeof ended === "number") return ended;
  say({ kind: "refused", message: ended.message });
  return exitCodes.notCarriedOut;
}

function readPodConfig({ config: folder, index }: { config: string; index: string | undefined }, host: Host) {
  try {
    const read = podConfigSchema.safeParse(JSON.parse(readFileSync(join(folder, "pod-config.json"), "utf8")));
    if (!read.success) return failed("this image is of another version than the command that sent the config: build it anew");
    const config = read.data;
    const place = Number(index ?? Number.NaN);
    if (!Number.isInteger(place) || place < 0 || place >= config.pods)
      return failed(`JOB_COMPLETION_INDEX is ${index ?? "not set"}, and the run has ${config.pods} pods`);
    const parts = readdirSync(folder).filter((name) => name.endsWith(".gz"));
    const packed = Buffer.concat(parts.toSorted().map((name) => readFileSync(join(folder, name))));
    const script = join(host.folder, "run", config.script);
    mkdirSync(join(host.folder, "run"), { recursive: true });
    writeFileSync(script, gunzipSync(packed));
    return { kind: "taken" as const, config, index: place, script };
  } catch (error) {
    return failed(`the config in ${folder} cannot be read: ${errorMessage(error)}`);
  }
}

async function carry(share: Share): Promise<number | NoRun> {
  const { config, index, host, session, say } = share;
  const { signal } = session;
  const ends = prometheusAt(config.prometheus, host.settings.credentials);
  const [tool, started, target, clock] = await Promise.all([
    resolveTool("k6", { say: host.say }),
    startRelay({ folder: join(host.folder, "spool"), destination: ends.destination, say: host.say }),
    patiently(host.environment, () => checkTarget(config.target)),
    patiently(host.environment, () => checkClock(ends.api, host.now)),
  ]);
  if (started.kind === "failed") return failed(started.message);
  const { relay } = started;
  session.held.defer(() => relay.close());
  if (tool.kind === "missing") return failed(tool.message);
  if (target.kind === "none") return target;
  if (clock.kind === "none") return clock;
  const promNow = (): number => host.now() + clock.value;
  say({ kind: "ready" });
  const place = { testid: config.testid, index, pods: config.pods, limitSeconds: config.barrierSeconds };
  const begin = await meetOthers(ends, place, promNow, () => signal.aborted);
  if (begin.kind === "none") return begin;
  await sleep(Math.max(0, (begin.value - promNow()) * 1000));
  if (signal.aborted) return stoppedEarly;
  return handOver(share, relay, await runShare(share, tool.path, relay), clock.value);
}

async function runShare({ config, index, script, host, session, say }: Share, binary: string, relay: Relay): Promise<Driven> {
  const { begun, ended } = runK6(session.group, {
    ...config,
    binary,
    script,
    folder: join(host.folder, "run"),
    writeUrl: relay.url,
    segment: { index, of: config.pods },
    plan: readPlan(config.inspected),
    environment: { ...host.environment, ...config.environment },
    signal: session.signal,
  });
  const tell = (): void => say({ kind: "progress", begunSeconds: begun.startedAtSeconds, sent: relay.sent().all() });
  tell();
  const timer = setInterval(tell, progressMillis);
  const driven = await ended;
  clearInterval(timer);
  return driven;
}

/** Waits until Prometheus has everything, and hands over what is known; a pod's disk goes with it, so it waits as long as it may. */
async function handOver({ config, session, say }: Share, relay: Relay, driven: Driven, clockOffsetSeconds: number): Promise<number> {
  const interrupted = session.signal.aborted;
  const flushed = await relay.flushed(interrupted ? Math.min(hurriedSeconds, config.settleLimitSeconds) : config.settleLimitSeconds);
  say({
    kind: "ended",
    clockOffsetSeconds,
    interrupted,
    k6: driven.k6,
    health: driven.health,
    caveats: [...driven.caveats, ...relay.caveats()],
    sent: relay.sent().all(),
    unflushed: flushed.kind === "flushed" ? null : unflushed(flushed),
  });
  if (interrupted) return exitCodes.interrupted;
  if (flushed.kind === "pending") return exitCodes.inconclusive;
  return driven.k6.exitCode === 0 ? exitCodes.met : exitCodes.notCarriedOut;
}
