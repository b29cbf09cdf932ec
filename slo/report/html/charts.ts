import { listed } from "../../spec/words.ts";
import { runOrigin } from "../facts.ts";
import { duration, elapsed, percent, rate, targetPercent } from "../numbers.ts";
import { plainLine, shortened } from "../plain.ts";
import type { Report } from "../schema.ts";

type Values = (number | null)[];

const write = { rate, seconds: duration, ratio: percent };
type Unit = keyof typeof write;

/** What is drawn in a chart. Times are seconds since the run's start, shares 0–1. */
interface Drawing {
  id: string;
  /** What stands below: the time, or a latency on a logarithmic axis. */
  x: "time" | "latency";
  title: string;
  note: string;
  axis: string;
  unit: Unit;
  scale: "linear" | "log";
  at: number[];
  lines: ReturnType<typeof line>[];
  /** Lines across at a value of the chart's own axis: upright where that is the latency below. */
  limits: { label: string; value: number }[];
  bands: { name: string; from: number; to: number; judged: boolean }[];
}

const labelLimit = 40;
const dashes = ["solid", "dashed", "dotted"] as const;

export type ChartModel = ReturnType<typeof chartModels>[number];

/** Makes the report's charts; one without lines has no samples. */
export function chartModels(report: Report) {
  const drawn = [rateChart, routesChart, latencyChart, spreadChart, errorChart, budgetChart].map((make) => make(report));
  return drawn.map((model) => ({
    ...model,
    /** Labels of the lines that have no sample at all. */
    silent: model.lines.filter(({ values }) => !values.some(isSample)).map(({ label }) => label),
    lines: model.lines.filter(({ values }) => values.some(isSample)),
    /** Why its lines could not be read, where Prometheus refused. */
    unread: report.series.unread[model.id],
    /** The one value that all lines have throughout; such a chart says no more. */
    flat: flatValue(model),
  }));
}

/** Writes the value of a chart of shares whose lines are all zero, from end to end. */
function flatValue({ lines, unit }: Drawing): string | undefined {
  const samples = lines.flatMap(({ values }) => values.filter(isSample));
  return unit === "ratio" && samples.length > 0 && samples.every((value) => value === 0) ? write.ratio(0) : undefined;
}

/** Gives each line's lowest, middle and highest value, and when it was highest, for readers who cannot see it. */
export function lineSummaries({ lines, unit, at }: ChartModel) {
  return lines.map(({ label, values }) => {
    const samples = values.filter(isSample).toSorted((a, b) => a - b);
    const numbers = [samples[0], samples[Math.floor((samples.length - 1) / 2)], samples.at(-1)];
    const [lowest = "", median = "", highest = ""] = numbers.map((value) => write[unit](value ?? null));
    return { label, lowest, median, highest, highestAt: elapsed(at[values.indexOf(samples.at(-1) ?? null)] ?? 0) };
  });
}

function rateChart(report: Report): Drawing {
  const { offeredRate, achievedRate, serverRate, clientWidthSeconds, serverWidthSeconds } = report.series;
  return {
    ...frame(report, "rate", "Rate", "rate", "iterations, requests"),
    note: `Iterations offered and started by k6, over ${duration(clientWidthSeconds)} around each moment; requests that the service counted, over ${duration(serverWidthSeconds)}.`,
    lines: [
      line("offered iterations", offeredRate, 3, "dashed", true),
      line("achieved iterations", achievedRate, 1, "solid"),
      line("server requests", serverRate, 2, "dotted"),
    ],
  };
}

function routesChart(report: Report): Drawing {
  const { series, routes } = report;
  const drawn = series.routes.map(({ method, route, rate: values }, at) => line(name(`${method} ${route}`), values, at + 1, "solid"));
  const left = routes.length - drawn.length;
  const which = left > 0 ? `The ${drawn.length} busiest of ${routes.length} routes` : "Each route";
  return {
    ...frame(report, "routes", "Rate by route", "rate", "requests"),
    note: `${which}, as k6 counted the judged requests, over ${duration(series.clientWidthSeconds)} around each moment.`,
    lines: drawn,
  };
}

function latencyChart(report: Report): Drawing {
  const positive = (values: Values): Values => values.map((value) => (value !== null && value > 0 ? value : null));
  const lines = (["client", "server"] as const).flatMap((side, at) =>
    (["P99", "P95", "P50"] as const).map((p, dash) => {
      const label = `${side} ${p.toLowerCase()}${side === "server" ? " at most" : ""}`;
      return line(label, positive(report.series[`${side}${p}`]), at + 1, dashes[dash] ?? "solid", side === "server");
    }),
  );
  return {
    ...frame(report, "latency", "Latency", "seconds", "latency, logarithmic"),
    note: "Percentiles of each moment at the client (k6); of the server the upper bound of the bucket in which they lie. Each latency objective's limit as a line.",
    scale: "log",
    lines,
    limits: latencyLimits(report),
  };
}

/** Draws the share of requests that took longer, by how long: each side at the bounds of its own buckets. */
function spreadChart(report: Report): Drawing {
  const slower = (buckets: Report["latencies"]["client"]): Map<number, number> => {
    const all = buckets.at(-1)?.requests ?? 0;
    const shares = buckets.map(({ atMostSeconds, requests }) => [atMostSeconds ?? 0, 1 - requests / all] as const);
    return new Map(shares.filter(([seconds, share]) => seconds > 0 && share > 0));
  };
  const sides = { client: slower(report.latencies.client), server: slower(report.latencies.server) };
  const shareAt = (side: Map<number, number>) => (seconds: number) => side.get(seconds) ?? null;
  const at = [...new Set([...sides.client.keys(), ...sides.server.keys()])].toSorted((a, b) => a - b);
  return {
    ...frame(report, "spread", "Latency of the judged load", "ratio", "share that took longer, logarithmic"),
    note: "The share of requests that took longer than the latency below: at the client (k6), and in the server at the bounds of its buckets, of which it has no line where nothing took longer than the least.",
    x: "latency",
    scale: "log",
    at,
    bands: [],
    lines: (["client", "server"] as const)
      .filter((side) => report.latencies[side].length === 0 || sides[side].size > 0) // a share of nothing has no place on such an axis
      .map((side) => line(side, at.map(shareAt(sides[side])), side === "client" ? 1 : 2, "solid")),
    limits: latencyLimits(report),
  };
}

function errorChart(report: Report): Drawing {
  return {
    ...frame(report, "errors", "Error share", "ratio", "share of requests"),
    note: `Requests that got an unexpected answer or none, of all that k6 sent over ${duration(report.series.clientWidthSeconds)} around each moment.`,
    lines: [line("errors", report.series.errorRatio, 6, "solid")],
  };
}

function budgetChart(report: Report): Drawing {
  const counted = report.objectives.filter(({ cumulative }) => (cumulative.at(-1)?.total ?? 0) > 0);
  const moments = [...new Set(counted.flatMap(({ cumulative }) => cumulative.map(({ atSeconds }) => atSeconds)))].toSorted((a, b) => a - b);
  const origin = runOrigin(report);
  return {
    ...frame(report, "budget", "Error budget spent", "ratio", "share of the run's budget"),
    note: "Bad events so far, as a share of all that the whole run may have; above 100% the objective is broken.",
    at: moments.map((moment) => moment - origin),
    lines: counted.map((objective, position) => {
      const label = `${name(objective.name)} (${targetPercent(objective.targetRatio)})`;
      return line(label, budgetSpent(objective, moments), (position % 6) + 1, dashes[Math.floor(position / 6) % 3] ?? "solid", true);
    }),
    limits: [{ label: "100%: all of the budget", value: 1 }],
  };
}

/** Reads bad(t) ÷ ((1 − target) × total at the end) at each moment; it holds its value between points, and is absent before the first and after the last. */
function budgetSpent({ cumulative, targetRatio }: Report["objectives"][number], moments: number[]): Values {
  const allowed = (1 - targetRatio) * (cumulative.at(-1)?.total ?? 0);
  const last = cumulative.at(-1)?.atSeconds ?? -Infinity;
  return moments.map((moment) => {
    const point = cumulative.findLast(({ atSeconds }) => atSeconds <= moment);
    return point === undefined || moment > last ? null : point.bad / allowed;
  });
}

function frame(report: Report, id: string, title: string, unit: Unit, axis: string): Omit<Drawing, "note"> {
  const origin = runOrigin(report);
  const bands = report.phases.map(({ name: phase, fromSeconds, toSeconds, judged }) => {
    return { name: name(phase), from: fromSeconds - origin, to: toSeconds - origin, judged };
  });
  const at = report.series.atSeconds.map((seconds) => seconds - origin);
  return { id, x: "time", title, axis, unit, scale: "linear", at, lines: [], limits: [], bands };
}

function latencyLimits(report: Report): ChartModel["limits"] {
  const byValue = Map.groupBy(report.objectives, ({ atMostSeconds }) => atMostSeconds ?? 0);
  byValue.delete(0);
  return [...byValue].map(([value, objectives]) => {
    const names = [...new Set(objectives.map((objective) => name(objective.name)))];
    return { label: `${duration(value)}: ${listed(names, 2)}`, value };
  });
}

/** Makes one line of a chart; `tone` 1–6 picks the colour, the dash tells it apart without colour. */
function line(label: string, values: Values, tone: number, dash: (typeof dashes)[number], stepped = false) {
  return { label, values, tone, dash, stepped };
}

const name = (text: string): string => shortened(plainLine(text), labelLimit);

const isSample = (value: number | null): value is number => value !== null;
