import { queryLast } from "../collect/growth.ts";
import { lookbackSeconds } from "../collect/guard.ts";
import { answerOf, metricNames, queryVector, type Answer, type PrometheusApi } from "../collect/prometheus.ts";
import { boundsOf } from "../collect/split.ts";
import { over, valuesOfLabel, type CounterQueries } from "../compile/counters.ts";
import { ourWords } from "../compile/mapping.ts";
import { takeApart, type Comparison } from "../compile/selector.ts";
import type { BadQueries, ServerQueries } from "../compile/service-objectives.ts";
import { selector, withLabels, type PromQL } from "../compile/promql.ts";
import { ofRuntime, scrapeLabels } from "../spec/names.ts";
import { presetNamed, presetNames } from "../spec/presets.ts";
import type { Where } from "../spec/spec.ts";
import { listed, nearest, nearestFirst, printable } from "../spec/words.ts";

/**
 * What an objective of the service's side would read now. `unknown`: nothing is there yet, and it may come with the first request;
 * `unreadable`: something else is there; `impossible`: no request can change it.
 */
export interface Present {
  state: "readable" | "unknown" | "unreadable" | "impossible";
  lines: string[];
}

/** Where to look, and at which moment of Prometheus's clock. */
export interface Looked {
  api: PrometheusApi;
  atSeconds: number;
  service: { labels: Where; isScraped: boolean };
  /** The labels whose values are shown: method, route and status, as the service names them. */
  shownLabels: readonly string[];
  /** What the objective's filter says of a label, by the service's name of it. */
  meant: Where;
}

export function shortList(values: readonly string[], most = 8): string {
  const shown = values.map((value) => (value === "" ? "(none)" : printable(value)));
  return listed(shown, most);
}

const number = (value: number): string => value.toLocaleString("en-US");

async function valuesNow({ api, atSeconds }: Looked, series: PromQL, label: string): Promise<string[]> {
  const found = await queryVector(api, valuesOfLabel(series, label)(lookbackSeconds), atSeconds);
  return found.map(({ labels }) => labels[label] ?? "").toSorted();
}

/** Lists the labels that the series of a selector carry now, but for those of the scrape and of a bucket. */
async function labelsNow({ api, atSeconds, service }: Looked, series: PromQL): Promise<string[]> {
  const found = await queryVector(api, over("last_over_time", series)(lookbackSeconds), atSeconds);
  const others = new Set(["__name__", "le", ...Object.values(scrapeLabels), ...Object.keys(service.labels)]);
  return [...new Set(found.flatMap(({ labels }) => Object.keys(labels)))].filter((name) => !others.has(name));
}

/** Says that series lack a label, and which they have, those that are near first. */
async function noSuchLabel(looked: Looked, label: string, series: PromQL): Promise<{ hint: string | undefined; line: string }> {
  const names = nearestFirst(label, await labelsNow(looked, series));
  const hint = nearest(label, [...names, ...(looked.meant[label] === undefined ? [] : ourWords)]);
  const there = names.length === 0 ? "" : `; the labels are ${shortList(names)}${hint === undefined ? "" : ` (${hint})`}`;
  return { hint, line: `no series has the label ${label} yet${there}` };
}

/** Names the presets of `metrics` by which the service counts now, where it does not as the spec says. */
async function fittingPresets(looked: Looked, asked: ServerQueries): Promise<string[]> {
  const { labels, isScraped } = looked.service;
  const presets = isScraped ? presetNames.map((name) => ({ name, ...presetNamed(name) })) : [];
  const said = asked.total.map(({ series }) => takeApart(series).metric);
  const fitting = presets.map(async ({ name, requests, duration, labels: own, where }) => {
    const isSaid = said.includes(requests) || said.includes(`${duration?.metric}_count`);
    if (isSaid && [own.method, own.route, own.status].every((label) => label === undefined || looked.shownLabels.includes(label)))
      return [];
    const there = await labelsNow(looked, selector(requests, withLabels({ ...where, ...labels })));
    const needed = Object.values(own).filter((label) => label !== undefined);
    return needed.every((label) => there.includes(label)) ? [`metrics: ${name} would fit (${requests} by ${needed.join(", ")})`] : [];
  });
  return (await Promise.all(fitting)).flat();
}

export function presentOf(looked: Looked, asked: ServerQueries): Promise<Answer<Present>> {
  return answerOf(async () => {
    const present = await presentAs(looked, asked);
    if (!asked.countsRequests || (present.state !== "unknown" && present.state !== "unreadable")) return present;
    const presets = await fittingPresets(looked, asked);
    return presets.length === 0 ? present : { state: "unreadable", lines: [...present.lines, ...presets] };
  });
}

async function presentAs(looked: Looked, asked: ServerQueries): Promise<Present> {
  const { totals, bad } = await asCounted(looked, asked);
  const absent = totals.find(({ series }) => series.length === 0);
  const timed = absent !== undefined && bad.kind === "buckets" ? await countersNow(looked, bad.timed) : undefined;
  if (timed !== undefined && timed.series.length > 0)
    return { state: "impossible", lines: [counted(timed), "the service's histogram has no buckets, so no request is known to be fast"] };
  if (absent !== undefined) return whyNone(looked, absent.ask.series);
  const series = totals.flatMap((one) => one.series);
  const values = looked.shownLabels.flatMap((label) => {
    const found = [...new Set(series.map((one) => one.labels[label] ?? ""))].toSorted();
    return found.every((value) => value === "") ? [] : [`${label}: ${shortList(found)}`];
  });
  const told = await presentBad(looked, bad, totals);
  return { state: told.state, lines: [...totals.map(counted), ...values, ...told.lines] };
}

/** Counts a service's requests now: by its native histograms where it has no classic ones. */
async function asCounted(looked: Looked, { total, bad, native }: ServerQueries): Promise<{ totals: CountersNow[]; bad: BadQueries }> {
  const totals = await Promise.all(total.map((ask) => countersNow(looked, ask)));
  if (native === undefined || totals.some(({ series }) => series.length > 0)) return { totals, bad };
  const other = await asCounted(looked, native);
  return other.totals.some(({ series }) => series.length > 0) ? other : { totals, bad };
}

async function countersNow(looked: Looked, ask: CounterQueries) {
  return { ask, series: await queryLast(looked.api, ask, lookbackSeconds, looked.atSeconds) };
}

type CountersNow = Awaited<ReturnType<typeof countersNow>>;

function counted({ ask, series }: CountersNow): string {
  const sum = series.reduce((all, { points }) => all + (points.at(-1)?.value ?? 0), 0);
  return `${ask.series.promql}: ${number(series.length)} series, ${number(sum)} counted so far`;
}

async function presentBad(looked: Looked, bad: BadQueries, total: readonly CountersNow[]): Promise<Present> {
  switch (bad.kind) {
    case "statuses": {
      const [errors, noErrors] = await Promise.all([countersNow(looked, bad.errors), countersNow(looked, bad.noErrors)]);
      const totals = total.reduce((all, { series }) => all + series.length, 0);
      const untold = totals - errors.series.length - noErrors.series.length;
      const lines = [errors.series.length > 0 ? counted(errors) : `${bad.errors.series.promql}: none so far`];
      if (untold > 0)
        lines.push(`${number(untold)} of ${number(totals)} series carry a ${bad.label} that is no status, or none: they may be errors`);
      const [one] = total;
      if (one !== undefined && total.every(({ series }) => series.every(({ labels }) => labels[bad.label] === undefined)))
        lines.push((await noSuchLabel(looked, bad.label, one.ask.series)).line);
      return { state: untold === totals ? "unreadable" : "readable", lines };
    }
    case "buckets":
      return presentBuckets(looked, bad);
    case "native":
      return {
        state: "readable",
        lines: [`a native histogram: requests in the bucket that ${bad.atMostSeconds * 1000} ms cuts will be uncertain`],
      };
    case "events": {
      const found = await Promise.all(
        bad.counters.map(async (ask): Promise<Present> => {
          const now = await countersNow(looked, ask);
          if (now.series.length > 0) return { state: "readable", lines: [counted(now)] };
          const proof = bad.zeros.get(ask);
          const proves = proof !== undefined && (await countersNow(looked, proof.labelled)).series.length > 0;
          const why = await whyNone(looked, ask.series);
          return { state: proves && why.state === "unknown" ? "readable" : why.state, lines: why.lines };
        }),
      );
      const state = found.find((one) => one.state !== "readable")?.state ?? "readable";
      return { state, lines: found.flatMap(({ lines }) => lines) };
    }
  }
}

async function presentBuckets({ api, atSeconds }: Looked, bad: Extract<BadQueries, { kind: "buckets" }>): Promise<Present> {
  const { atMostSeconds } = bad;
  const found = await boundsOf(api, bad, { fromSeconds: atSeconds, toSeconds: atSeconds });
  const millis = (seconds: number): string => `${number(seconds * 1000)} ms`;
  const bounds = found.flatMap(({ seconds }) => (Number.isFinite(seconds) ? [seconds] : []));
  if (bounds.length === 0)
    return { state: "impossible", lines: ["the service's histogram has no bucket but +Inf, so no request is known to be fast"] };
  const lines = [`buckets: ${shortList(bounds.map(millis), bounds.length)}`];
  if (bounds.includes(atMostSeconds)) return { state: "readable", lines };
  const [lower, upper] = [bounds.findLast((seconds) => seconds < atMostSeconds), bounds.find((seconds) => seconds > atMostSeconds)];
  const between = `above ${millis(lower ?? 0)}${upper === undefined ? "" : ` and up to ${millis(upper)}`}`;
  return { state: "readable", lines: [`no bucket at ${millis(atMostSeconds)}: requests ${between} will be uncertain`, ...lines] };
}

/** Finds out why a selector has no series: which label of it has other values, or which metrics there are instead. */
async function whyNone(looked: Looked, series: PromQL): Promise<Present> {
  const { metric, bare, comparisons } = takeApart(series);
  const nothing = `${series.promql}: no series`;
  const { service } = looked;
  const doubted = comparisons.filter(({ label }) => !service.isScraped || service.labels[label] === undefined);
  for (const rest of [({ without }: Comparison) => without, () => bare]) {
    const others = await Promise.all(
      doubted.map(async (one) => ({ ...one, rest: rest(one), values: await valuesNow(looked, rest(one), one.label) })),
    );
    const wrong = others.filter(({ values }) => values.length > 0);
    if (wrong.length > 0) return otherValues(looked, nothing, wrong);
  }
  return metric === undefined ? { state: "unknown", lines: [nothing] } : nearNames(looked, metric, nothing);
}

/** Shows the values that labels have instead, or the labels; one that is near may be meant. */
async function otherValues(
  looked: Looked,
  nothing: string,
  wrong: readonly (Comparison & { rest: PromQL; values: string[] })[],
): Promise<Present> {
  const told = wrong.map(async ({ text, label, equals, values, rest }) => {
    if (values.every((value) => value === "")) return noSuchLabel(looked, label, rest);
    const meant = looked.meant[label];
    const said = meant ?? equals;
    const hint = said === undefined ? undefined : nearest(said, values);
    const written = printable(meant === undefined ? text : `${label} ${meant}`);
    return { hint, line: `none with ${written}; ${label} is ${shortList(values)}${hint === undefined ? "" : ` (${hint})`}` };
  });
  const found = await Promise.all(told);
  return {
    state: found.some(({ hint }) => hint !== undefined) ? "unreadable" : "unknown",
    lines: [nothing, ...found.map(({ line }) => line)],
  };
}

/** Names the metrics of the service, or of all, that may have been meant. */
async function nearNames({ api, service }: Looked, metric: string, nothing: string): Promise<Present> {
  const of = service.isScraped ? selector(undefined, withLabels(service.labels)) : undefined;
  const names = await metricNames(api, of);
  const ending = /_(count|bucket|total)$/.exec(metric)?.[0] ?? "";
  const alike = names.filter((name) => name.endsWith(ending) && name !== metric && !ofRuntime.test(name));
  const hint = nearest(metric, alike);
  const counting = alike.filter((name) => /http|request|rpc/i.test(name));
  const there = counting.length > 0 ? counting : alike;
  const lines = [
    nothing,
    `${of === undefined ? "Prometheus" : "the service"} has ${there.length === 0 ? "no metric like it" : shortList(there)}${hint === undefined ? "; there may be none before the first request" : ` (${hint})`}`,
  ];
  return { state: hint === undefined ? "unknown" : "unreadable", lines };
}
