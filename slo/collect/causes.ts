import type { CauseQueries, Subject } from "../compile/causes.ts";
import type { ServerQueries } from "../compile/service-objectives.ts";
import { k6Labels } from "../spec/names.ts";
import { grownBy, restartedIn, type CounterGrowth } from "./growth.ts";
import { splitHistogram } from "./histogram.ts";
import type { CumulativePoint } from "./measurement.ts";
import { readerOf, sumsOver, wholeCount, type Span } from "./points.ts";
import { answerOf, known, queryCountsIn, queryHistograms, Unreadable } from "./prometheus.ts";
import type { Answer, Histogram, PrometheusApi } from "./prometheus.ts";
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

/** Events of one series: bad ones have an outcome, and are of the total that another series tells. */
interface Events {
  labels: Labels;
  count: number;
  outcome?: Outcome;
}

function cellsOf(events: readonly Events[], subjectOf: (labels: Labels) => Subject & { instance: string }): Cell[] {
  const placed = events.map((one) => ({ ...one, subject: subjectOf(one.labels) }));
  return [...Map.groupBy(placed, ({ subject }) => JSON.stringify(Object.values(subject))).values()].flatMap((own) => {
    const total = own.reduce((sum, { outcome, count }) => sum + (outcome === undefined ? wholeCount(count) : 0), 0);
    const bad = own.flatMap(({ outcome, count }) => (outcome !== undefined && count > 0 ? [{ outcome, count: wholeCount(count) }] : []));
    return own[0] !== undefined && (total > 0 || bad.length > 0) ? [{ ...own[0].subject, total, bad }] : [];
  });
}

const k6Subject = (labels: Labels) => ({
  method: labels[k6Labels.method] ?? "",
  route: labels[k6Labels.name] ?? "",
  instance: labels[k6Labels.instance] ?? "",
});

export function readClientCells(api: PrometheusApi, { total, bad, atMostSeconds = 0 }: CauseQueries, span: Span): Promise<Answer<Cell[]>> {
  const { range, vector } = readerOf(api, span);
  const slowIn = (histogram: Histogram): number => splitHistogram(histogram, atMostSeconds).above;
  return answerOf(async () => {
    const totals = (await vector(total.grouped)).map(({ labels, points }) => ({ labels, count: points[0]?.value ?? 0 }));
    const bads = bad.map(async ({ kind: counted, grouped }): Promise<Events[]> => {
      const isSlow = counted === "histogram";
      const kind = isSlow ? "slow" : counted;
      const series = await (isSlow ? queryCountsIn(api, grouped(range), span.toSeconds, slowIn) : vector(grouped));
      return series.map(({ labels, points }) => {
        const outcome = { kind, status: labels[k6Labels.status] ?? "", errorCode: labels[k6Labels.errorCode] ?? "" };
        return { labels, count: points[0]?.value ?? 0, outcome };
      });
    });
    return cellsOf([...totals, ...(await Promise.all(bads)).flat()], k6Subject);
  });
}

export function readClientTimeline(
  api: PrometheusApi,
  { total, bad, atMostSeconds = 0 }: CauseQueries,
  subject: Subject | undefined,
  span: Span,
): Promise<Answer<CumulativePoint[]>> {
  const { fromSeconds: from, toSeconds: to, stepSeconds } = span;
  const range = to - from + 60;
  const soFar = (counters: CauseQueries["total"]) => counters.soFar(subject, range);
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
    const { counters, above } = (await splitOf(api, query.bad, window)).least;
    const readAll = async (asks: typeof counters): Promise<CounterGrowth[]> => (await Promise.all(asks.map(read))).flatMap(known);
    const [totals, parts] = [await readAll(query.total), await readAll(counters)];
    if (totals.length === 0) throw new Unreadable("Prometheus holds no such series of the service");
    const restarted = restartedIn([...totals, ...parts]);
    const grown = (one: CounterGrowth): number => grownBy([one], restarted);
    const badOf = (kind: Outcome["kind"], { labels }: CounterGrowth, count: number): Events => {
      return { labels, count, outcome: { kind, status: valueOf(labels, status), errorCode: "" } };
    };
    // A series of the total and the buckets of the same labels belong together: what is not below the threshold is above it.
    const same = ({ labels: { le: _, __name__: _name, ...rest } }: CounterGrowth): string =>
      JSON.stringify(Object.entries(rest).toSorted());
    const below = Map.groupBy(parts, same);
    const bads = above
      ? totals.map((one) => badOf("slow", one, grown(one) - grownBy(below.get(same(one)) ?? [], restarted)))
      : parts.map((one) => badOf("answer", one, grown(one)));
    return cellsOf([...totals.map((one) => ({ labels: one.labels, count: grown(one) })), ...bads], (labels) => ({
      method: valueOf(labels, method).toUpperCase(),
      route: valueOf(labels, route),
      instance: labels["instance"] ?? "",
    }));
  });
}
