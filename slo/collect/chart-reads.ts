import type { PromQL } from "../compile/promql.ts";
import { finite, type Around, type Line } from "./lines.ts";
import { queryRange, type PrometheusApi, type Series } from "./prometheus.ts";

/** Says from when to when a chart is drawn. */
export interface ChartWindow {
  fromSeconds: number;
  toSeconds: number;
  /** Prometheus's clock minus k6's, for the server's series. */
  clockOffsetSeconds: number;
  scrapeIntervalSeconds: number;
  /** When the judged load began. */
  judgedFromSeconds: number;
}

/** A chart that may not have been read. */
export type Chart = "rate" | "latency" | "errors" | "routes" | "spread";

/** The moments of a chart, and how series become lines on them. */
export interface Grid {
  times: number[];
  lineOf: (points: Series<number>["points"], gap?: 0) => Line;
}

function gridFrom(fromSeconds: number, stepSeconds: number, count: number): Grid {
  const times = Array.from({ length: count }, (_, i) => fromSeconds + i * stepSeconds);
  const lineOf: Grid["lineOf"] = (points, gap) => {
    const byStep = new Map(points.map(({ atSeconds, value }) => [Math.round((atSeconds - fromSeconds) / stepSeconds), value]));
    return times.map((_, i) => finite(byStep.get(i)) ?? gap ?? null);
  };
  return { times, lineOf };
}

/** How long rates of k6's counts are evened out, seconds: it pushes once a second, give or take. */
const evenSeconds = 6;

/** Gives as many steps before as after a moment, together at least so long. */
function aroundOf(seconds: number, stepSeconds: number): Around {
  const half = Math.max(1, Math.ceil(seconds / stepSeconds / 2));
  return { back: half, ahead: half };
}

/** Opens the reads of all charts of a run, in steps of at least a second and at most 300 of them; what Prometheus refuses is kept by chart. */
export function openChartReads(api: PrometheusApi, window: ChartWindow) {
  const length = window.toSeconds - window.fromSeconds;
  const stepSeconds = Math.max(1, Math.ceil(length / 300));
  const count = Math.floor(length / stepSeconds) + 1;
  const unread: Partial<Record<Chart, string>> = {};
  const seriesOf = async (chart: Chart, query: PromQL, { times }: Grid): Promise<Series<number>[] | undefined> => {
    const got = await queryRange(api, query, times[0] ?? 0, times.at(-1) ?? 0, stepSeconds);
    if (got.kind === "answer") return got.value;
    unread[chart] ??= got.reason;
    return undefined;
  };
  return {
    stepSeconds,
    unread,
    client: gridFrom(window.fromSeconds, stepSeconds, count),
    server: gridFrom(window.fromSeconds + window.clockOffsetSeconds, stepSeconds, count),
    /** Around each moment, for rates of k6's counts and of the service's. */
    around: aroundOf(evenSeconds, stepSeconds),
    ofService: aroundOf(Math.max(evenSeconds, 2 * window.scrapeIntervalSeconds), stepSeconds),
    /** The first step of the judged load. */
    judgedStep: Math.max(0, Math.floor((window.judgedFromSeconds - window.fromSeconds) / stepSeconds)),
    seriesOf,
    /** Reads one line; where there is no sample stands `gap`, and null throughout where it could not be read. */
    async lineOf(chart: Chart, query: PromQL, grid: Grid, gap?: 0): Promise<Line> {
      const series = await seriesOf(chart, query, grid);
      return series === undefined ? grid.times.map(() => null) : grid.lineOf(series[0]?.points ?? [], gap);
    },
  };
}
