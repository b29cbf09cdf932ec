import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readReport } from "../../slo/report/json.ts";
import { kubectlOf } from "../kubernetes/cluster.fixture.ts";
import { type Cluster, openCluster } from "../lab/cluster.ts";
import { context, npm, wholeLab } from "../lab/lab.fixture.ts";
import { openLab } from "../lab/lab.ts";
import { filled, labDashboards, type Panel, type Target } from "./dashboards.fixture.ts";

/** DELETEs fail and some reads are slow, so that alerts, failing traces and slow ones are there to be shown. */
const faults = [
  { kind: "delete-answers-500" },
  { kind: "latency", method: "GET", route: "/api/buckets/:id", every: 20, seconds: { constant: 0.4 } },
];
const kubectl = kubectlOf(context);
const cluster: Cluster = openCluster(openLab(), context);
const run = { testid: "", began: 0, ended: 0 };
let database = "";

/** Rolls the storage API out with a setting, or without it. */
async function restarted(setting: string): Promise<void> {
  await kubectl("--namespace", "plimsoll", "set", "env", "deployment/storage-api", setting);
  await kubectl("--namespace", "plimsoll", "rollout", "status", "deployment/storage-api", "--timeout=120s");
}

beforeAll(async () => {
  database = await wholeLab();
  await restarted(`FAULTS=${JSON.stringify(faults)}`);
  run.began = Math.floor(Date.now() / 1_000);
  const shape = ["--scenario", "smoke", "--rate", "40", "--duration", "60s", "--no-config", "--json"];
  const read = readReport((await npm("load", "--in", "kubernetes", "--context", context, ...shape)).stdout);
  if (read.kind !== "report") throw new Error(`the load gave no report: ${read.message}`);
  run.testid = read.report.testid;
  // Spans wait for the sampling of tails, lines for their batch, all of it for a scrape.
  await new Promise((resolve) => setTimeout(resolve, 20_000));
  run.ended = Math.ceil(Date.now() / 1_000);
});
afterAll(() => restarted("FAULTS-"));

/** A query of the lab's dashboards; Jaeger's has no PromQL in it. */
interface LabTarget extends Target {
  interval?: string;
  service?: string;
  tags?: string;
  minDuration?: string;
}

interface Result {
  data: { result: { value?: [number, string]; values?: [number, string][] }[] };
}

/** Gives the values that a query of Prometheus has, as Grafana asks: the interval of a rate is four times that of the scrapes. */
async function ofPrometheus({ expr, instant, interval = "2s" }: LabTarget): Promise<number[]> {
  const seconds = `${4 * Number.parseInt(interval, 10)}s`;
  const variables = { namespace: ".+", pod: ".+", service: "storage-api", testid: run.testid };
  const query = filled(expr, { ...variables, __range: `${run.ended - run.began}s`, __rate_interval: seconds });
  const [start, end] = [String(run.began), String(run.ended)];
  const asked = instant
    ? cluster.get("prometheus", "/api/v1/query", { query, time: end })
    : cluster.get("prometheus", "/api/v1/query_range", { query, start, end, step: "2" });
  const { result } = ((await asked) as Result).data;
  return result.flatMap(({ value, values = value ? [value] : [] }) => values.map(([, text]) => Number(text)));
}

/** Counts lines, or values, that Loki has. */
async function ofLoki({ expr }: LabTarget): Promise<number[]> {
  const query = filled(expr, { testid: run.testid, __auto: "10s" });
  const nanoseconds = (at: number): string => `${at}000000000`;
  const times = { start: nanoseconds(run.began), end: nanoseconds(run.ended), limit: "50" };
  const { result } = ((await cluster.get("loki", "/loki/api/v1/query_range", { query, ...times })) as Result).data;
  return result.flatMap(({ values = [] }) => values.map((_value, index) => index));
}

/** Counts the spans of the traces that Jaeger finds; Grafana's tags are written as in a log line. */
async function ofJaeger({ service = "", tags = "", minDuration }: LabTarget): Promise<number[]> {
  const pairs = filled(tags, { testid: run.testid })
    .split(" ")
    .map((pair) => pair.split("="));
  const query: Record<string, string> = { service, limit: "20", tags: JSON.stringify(Object.fromEntries(pairs)) };
  if (minDuration !== undefined) query["minDuration"] = minDuration;
  const times = { start: `${run.began}000000`, end: `${run.ended}000000` };
  const { data } = (await cluster.get("jaeger", "/api/traces", { ...query, ...times })) as { data: { spans: unknown[] }[] };
  return data.map(({ spans }) => spans.length);
}

const stores: Record<string, (target: LabTarget) => Promise<number[]>> = { prometheus: ofPrometheus, loki: ofLoki, jaeger: ofJaeger };

/** Lists the panels of a dashboard with the title of the row above each. */
function panelsOf(panels: readonly Panel[]): [row: string, panel: Panel][] {
  let row = "";
  return panels.flatMap((panel): [string, Panel][] => {
    if (panel.type === "row") row = panel.title;
    return panel.type === "row" ? [] : [[row, panel]];
  });
}

describe.each(labDashboards)("%s", (_file, { panels }) => {
  test.each(panelsOf(panels).map(([row, panel]): [string, string, Panel] => [panel.title, row, panel]))(
    "the panel %s shows something, by each of its queries",
    async (title, row, { targets = [] }) => {
      expect(targets.length).toBeGreaterThan(0);
      for (const target of targets as LabTarget[]) {
        const values = await stores[target.datasource?.type ?? ""]?.(target);
        // FerretDB answers, and has no diagnostic data: of these panels only that the store takes their queries can be said.
        if (row === "What only MongoDB itself tells" && database === "mongodb/ferretdb") expect(values).toEqual([]);
        else expect(values?.some(Number.isFinite), `${title}, ${target.refId}: ${JSON.stringify(values)}`).toBe(true);
      }
    },
  );
});
