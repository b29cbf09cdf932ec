import { readFileSync } from "node:fs";
import type { Report } from "../../slo/report/schema.ts";
import type { Cluster } from "./cluster.ts";
import type { Signs } from "./drills.ts";

/** The run that a drill judged, and the time in which something may have been said of it, Unix seconds. */
export interface Run {
  testid: string;
  beganAt: number;
  endedAt: number;
}

/** What one of the five said: it named the fault, or nothing of it. */
export interface Evidence {
  kind: "named" | "silent";
  words: string;
}

const has = (present: Record<string, unknown>, wanted: Record<string, string>): boolean =>
  Object.entries(wanted).every(([name, value]) => String(present[name]) === value);
const labelText = (labels: Record<string, string>): string =>
  Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");

export function fromGate({ objectives }: Signs, { verdict, objectives: judged }: Report): Evidence {
  const exceeded = judged.filter((one) => one.verdict === "exceeded");
  const guilty = exceeded.find(({ name }) => objectives.includes(name));
  if (guilty === undefined)
    return { kind: "silent", words: `${verdict}: ${exceeded.map(({ name }) => name).join(", ") || "no objective exceeded"}` };
  const { evidence } = guilty;
  return { kind: "named", words: `exceeded: ${guilty.name}${evidence ? `, ${evidence.best.bad} of ${evidence.best.total} bad` : ""}` };
}

export interface Alert {
  labels: Record<string, string>;
}

/** Lists the alerts that Alertmanager holds now, inhibited ones too. */
export const alertsNow = async (cluster: Cluster): Promise<Alert[]> => (await cluster.get("alertmanager", "/api/v2/alerts")) as Alert[];

/** Tells whether an alert is the one that a fault must fire. */
export const isAlert = ({ alert }: Signs, { labels }: Alert): boolean => labels["alertname"] === alert.name && has(labels, alert.labels);

/** Names an alert with the labels that tell one from another. */
export function alertText({ labels }: Alert): string {
  const told = ["severity", "service", "method", "route", "pod", "sloth_slo", "instance"].flatMap((name) => labels[name] ?? []);
  return `${labels["alertname"]} (${told.join(" ")})`;
}

interface Span {
  operationName: string;
  /** Microseconds. */
  duration: number;
  tags: { key: string; value: unknown }[];
}

/** Searches Jaeger for a trace of the run with the guilty span. */
export async function fromTraces({ trace }: Signs, cluster: Cluster, run: Run): Promise<Evidence | undefined> {
  const query: Record<string, string> = {
    service: "storage-api",
    limit: "20",
    start: String(Math.floor(run.beganAt * 1e6)),
    end: String(Math.ceil(run.endedAt * 1e6)),
    tags: JSON.stringify({ "plimsoll.testid": run.testid, ...trace.tags }),
  };
  if (trace.atLeastSeconds > 0) query["minDuration"] = `${trace.atLeastSeconds * 1_000}ms`;
  const { data } = (await cluster.get("jaeger", "/api/traces", query)) as { data: { traceID: string; spans: Span[] }[] };
  for (const { traceID, spans } of data) {
    const guilty = spans.find(
      ({ duration, tags }) =>
        duration >= trace.atLeastSeconds * 1e6 && has(Object.fromEntries(tags.map(({ key, value }) => [key, value])), trace.attributes),
    );
    if (guilty === undefined) continue;
    const took = trace.atLeastSeconds > 0 ? `, ${(guilty.duration / 1_000).toFixed(0)} ms` : "";
    return { kind: "named", words: `span ${guilty.operationName}: ${labelText(trace.attributes)}${took} (${traceID})` };
  }
  return undefined;
}

/** Searches Loki for a line of the run. */
export async function fromLogs({ log }: Signs, cluster: Cluster, run: Run): Promise<Evidence | undefined> {
  const nanoseconds = (seconds: number): string => `${Math.ceil(seconds)}000000000`;
  const query = `{service_name="storage-api"} ${log.replaceAll("$testid", run.testid)}`;
  const times = { start: nanoseconds(run.beganAt - 1), end: nanoseconds(run.endedAt), limit: "1" };
  const answer = (await cluster.get("loki", "/loki/api/v1/query_range", { query, ...times })) as {
    data: { result: { values: [string, string][] }[] };
  };
  const line = answer.data.result[0]?.values[0]?.[1];
  return line === undefined ? undefined : { kind: "named", words: line.trim() };
}

interface Dashboard {
  title: string;
  panels: { title: string; targets?: { refId: string; expr: string }[] }[];
}

/** Asks Prometheus what a panel of a dashboard shows of the run, by the panel's own query. */
export async function fromPanel({ panel }: Signs, cluster: Cluster, run: Run): Promise<Evidence | undefined> {
  const file = new URL("../grafana/dashboards/target.json", import.meta.url);
  const { title, panels } = JSON.parse(readFileSync(file, "utf8")) as Dashboard;
  const targets = panels.find((one) => one.title === panel.title)?.targets;
  const expr = targets?.find(({ refId }) => refId === "A")?.expr;
  if (expr === undefined) throw new Error(`target.json has no panel "${panel.title}" with a query A`);
  const range = `${Math.ceil(run.endedAt - run.beganAt)}s`;
  const values: Record<string, string> = { testid: run.testid, job: "storage-api", __range: range, __rate_interval: "20s" };
  // What a variable chooses from is not narrowed: every instance, route and scenario.
  const query = expr.replace(/\$\{?(\w+)\}?/g, (_all, name: string) => values[name] ?? ".+");
  const series = await cluster.range(`(${query}) ${panel.test}`, run.beganAt, run.endedAt);
  const guilty = series.find(({ metric }) => has(metric, panel.labels));
  if (guilty === undefined) return undefined;
  const most = Math.max(...guilty.values.map(([, value]) => Number(value)));
  return { kind: "named", words: `${title}, ${panel.title}: ${labelText(guilty.metric)} ${most.toPrecision(3)} (${panel.test})` };
}
