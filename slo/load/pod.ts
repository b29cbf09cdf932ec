import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { errorMessage } from "../host/error-message.ts";
import { openProcessGroup, type ProcessGroup } from "../host/process-group.ts";
import { runK6, type Driven } from "../run/run-k6.ts";
import { messageLines, podConfigSchema, type PodConfig, type PodMessage } from "../run/kubernetes/message.ts";
import { readPlan } from "../run/plan.ts";
import { startRelay, type Relay } from "../run/relay/relay.ts";
import { resolveTool } from "../run/tools/resolve.ts";
import { meetOthers, stoppedEarly } from "./barrier.ts";
import { exitCodes } from "../host/exit-codes.ts";
import { progressAt } from "./progress.ts";
import type { Host } from "../host/host.ts";
import type { Course } from "./loading.ts";
import { checkClock, checkTarget } from "./preflight.ts";
import { prometheusAt } from "../host/settings.ts";

/** How often a pod tells how far it is; with every second one goes all that was sent, in case the pod is killed. */
const progressMillis = 2000;
/** What a pod that is told to stop has left for the relay. */
const hurriedSeconds = 15;

interface Share {
  config: PodConfig;
  index: number;
  script: string;
  say: (message: PodMessage) => void;
}

/** Carries one pod's share of a run, as its config says, and tells in its log what became of it. */
export async function pod(options: { config: string; index: string | undefined }, host: Host): Promise<number> {
  let said = 0;
  const say = (message: PodMessage): void => messageLines(message, (said += 1)).forEach((line) => host.out(line));
  const refuse = (message: string): number => {
    say({ kind: "refused", message });
    return exitCodes.notCarriedOut;
  };
  const taken = readPodConfig(options, host);
  if (taken.kind === "problem") return refuse(taken.message);
  const group = openProcessGroup();
  const course: Course = { interrupted: false, k6: undefined };
  host.onInterrupt(() => {
    course.interrupted = true;
    course.k6?.signal("SIGINT");
  });
  try {
    return await carry({ ...taken, say }, host, group, course, refuse);
  } finally {
    await group.stopAll();
  }
}

function readPodConfig(
  { config: folder, index }: { config: string; index: string | undefined },
  host: Host,
): { kind: "taken"; config: PodConfig; index: number; script: string } | { kind: "problem"; message: string } {
  try {
    const read = podConfigSchema.safeParse(JSON.parse(readFileSync(join(folder, "pod-config.json"), "utf8")));
    if (!read.success)
      return { kind: "problem", message: "this image is of another version than the command that sent the config: build it anew" };
    const config = read.data;
    const place = Number(index ?? Number.NaN);
    if (!Number.isInteger(place) || place < 0 || place >= config.pods)
      return { kind: "problem", message: `JOB_COMPLETION_INDEX is ${index ?? "not set"}, and the run has ${config.pods} pods` };
    const parts = readdirSync(folder).filter((name) => name.endsWith(".gz"));
    const packed = Buffer.concat(parts.toSorted().map((name) => readFileSync(join(folder, name))));
    const script = join(host.folder, "run", config.script);
    mkdirSync(join(host.folder, "run"), { recursive: true });
    writeFileSync(script, gunzipSync(packed));
    return { kind: "taken", config, index: place, script };
  } catch (error) {
    return { kind: "problem", message: `the config in ${folder} cannot be read: ${errorMessage(error)}` };
  }
}

async function carry(share: Share, host: Host, group: ProcessGroup, course: Course, refuse: (message: string) => number): Promise<number> {
  const { config, index, say } = share;
  const { api, destination } = prometheusAt(config.prometheus, host.settings.credentials);
  const tool = await resolveTool("k6", { say: host.say });
  if (tool.kind === "missing") return refuse(tool.message);
  const started = await startRelay({ folder: join(host.folder, "spool"), destination, say: host.say });
  if (started.kind === "failed") return refuse(started.message);
  const { relay } = started;
  try {
    const [target, clock] = await Promise.all([checkTarget(config.target), checkClock(api, host.now)]);
    if (target.kind === "problem") return refuse(target.message);
    if (clock.kind === "problem") return refuse(clock.message);
    const promNow = (): number => host.now() + clock.value;
    say({ kind: "ready" });
    const place = { testid: config.testid, index, pods: config.pods, limitSeconds: config.barrierSeconds };
    const begin = await meetOthers(api, destination, place, promNow, () => course.interrupted);
    if (begin.kind === "problem") return refuse(begin.message);
    await sleep(Math.max(0, (begin.value - promNow()) * 1000));
    if (course.interrupted) return refuse(stoppedEarly);
    const driven = await drive(share, tool.path, relay, host, group, course);
    return await hand(share, relay, driven, clock.value, course);
  } finally {
    await relay.close();
  }
}

async function drive(share: Share, binary: string, relay: Relay, host: Host, group: ProcessGroup, course: Course): Promise<Driven> {
  const { config, index, script, say } = share;
  const { child, begun, ended } = runK6(group, {
    ...{ binary, script, folder: join(host.folder, "run"), writeUrl: relay.url, testid: config.testid },
    ...{ segment: { index, of: config.pods }, plan: readPlan(config.inspected), isUserScript: config.isUserScript, target: config.target },
    environment: { ...host.environment, ...config.environment },
  });
  course.k6 = child;
  if (course.interrupted) child.signal("SIGINT");
  let times = 0;
  const progress = setInterval(() => {
    times += 1;
    const progress = progressAt(relay.sent(), relay.lastLatency(), begun.startedAtSeconds);
    say({ kind: "progress", progress, sent: times % 2 === 0 ? relay.sent().all() : null });
  }, progressMillis);
  const driven = await ended;
  clearInterval(progress);
  return driven;
}

/** Waits until Prometheus has everything, and hands over what is known; a pod's disk goes with it, so it waits as long as it may. */
async function hand({ config, say }: Share, relay: Relay, driven: Driven, clockOffsetSeconds: number, course: Course): Promise<number> {
  const flushed = await relay.flushed(course.interrupted ? Math.min(hurriedSeconds, config.settleLimitSeconds) : config.settleLimitSeconds);
  say({
    ...{ kind: "ended", clockOffsetSeconds, interrupted: course.interrupted, k6: driven.k6, health: driven.health },
    caveats: [...driven.caveats, ...relay.caveats()],
    sent: relay.sent().all(),
    unflushed: flushed.kind === "flushed" ? null : `${flushed.bytes} bytes of samples are not in Prometheus: ${flushed.reason}`,
  });
  if (course.interrupted) return exitCodes.interrupted;
  if (flushed.kind === "pending") return exitCodes.inconclusive;
  return driven.k6.exitCode === 0 ? exitCodes.met : exitCodes.notCarriedOut;
}
