import type { Reading, ServerQueries } from "../compile/objectives.ts";
import type { PromQL } from "../compile/promql.ts";
import type { ServiceQueries } from "../compile/run.ts";
import { wholeCount } from "./client.ts";
import type { CumulativePoint, Measurement, Queries } from "./measurement.ts";
import { queryNumber, queryRange, queryVector, type Answer, type PrometheusApi } from "./prometheus.ts";

/** Says between which moments the service's counters are read; Unix seconds of Prometheus's clock. */
export interface ServerWindow {
  /** A moment with a scrape behind it and no judged request before it. */
  fromSeconds: number;
  toSeconds: number;
  stepSeconds: number;
  /** Judged iterations that never reached the service. */
  dropped: number;
}

/** How far before the load a counter's last value is looked for. */
const lookbackSeconds = 300;

/** Is a number that was read, or the reason why there is none. */
export type Read = { kind: "read"; value: number } | { kind: "absent"; reason: string };

/** Reads how much a sum of counters grew: the value after minus the value before, over the same series. */
export async function grown(api: PrometheusApi, read: Reading, window: Pick<ServerWindow, "fromSeconds" | "toSeconds">): Promise<Read> {
  const length = window.toSeconds - window.fromSeconds;
  const [before, after] = await Promise.all([
    queryNumber(api, read(lookbackSeconds), window.fromSeconds),
    queryNumber(api, read(length + lookbackSeconds), window.toSeconds),
  ]);
  if (before.kind === "failed") return { kind: "absent", reason: before.reason };
  if (after.kind === "failed") return { kind: "absent", reason: after.reason };
  if (after.value === undefined) return { kind: "absent", reason: "Prometheus holds no such series of the service" };
  return { kind: "read", value: wholeCount(after.value - (before.value ?? 0)) };
}

/** Says why the service's counters cannot be trusted over the window, if they cannot: a restart, or no scrape before the load. */
export async function counterProblem(api: PrometheusApi, service: ServiceQueries, window: ServerWindow): Promise<string | undefined> {
  const within = Math.max(window.toSeconds - window.fromSeconds, 0.001);
  const range = within + lookbackSeconds;
  const at = window.toSeconds;
  const [instances, reachable, restarts] = await Promise.all([
    queryNumber(api, service.instances(range), at),
    queryNumber(api, service.reachable(range), at),
    queryNumber(api, service.restarts(within + 2), at),
  ]);
  for (const answer of [instances, reachable, restarts]) if (answer.kind === "failed") return answer.reason;
  if (value(instances) === undefined) return `Prometheus does not scrape a target with ${service.shown}`;
  if ((value(reachable) ?? 0) < (value(instances) ?? 0)) return "the service could not be scraped at the end of the run";
  if ((value(restarts) ?? 0) > 0) return "the service was restarted during the run: what it counted since the scrape before that is lost";
  const unseen = await queryVector(api, service.unseen(range, lookbackSeconds, within), at);
  if (unseen.kind === "failed") return unseen.reason;
  return unseenProblem(api, service, unseen.value, window);
}

const value = (answer: Answer<number | undefined>): number | undefined => (answer.kind === "answer" ? answer.value : undefined);

async function unseenProblem(
  api: PrometheusApi,
  service: ServiceQueries,
  unseen: { labels: Record<string, string> }[],
  window: ServerWindow,
): Promise<string | undefined> {
  for (const { labels } of unseen) {
    const started = await queryNumber(api, service.startedAt(labels, lookbackSeconds), window.toSeconds);
    // An instance that started after the load began counted from zero; any other had a past that nobody saw.
    if (started.kind === "answer" && started.value !== undefined && started.value >= window.fromSeconds) continue;
    return `the instance ${labels["instance"] ?? "?"} was first scraped after the load began, so what it counted before is unknown`;
  }
  return undefined;
}

async function cumulative(
  api: PrometheusApi,
  total: PromQL,
  part: PromQL,
  above: boolean,
  window: ServerWindow,
): Promise<CumulativePoint[]> {
  const [totals, parts] = await Promise.all(
    [total, part].map((query) => queryRange(api, query, window.fromSeconds, window.toSeconds, window.stepSeconds)),
  );
  if (totals?.kind !== "answer" || parts?.kind !== "answer") return [];
  const partAt = new Map(parts.value[0]?.points.map(({ atSeconds, value }) => [atSeconds, value]));
  const points = totals.value[0]?.points ?? [];
  const first = points[0];
  if (first === undefined || first.atSeconds > window.fromSeconds + window.stepSeconds) return [];
  const badAt = (at: number, total: number): number => (above ? total - (partAt.get(at) ?? 0) : (partAt.get(at) ?? 0));
  const firstBad = badAt(first.atSeconds, first.value);
  return points.map(({ atSeconds, value }) => ({
    atSeconds,
    total: wholeCount(value - first.value),
    bad: wholeCount(badAt(atSeconds, value) - firstBad),
  }));
}

type BadRead = { kind: "found"; read: Reading; above: boolean; mustExist: boolean } | { kind: "absent"; reason: string };

/** Finds the bucket whose bound is exactly the threshold, whatever its spelling (Prometheus 3 writes 1.0, 2 wrote 1). */
async function badReading(api: PrometheusApi, query: ServerQueries, window: ServerWindow): Promise<BadRead> {
  if (query.bad.kind === "counter") return { kind: "found", read: query.bad.read, above: false, mustExist: query.bad.mustExist };
  const { atMostSeconds, buckets, below } = query.bad;
  const got = await queryVector(api, buckets(window.toSeconds - window.fromSeconds + lookbackSeconds), window.toSeconds);
  if (got.kind === "failed") return { kind: "absent", reason: got.reason };
  if (got.value.length === 0) return { kind: "absent", reason: "Prometheus holds no latency histogram of the service for this objective" };
  const bounds = got.value.map(({ labels, points }) => ({ le: labels["le"] ?? "", seriesCount: points[0]?.value ?? 0 }));
  const here = bounds.filter(({ le }) => Number(le) === atMostSeconds);
  const most = bounds.find(({ le }) => le === "+Inf")?.seriesCount ?? Math.max(...bounds.map((b) => b.seriesCount));
  if (here.length === 0) {
    const known = bounds
      .map((b) => Number(b.le))
      .filter(Number.isFinite)
      .toSorted((a, b) => a - b);
    return { kind: "absent", reason: `the service's histogram has no bucket at ${atMostSeconds} s; it has ${known.join(", ")}` };
  }
  if (here.reduce((sum, b) => sum + b.seriesCount, 0) !== most)
    return { kind: "absent", reason: `not every series of the service has a bucket at ${atMostSeconds} s` };
  return { kind: "found", read: below(here.map((b) => b.le)), above: true, mustExist: true };
}

/** Measures one objective from the service's own counters, as differences between before and after the load. */
export async function measureServer(
  api: PrometheusApi,
  query: ServerQueries,
  window: ServerWindow,
  problem: string | undefined,
): Promise<Measurement> {
  const range = window.toSeconds - window.fromSeconds + lookbackSeconds;
  const found = await badReading(api, query, window);
  const badQuery = found.kind === "found" ? found.read(range).promql : "";
  const queries: Queries = {
    total: query.total(range).promql,
    bad: found.kind === "found" && found.above ? `${query.total(range).promql} - ${badQuery}` : badQuery,
  };
  const absent = (reason: string): Measurement => ({ kind: "absent", objective: query.objective, reason, queries });
  if (problem !== undefined) return absent(problem);
  if (found.kind === "absent") return absent(found.reason);
  const [total, part] = await Promise.all([grown(api, query.total, window), grown(api, found.read, window)]);
  if (total.kind === "absent") return absent(total.reason);
  if (part.kind === "absent" && found.mustExist)
    return absent(`${part.reason} (bad events: ${badQuery}); if there were none yet, create the label set at zero`);
  const partValue = part.kind === "read" ? part.value : 0; // no counter of failures means none: the total is there
  const bad = found.above ? wholeCount(total.value - partValue) : partValue;
  const points = await cumulative(api, query.total(lookbackSeconds), found.read(lookbackSeconds), found.above, window);
  const possible = window.dropped;
  return {
    kind: "counted",
    objective: query.objective,
    best: { total: total.value, bad },
    worst: { total: total.value + possible, bad: bad + possible },
    doubts: possible > 0 ? [`${possible} dropped iterations never reached the service`] : [],
    cumulative: points,
    queries,
  };
}
