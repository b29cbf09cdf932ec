import { runProcess, type Ran } from "../../slo/host/process.ts";
import { readReport } from "../../slo/report/json.ts";
import type { Report } from "../../slo/report/schema.ts";
import { lastLines, StepError } from "./lab.ts";
import { type Cluster, openCluster, poll } from "./cluster.ts";
import { type Drill, drills, type Signs } from "./drills.ts";
import type { Alert, Evidence, Run } from "./evidence.ts";
import { alertsNow, alertText, fromGate, fromLogs, fromPanel, fromTraces, isAlert } from "./evidence.ts";

/** What a drill found, a row for each of the five. */
export interface Findings {
  testid: string;
  rows: [source: string, evidence: Evidence][];
}

/** How hard and how long a drill is loaded. */
export interface Load {
  rate: number;
  seconds: number;
}

const all: readonly Signs[] = Object.values(drills).map(({ signs }) => signs);
/** The alert that looks back furthest does so for five minutes. */
const quietLimitSeconds = 420;
const firstSampleLimitSeconds = 150;
/** From the end of a load: rules are evaluated, spans wait for the sampling of tails, lines for their batch. */
const afterLoadSeconds = 60;

/** Breaks the lab under load and asks gate, alerts, traces, logs and a dashboard what is wrong; without a drill nothing is broken. */
export async function runDrill(cluster: Cluster, drill: Drill | undefined, asked: Load): Promise<Findings> {
  const { lab } = cluster;
  const load = { ...asked, seconds: Math.max(asked.seconds, drill?.mustHappen?.withinSeconds ?? 0) };
  const missing = await cluster.missing();
  if (missing.length > 0) throw new StepError(`the lab lacks ${missing.join(", ")}`, [], "npm run minikube -- --with all");
  await restore(cluster);
  const leftOver = await untilQuiet(cluster, drill?.signs);
  const beganAt = Date.now() / 1_000;
  lab.say(`load: smoke, ${load.rate}/s for ${load.seconds} s, from a pod`);
  const [stop, ended] = [new AbortController(), new AbortController()];
  const loading = startLoad(cluster, load, AbortSignal.any([lab.signal, stop.signal])).finally(() => ended.abort());
  let findings: { report: Report; alert: Evidence };
  try {
    await firstSample(cluster, beganAt, ended.signal);
    if (drill) await inject(cluster, drill.fault, load.rate);
    const alert = watchAlerts(cluster, drill?.signs, leftOver, ended.signal);
    const [report, fired] = await Promise.all([loading.then(reportOf), alert]);
    if (drill?.mustHappen) await checkHappened(cluster, drill.mustHappen.status);
    findings = { report, alert: fired };
  } finally {
    stop.abort();
    await loading.catch(() => undefined);
    // After Ctrl-C as well, so by a signal of its own.
    await restore(openCluster({ ...lab, signal: new AbortController().signal }, cluster.context));
  }
  const { report, alert } = findings;
  const run: Run = { testid: report.testid, beganAt, endedAt: Date.now() / 1_000 };
  lab.say("asking traces, logs and dashboards");
  const look = (from: Look, nothing: string): Promise<Evidence> => search(cluster, drill?.signs, run, from, nothing);
  const rows: Findings["rows"] = [
    ["gate", drill === undefined ? calmGate(report) : fromGate(drill.signs, report)],
    ["alert", alert],
    ["trace", await look(fromTraces, "no trace of the run has the guilty span")],
    ["log", await look(fromLogs, "no line of the run tells of it")],
    ["dashboard", await look(fromPanel, "the panel shows nothing unusual")],
  ];
  return { testid: report.testid, rows };
}

const calmGate = ({ verdict, reasons }: Report): Evidence =>
  verdict === "met" ? { kind: "silent", words: "met" } : { kind: "named", words: [verdict, ...reasons.slice(0, 1)].join(": ") };

type Look = (signs: Signs, cluster: Cluster, run: Run) => Promise<Evidence | undefined>;

/** Looks until the sign of a drill is there; in a calm one, for the signs of every drill, and none must be. */
async function search(cluster: Cluster, signs: Signs | undefined, run: Run, from: Look, nothing: string): Promise<Evidence> {
  const now = (): Run => ({ ...run, endedAt: Date.now() / 1_000 });
  const silent: Evidence = { kind: "silent", words: nothing };
  if (signs !== undefined) return (await poll(cluster, () => from(signs, cluster, now()), afterLoadSeconds)) ?? silent;
  for (const each of all) {
    const found = await from(each, cluster, now());
    if (found !== undefined) return found;
  }
  return silent;
}

/** Watches Alertmanager from the fault's injection until a while after the load; in a calm drill, for every alert that is not left over from before. */
export async function watchAlerts(
  cluster: Cluster,
  signs: Signs | undefined,
  before: readonly string[],
  ended: AbortSignal,
): Promise<Evidence> {
  const { lab } = cluster;
  const began = lab.now();
  let leftOver = before;
  let endedAt: number | undefined;
  const others = new Set<string>();
  const isGuilty = (alert: Alert): boolean => (signs === undefined ? !leftOver.includes(alertText(alert)) : isAlert(signs, alert));
  const step = async (): Promise<Evidence | undefined> => {
    if (ended.aborted) endedAt ??= lab.now();
    const alerts = await alertsNow(cluster);
    leftOver = leftOver.filter((one) => alerts.some((alert) => alertText(alert) === one));
    const due = alerts.find(isGuilty);
    if (due !== undefined) {
      const words = `${alertText(due)} after ${(lab.now() - began).toFixed(0)} s`;
      lab.say(`alert: ${words}`);
      return { kind: "named", words };
    }
    for (const alert of alerts) others.add(alertText(alert));
    if (endedAt === undefined || lab.now() - endedAt < afterLoadSeconds) return undefined;
    const which = signs === undefined ? "none began; left over from before:" : "not the one that was due, but";
    return { kind: "silent", words: others.size === 0 ? "none fired" : `${which} ${[...others].join(", ")}` };
  };
  return (await poll(cluster, step, 900)) ?? { kind: "silent", words: "none fired" };
}

/** Waits until no alert is active that would name the drill's fault, or, before a calm one, any drill's or that pages; gives the others, which last longer. */
export async function untilQuiet(cluster: Cluster, signs: Signs | undefined): Promise<string[]> {
  let said = "";
  const mustEnd = (alert: Alert): boolean =>
    signs === undefined ? alert.labels["severity"] === "page" || all.some((each) => isAlert(each, alert)) : isAlert(signs, alert);
  const quiet = async (): Promise<string[] | undefined> => {
    const alerts = await alertsNow(cluster);
    const words = alerts.filter(mustEnd).map(alertText).join(", ");
    if (words !== said && words !== "") cluster.lab.say(`waiting until these alerts have ended: ${words}`);
    said = words;
    return words === "" ? alerts.map(alertText) : undefined;
  };
  const left = await poll(cluster, quiet, quietLimitSeconds);
  if (left !== undefined) return left;
  const remedy = "see what is wrong with the lab before you break it: the alerts' descriptions are in Alertmanager";
  throw new StepError(`the lab is not well: ${said}`, [], remedy);
}

/** Waits until the run's first request is counted. */
async function firstSample(cluster: Cluster, since: number, ended: AbortSignal): Promise<void> {
  const query = `max(timestamp(k6_http_reqs_total)) > ${Math.floor(since)}`;
  const has = async (): Promise<true | undefined> => {
    if (ended.aborted) return true;
    const { data } = (await cluster.get("prometheus", "/api/v1/query", { query })) as { data: { result: unknown[] } };
    return data.result.length > 0 || undefined;
  };
  if (await poll(cluster, has, firstSampleLimitSeconds)) return;
  throw new StepError("the load did not begin", [], "see `kubectl --namespace plimsoll get pods`: does its pod start?");
}

function startLoad({ lab, context }: Cluster, { rate, seconds }: Load, signal: AbortSignal): Promise<Ran> {
  const load = `--import tsx slo/cli/main.ts load --scenario smoke --rate ${rate} --duration ${seconds}s --in kubernetes --no-config --json`;
  const args = [...load.split(" "), "--context", context];
  const limitSeconds = seconds + 400;
  return runProcess({ command: process.execPath, args, limitSeconds, folder: lab.project, signal, graceSeconds: 60 });
}

function reportOf({ ending, stdout, stderr }: Ran): Report {
  const read = readReport(stdout);
  if (read.kind === "report") return read.report;
  const code = ending.kind === "exited" ? String(ending.code) : ending.kind;
  const what = `the load gave no report (it ended with ${code}; ${read.message})`;
  throw new StepError(what, lastLines(stderr), "mend what it says, then run this again");
}

const storageApi = ["--namespace", "plimsoll"];

async function inject({ kubectl, lab }: Cluster, fault: Drill["fault"], rate: number): Promise<void> {
  switch (fault.kind) {
    case "rules": {
      lab.say("fault: a new release of the storage API with it is rolled out under the load");
      const rules = `FAULTS=${JSON.stringify(fault.rules(rate))}`;
      await kubectl([...storageApi, "set", "env", "deployment/storage-api", rules], "the fault was not injected");
      return;
    }
    case "scaledToZero":
      lab.say(`fault: ${fault.workload} is scaled to zero under the load`);
      await kubectl([...storageApi, "scale", fault.workload, "--replicas=0"], "the fault was not injected");
  }
}

/** Sees that a fault did its work before the load's end, for without that nobody could have named it. */
async function checkHappened({ kubectl }: Cluster, status: string): Promise<void> {
  const pods = ["get", "pods", "-l", "app.kubernetes.io/name=storage-api", "-o", "jsonpath={..terminated.reason}"];
  if ((await kubectl([...storageApi, ...pods], "the cluster does not answer")).includes(status)) return;
  throw new StepError(`no pod of the storage API was ${status} before the load ended`, [], "give the load more time with --duration");
}

/** Takes every fault back and waits until the service is whole. What is not broken stays as it is, so it may be done at any time. */
async function restore(cluster: Cluster): Promise<void> {
  const { kubectl, lab } = cluster;
  const scaled = Object.values(drills).flatMap(({ fault }) => (fault.kind === "scaledToZero" ? fault.workload : []));
  for (const workload of scaled) {
    const replicas = ["get", workload, "--ignore-not-found", "-o", "jsonpath={.spec.replicas}"];
    if ((await kubectl([...storageApi, ...replicas], "the cluster does not answer")).trim() !== "0") continue;
    lab.say(`taking the fault back: ${workload} starts again`);
    await kubectl([...storageApi, "scale", workload, "--replicas=1"], "the fault was not taken back");
    await kubectl([...storageApi, "rollout", "status", workload, "--timeout=120s"], `${workload} did not come back`, 130);
  }
  const changed = await kubectl([...storageApi, "set", "env", "deployment/storage-api", "FAULTS-"], "the fault was not taken back");
  if (changed.includes("updated")) lab.say("taking the fault back: the storage API is rolled out without it");
  const status = [...storageApi, "rollout", "status", "deployment/storage-api", "--timeout=180s"];
  await kubectl(status, "the storage API did not become whole again", 190);
}
