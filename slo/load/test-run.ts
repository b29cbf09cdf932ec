import { rmSync } from "node:fs";
import { join } from "node:path";
import { answerOf, queryVector, type PrometheusApi } from "../collect/prometheus.ts";
import { latencyThresholds } from "../compile/objectives.ts";
import { fallenQuery, lastSentQuery, serviceQueries } from "../compile/run.ts";
import type { Host } from "../host/host.ts";
import { contextOf } from "../run/kubernetes/kubectl.ts";
import type { PodReport } from "../run/kubernetes/message.ts";
import { reach } from "../run/kubernetes/port-forward.ts";
import { readRunnerLog } from "../run/kubernetes/runner-log.ts";
import { readTestRun, type Runner, type TestRun } from "../run/kubernetes/test-run.ts";
import { makeOwnFolder, runFolder, testidPattern } from "../run/record.ts";
import type { SentValue } from "../run/relay/sent-totals.ts";
import { k6Labels, k6Metrics } from "../spec/names.ts";
import type { Spec } from "../spec/spec.ts";
import { badUsage, failed, inconclusive, type LoadRun, type NoRun } from "./load-run.ts";
import { withPods } from "./merge-pods.ts";
import { newRecord, originOf } from "./new-record.ts";
import { scrapeInterval } from "./discovery.ts";
import { checkClock } from "./preflight.ts";
import { prepare, type LoadOptions } from "./prepare.ts";
import { prometheusAt } from "./prometheus.ts";
import type { Session } from "./session.ts";

export interface TestRunOptions extends Pick<LoadOptions, "scenario" | "script" | "spec" | "serverLabels" | "settleLimitSeconds"> {
  prometheus?: string;
  context?: string;
  namespace?: string;
}

/** Finds a TestRun that has ended, and says where its runners wrote to; what it lacks for a verdict is told with its remedy. */
export async function findTestRun(name: string, { context: asked, namespace = "plimsoll", scenario, script }: TestRunOptions) {
  const context = await contextOf(asked);
  if (context.kind === "failed") return failed(context.message);
  const testRun = await readTestRun({ context: context.text, namespace }, name);
  if (testRun.kind === "failed") return failed(`the TestRun ${name} in ${namespace}: ${testRun.message}`);
  const { stage, testid, runners, environment } = testRun;
  const { PLIMSOLL_TARGET: target, K6_PROMETHEUS_RW_SERVER_URL: writeUrl } = environment;
  if (stage === "error") return failed(`k6-operator could not carry ${name} out (stage error): kubectl describe testrun ${name}`);
  if (stage !== "finished" && stage !== "stopped")
    return inconclusive(`the TestRun ${name} is at its stage ${stage}; ask again when it is finished`);
  if (runners.length === 0) return failed(`the runners of ${name} are gone, and with them what they said (cleanup: post takes them)`);
  if (testid === undefined || !testidPattern.test(testid))
    return badUsage(`the arguments of ${name} have no --tag testid=NAME, by which its samples are found`);
  if (target === undefined || writeUrl === undefined)
    return badUsage(`the runners of ${name} have no PLIMSOLL_TARGET or no K6_PROMETHEUS_RW_SERVER_URL in their environment`);
  if ((scenario === undefined) === (script === undefined))
    return badUsage(`say what ${name} runs, whose plan is read here: --scenario NAME for a bundle of ours, or --script FILE`);
  const prometheus = writeUrl.replace(/\/api\/v1\/write$/, "");
  return { kind: "found" as const, testRun, testid, target, prometheus, environment };
}
type Found = Exclude<Awaited<ReturnType<typeof findTestRun>>, NoRun>;

/** Makes a TestRun that has ended a load that can be judged: one over all its runners, with what nobody watched of them as caveats. */
export async function resumeTestRun(found: Found, options: TestRunOptions, host: Host, { group }: Session) {
  const { testRun, testid, prometheus } = found;
  const prepared = await prepare(loadOptionsOf(found, options), host);
  if (prepared.kind === "none") return prepared;
  rmSync(prepared.folder, { recursive: true, force: true });
  const folder = runFolder(host.folder, testid);
  makeOwnFolder(host.folder, folder);
  const open = await reach(testRun.cluster, prometheus, group, join(folder, "port-forward.log"), options.prometheus);
  if (open.kind === "failed") return inconclusive(open.message);
  const ends = prometheusAt(open.url, host.settings.credentials);
  const clock = await checkClock(ends.api, host.now);
  if (clock.kind === "none") return inconclusive(clock.message);
  const sent = await readSent(ends.api, found, host.now() + clock.value);
  if (sent.kind === "none") return sent;
  const checked = {
    clockOffsetSeconds: clock.value,
    scrapeIntervalSeconds: await scrapeInterval(ends.api, serviceQueries(prepared.serverLabels), host.now),
    origin: await originOf(host, prepared.k6Version, ends.api),
  };
  const record = {
    ...newRecord({ ...prepared, testid }, host, { target: found.target, prometheus, embedded: false }, checked),
    slowCounted: options.scenario !== undefined && countsSlow(found, prepared.spec),
    // The runners ran a user script as it is, not the bundle that was made of it here.
    ...(options.script === undefined ? {} : { inspected: JSON.stringify({ ...JSON.parse(prepared.inspected), script: undefined }) }),
    commandAtSeconds: testRun.createdAtSeconds - clock.value,
  };
  record.caveats.push(...sent.caveats);
  record.notes.push(
    `the TestRun ${testRun.name}: what was sent is read from Prometheus, and compared with what each runner's k6 counted itself`,
    "the plan is that of the script here; the clocks of the runners were not compared with Prometheus's",
  );
  const run: LoadRun = {
    ...withPods(record, reportsOf(testRun, sent.series), host),
    prometheus: ends,
    folder,
    settleLimitSeconds: Math.min(10, options.settleLimitSeconds),
    finished: true,
    judged: async () => undefined,
  };
  return { kind: "run" as const, run, spec: prepared.spec };
}

/** Tells whether the runners were asked to count what is slow by this spec; if not, k6's histogram tells, with its uncertainty. */
function countsSlow({ environment }: Found, spec: Spec): boolean {
  const counted = (environment["PLIMSOLL_SLOW_THRESHOLDS"] ?? "").split(",").map(Number);
  return latencyThresholds(spec, "client").every((seconds) => counted.includes(seconds));
}

function loadOptionsOf({ environment, target, prometheus }: Found, options: TestRunOptions): LoadOptions {
  const { PLIMSOLL_RATE: rate, PLIMSOLL_DURATION: duration, PLIMSOLL_SET: set } = environment;
  return {
    ...options,
    prometheus,
    target,
    force: true,
    ...(rate === undefined ? {} : { rate: Number(rate) }),
    ...(duration === undefined ? {} : { duration }),
    set: options.script === undefined ? (JSON.parse(set ?? "{}") as Record<string, string>) : environment,
  };
}

/** Reads the last value of all that the runners wrote, and whether two k6 wrote the same. */
async function readSent(api: PrometheusApi, { testid, testRun }: Found, atSeconds: number) {
  const range = atSeconds - testRun.createdAtSeconds;
  const asked = [lastSentQuery(testid, range), fallenQuery(testid, range)].map((query) => queryVector(api, query, atSeconds));
  const got = await answerOf(() => Promise.all(asked));
  if (got.kind === "failed") return inconclusive(`Prometheus at ${api.url} was not read: ${got.reason}`);
  const [sent = [], fallen = []] = got.value;
  const twice = `counts of the testid ${testid} fell: two k6 wrote the same series, such as a runner that was started again, or another run of that testid`;
  const series = sent.flatMap(({ labels, points }) => points.slice(-1).map(({ value }): SentValue => ({ labels, value, atSeconds: 0 })));
  return { kind: "sent" as const, series, caveats: fallen.length > 0 ? [twice] : [] };
}

/** Kubernetes tells in whole seconds when a container ended, and k6 is at work for a moment after its load. */
const secondsApart = { end: 1, begin: 3, told: 5 };

/** Words what is known of each runner as pods of ours would have told it. */
export function reportsOf(
  { runners, parallelism, createdAtSeconds }: Pick<TestRun, "runners" | "parallelism" | "createdAtSeconds">,
  series: readonly SentValue[],
): PodReport[] {
  const reports = Array.from({ length: parallelism }, (_, index) => {
    const own = series.filter(({ labels }) => labels[k6Labels.instance] === String(index + 1));
    const pods = runners.filter((runner) => runner.index === index + 1);
    return reportOf(index, pods, own, createdAtSeconds);
  });
  const first = Math.min(...reports.flatMap(({ end }) => end?.k6.startedAtSeconds ?? []));
  // What is told so roughly sets no runners apart that began together.
  for (const { end } of reports) if (end && end.k6.startedAtSeconds - first <= secondsApart.told) end.k6.startedAtSeconds = first;
  return reports;
}

function reportOf(index: number, pods: readonly Runner[], series: readonly SentValue[], createdAtSeconds: number): PodReport {
  const [pod] = pods;
  const end = pods.length === 1 ? pod?.end : undefined;
  const endedAtSeconds = end && end.finishedAtSeconds + secondsApart.end;
  const sent = sentBy(series, endedAtSeconds ?? createdAtSeconds);
  const how = pods.length > 1 ? "it was started more than once" : pod === undefined ? "its pod is gone" : "its container has not ended";
  const known = { index, name: pod?.name ?? null, refused: null, sent };
  if (end === undefined || endedAtSeconds === undefined || pod?.log === undefined)
    return { ...known, begunSeconds: createdAtSeconds, end: null, ending: { exitCode: end?.exitCode ?? null, reason: end?.reason ?? how } };
  const { ranSeconds, caveats, ...said } = readRunnerLog(pod.log, end.exitCode);
  const ranFrom = ranSeconds === undefined ? end.startedAtSeconds : end.finishedAtSeconds - ranSeconds - secondsApart.begin;
  const startedAtSeconds = Math.max(end.startedAtSeconds, ranFrom);
  const health = { cpuShareMax: null, memoryPeakBytes: null, starvedAtSeconds: [], known: false };
  const k6 = { ...said, startedAtSeconds, endedAtSeconds, exitCode: end.exitCode, signal: null };
  return {
    ...known,
    begunSeconds: startedAtSeconds,
    end: { kind: "ended", clockOffsetSeconds: 0, interrupted: false, k6, health, caveats, sent, unflushed: null },
    ending: { exitCode: end.exitCode, reason: end.reason },
  };
}

function sentBy(series: readonly SentValue[], atSeconds: number): NonNullable<PodReport["sent"]> {
  const dated = series.map((one) => ({ ...one, atSeconds }));
  return Object.fromEntries(Map.groupBy(dated, ({ labels }) => labels["__name__"] ?? k6Metrics.requests));
}
