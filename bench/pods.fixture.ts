import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Host } from "../slo/host/host.ts";
import { podConfigOf } from "../slo/load/kubernetes.ts";
import type { NoRun } from "../slo/load/load-run.ts";
import { withPods } from "../slo/load/merge-pods.ts";
import { newRecord } from "../slo/load/new-record.ts";
import { pod } from "../slo/load/pod.ts";
import { preflight } from "../slo/load/preflight.ts";
import { prepare } from "../slo/load/prepare.ts";
import { prometheusAt } from "../slo/load/prometheus.ts";
import { openPodReports } from "../slo/run/kubernetes/fleet.ts";
import { verify } from "../slo/verify/verify.ts";
import type { Bench } from "./figure.fixture.ts";
import { askedOf, project, prometheusOf, servedBy, stop, targetOf } from "./started.fixture.ts";

const now = (): number => Date.now() / 1000;

/** Makes the host of a pod, or of the command that starts them; `out` takes what it says. */
function hostOf(folder: string, { say }: Pick<Bench, "say">, out: Host["out"] = () => undefined): Host {
  mkdirSync(folder, { recursive: true });
  const none = { stepSummaryFile: undefined, verdictFile: undefined, upload: undefined, bundles: undefined };
  const settings = { ...none, credentials: { headers: {} }, reportInLog: false, colour: false };
  const [cache, environment, ignore] = [join(homedir(), ".cache", "plimsoll"), process.env, () => undefined];
  const place = { folder, project, cache, environment, settings, width: 100, command: "bench", commandAtSeconds: now() };
  return { ...place, now, say, out, live: ignore, onInterrupt: ignore };
}

function given<T extends object>(got: T | NoRun): T {
  if ("exitCode" in got) throw new Error(got.message);
  return got;
}

/** Prepares a load as the command does, and gives each pod what a ConfigMap would. */
async function prepareFor(bench: Bench, pods: number, folder: string, target: string, prometheus: string) {
  const host = hostOf(folder, bench);
  const set = { warmup: "0", keys: "10" };
  const asked = { scenario: "smoke", rate: 2 * pods, duration: "15s", set, target, prometheus };
  const options = { ...asked, serverLabels: undefined, settleLimitSeconds: 60 };
  const prepared = given(await prepare(options, host));
  const ends = prometheusAt(prometheus, { headers: {} });
  const place = { target, prometheus, embedded: false };
  const { value } = given(await preflight(prepared, host, place, ends, new AbortController().signal));
  const cluster = { context: "", namespace: "", job: "", pods };
  const where = { ...cluster, image: "", podTemplate: undefined, keep: false };
  mkdirSync(join(folder, "config"));
  writeFileSync(join(folder, "config", "pod-config.json"), JSON.stringify(podConfigOf({ prepared, where, options }, "bundle.js")));
  writeFileSync(join(folder, "config", "script-000.gz"), gzipSync(readFileSync(prepared.script)));
  return { host, ends, prepared, record: { ...newRecord(prepared, host, place, value), cluster, phase: "loaded" as const } };
}

/** Lets pods load from this process, each with a relay and a k6 of its own; gives what they said, and when the last was ready. */
async function runPods(bench: Bench, pods: number, folder: string) {
  const podReports = openPodReports(pods, bench.say);
  const states = Array.from({ length: pods }, (_, index) => ({ name: `load-${index}`, index, phase: "running" as const }));
  podReports.takeStates(
    states.map((state) => ({ ...state, trouble: undefined, ending: undefined })),
    0,
  );
  const [began, readyAt, said] = [now(), [] as number[], [] as number[]];
  const carry = ({ name, index }: (typeof states)[number]): Promise<number> => {
    const out = (line: string): void => {
      if (line.includes('{"kind":"ready"}')) readyAt.push(now());
      said.push(line.length);
      podReports.takeLine(name, line);
    };
    return pod({ config: join(folder, "config"), index: String(index) }, hostOf(join(folder, name), bench, out));
  };
  await Promise.all(states.map(carry));
  return { reports: podReports.reports(), began, readyAt: Math.max(...readyAt), saidBytes: said.reduce((a, b) => a + b) / pods };
}

/** Loads from so many pods a service with these faults, and gives what each side counted, the report, and how long the parts took. */
export async function loadFromPods(bench: Bench, pods: number, faults = "[]") {
  const folder = join(bench.folder, `pods-${pods}`);
  const target = await targetOf(bench, { FAULTS: faults });
  const prometheus = await prometheusOf(bench, `prometheus-${pods}`, target.url);
  const { host, ends, prepared, record } = await prepareFor(bench, pods, folder, target.url, prometheus.url);
  const { reports, began, readyAt, saidBytes } = await runPods(bench, pods, folder);
  const toldAt = now();
  const merged = withPods(record, reports, host);
  const run = { ...merged, prometheus: ends, folder, settleLimitSeconds: 60, finished: false, judged: async () => undefined };
  const verified = await verify(run, prepared.spec, bench.say);
  const verdictSeconds = now() - toldAt;
  if (verified.kind !== "verified") throw new Error(JSON.stringify(verified));
  const { report } = verified;
  const ofRun = (more: string): string => `last_over_time({testid="${prepared.testid}"${more}}[1h])`;
  const held = (more = ""): Promise<number> => askedOf(prometheus.url, `sum(${ofRun(`,__name__="k6_http_reqs_total"${more}`)})`);
  const { requests, errors } = await servedBy(target.url);
  const series = (await askedOf(prometheus.url, `count(${ofRun("")})`)) / pods;
  const counts = {
    requests: [run.record.k6?.summaryRequests, report.reconciliation.relayRequests, await held(), requests],
    errors: [report.reconciliation.k6Errors, await held(',expected_response="false"'), errors],
  };
  for (const part of [prometheus, target]) await stop(part);
  const begun = reports.map(({ end }) => end?.k6.startedAtSeconds ?? Number.NaN);
  const [startSeconds, barrierSeconds] = [readyAt - began, Math.min(...begun) - readyAt];
  const totalsSeconds = toldAt - (run.record.k6?.endedAtSeconds ?? Number.NaN);
  return { report, counts, startSeconds, barrierSeconds, totalsSeconds, verdictSeconds, series, saidBytes };
}
