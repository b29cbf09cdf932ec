import type { CauseCounters, CauseQueries, Subject } from "../compile/causes.ts";
import type { ServerQueries } from "../compile/service-objectives.ts";
import { k6Labels } from "../spec/names.ts";
import { grownBy, restartedIn, type CounterGrowth } from "./growth.ts";
import { splitHistogram } from "./histogram.ts";
import type { CumulativePoint } from "./measurement.ts";
import { sumsOver, wholeCount, type Span } from "./points.ts";
import { answerOf, known, queryHistograms, queryHistogramVector, queryVector, Unreadable } from "./prometheus.ts";
import type { Answer, PrometheusApi } from "./prometheus.ts";
import { asCounted, type ReadGrowth } from "./server.ts";
import { splitOf } from "./split.ts";
import type { ServerWindow } from "./compared.ts";

/** What bad events came to: a status, or why there was none (k6's error code), or what was wrong with an answer that was expected. */
export interface Outcome {
  kind: "answer" | "wrongContents" | "slow";
  /** "0" where no answer came; empty where it is not known. */
  status: string;
  errorCode: string;
}

/** Events of one route of one instance (a k6 of several, or a process of the service). */
export interface Cell extends Subject {
  instance: string;
  total: number;
  bad: { outcome: Outcome; count: number }[];
}

type Labels = Readonly<Record<string, string>>;

/** Puts events into cells, one for each route of each instance. */
function openCells(labelsOf: (labels: Labels) => Subject & { instance: string }) {
  const cells = new Map<string, Cell>();
  const cellOf = (labels: Labels): Cell => {
    const subject = labelsOf(labels);
    const key = JSON.stringify(Object.values(subject));
    const cell = cells.get(key) ?? { ...subject, total: 0, bad: [] };
    cells.set(key, cell);
    return cell;
  };
  return {
    cells: (): Cell[] => [...cells.values()].filter(({ total, bad }) => total > 0 || bad.length > 0),
    addTotal: (labels: Labels, count: number): void => void (cellOf(labels).total += wholeCount(count)),
    addBad: (labels: Labels, outcome: Outcome, count: number): void => {
      if (count > 0) cellOf(labels).bad.push({ outcome, count: wholeCount(count) });
    },
  };
}

const k6Subject = (labels: Labels) => ({
  method: labels[k6Labels.method] ?? "",
  route: labels[k6Labels.name] ?? "",
  instance: labels[k6Labels.instance] ?? "",
});

/** Reads how a client-side objective's events are spread over routes, outcomes and instances. */
export function readClientCells(api: PrometheusApi, { total, bad, atMostSeconds = 0 }: CauseQueries, span: Span): Promise<Answer<Cell[]>> {
  const [at, range] = [span.toSeconds, span.toSeconds - span.fromSeconds + 60];
  return answerOf(async () => {
    const cells = openCells(k6Subject);
    for (const { labels, points } of await queryVector(api, total.grouped(range), at)) cells.addTotal(labels, points[0]?.value ?? 0);
    for (const { kind, grouped } of bad) {
      if (kind === "histogram") {
        for (const { labels, points } of await queryHistogramVector(api, grouped(range), at))
          for (const { value } of points) cells.addBad(labels, outcomeOf("slow", labels), splitHistogram(value, atMostSeconds).above);
        continue;
      }
      for (const { labels, points } of await queryVector(api, grouped(range), at))
        cells.addBad(labels, outcomeOf(kind, labels), points[0]?.value ?? 0);
    }
    return cells.cells();
  });
}

const outcomeOf = (kind: Outcome["kind"], labels: Labels): Outcome => {
  return { kind, status: labels[k6Labels.status] ?? "", errorCode: labels[k6Labels.errorCode] ?? "" };
};

export function readClientTimeline(
  api: PrometheusApi,
  { total, bad, atMostSeconds = 0 }: CauseQueries,
  subject: Subject | undefined,
  span: Span,
): Promise<Answer<CumulativePoint[]>> {
  const { fromSeconds: from, toSeconds: to, stepSeconds } = span;
  const range = to - from + 60;
  const soFar = (counters: CauseCounters) => counters.soFar(subject, range);
  return answerOf(async () => {
    const histograms = bad.filter(({ kind }) => kind === "histogram").map(soFar);
    const [totals, bads, ...slow] = await Promise.all([
      sumsOver(api, [soFar(total)], span),
      sumsOver(api, bad.filter(({ kind }) => kind !== "histogram").map(soFar), span),
      ...histograms.map((query) => queryHistograms(api, query, from, to, stepSeconds)),
    ]);
    for (const { atSeconds, value } of slow.flat())
      bads.set(atSeconds, (bads.get(atSeconds) ?? 0) + splitHistogram(value, atMostSeconds).above);
    return [...totals].map(([atSeconds, value]) => ({ atSeconds, total: wholeCount(value), bad: wholeCount(bads.get(atSeconds) ?? 0) }));
  });
}

/** Gives the value of a label that the service may not have. */
const valueOf = (labels: Labels, label: string | undefined): string => (label === undefined ? "" : (labels[label] ?? ""));

/** Reads how a server-side objective's events are spread over the service's routes, outcomes and instances. */
export function readServerCells(api: PrometheusApi, asked: ServerQueries, window: ServerWindow, read: ReadGrowth): Promise<Answer<Cell[]>> {
  return answerOf(async () => {
    const query = await asCounted(asked, read);
    const { method, route, status } = query.labels;
    const {
      least: { counters, above },
    } = await splitOf(api, query.bad, window);
    const readAll = async (asks: typeof counters): Promise<CounterGrowth[]> => (await Promise.all(asks.map(read))).flatMap(known);
    const [totals, parts] = [await readAll(query.total), await readAll(counters)];
    if (totals.length === 0) throw new Unreadable("Prometheus holds no such series of the service");
    const restarted = restartedIn([...totals, ...parts]);
    const grown = (one: CounterGrowth): number => grownBy([one], restarted);
    const cells = openCells((labels) => ({
      method: valueOf(labels, method).toUpperCase(),
      route: valueOf(labels, route),
      instance: labels["instance"] ?? "",
    }));
    const outcome = (kind: Outcome["kind"], labels: Labels): Outcome => ({ kind, status: valueOf(labels, status), errorCode: "" });
    for (const one of totals) cells.addTotal(one.labels, grown(one));
    if (!above) for (const one of parts) cells.addBad(one.labels, outcome("answer", one.labels), grown(one));
    // A series of the total and the buckets of the same labels belong together: what is not below the threshold is above it.
    const same = ({ labels: { le: _, __name__: _name, ...rest } }: CounterGrowth): string =>
      JSON.stringify(Object.entries(rest).toSorted());
    const below = Map.groupBy(above ? parts : [], same);
    if (above)
      for (const one of totals)
        cells.addBad(one.labels, outcome("slow", one.labels), grown(one) - grownBy(below.get(same(one)) ?? [], restarted));
    return cells.cells();
  });
}
