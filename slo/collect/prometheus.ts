import { z } from "zod";
import type { PromQL } from "../compile/promql.ts";
import { errorMessage } from "../host/error-message.ts";

/** Says where Prometheus answers, and what to send along. */
export interface PrometheusApi {
  /** Base URL, e.g. http://127.0.0.1:9090 or https://host/prefix */
  url: string;
  headers: Record<string, string>;
  timeoutSeconds: number;
  /** Asks over HTTP; Node's fetch unless TLS options want another. */
  fetch: typeof fetch;
}

/** One bucket of a native histogram: `count` observations in (lower, upper]. */
export interface HistogramBucket {
  lower: number;
  upper: number;
  count: number;
}

/** Holds a native histogram's whole count and its buckets. */
export interface Histogram {
  count: number;
  sum: number;
  buckets: HistogramBucket[];
}

/** One series of an answer; `at` is Unix seconds. */
export interface Series<T> {
  labels: Record<string, string>;
  points: { atSeconds: number; value: T }[];
}

/** Holds an answer, or says why there is none; an empty answer is an answer. */
export type Answer<T> = { kind: "answer"; value: T } | { kind: "failed"; reason: string };

const sample = z.tuple([z.number(), z.string()]);
const bucket = z.tuple([z.number(), z.string(), z.string(), z.string()]);
const histogram = z.tuple([z.number(), z.object({ count: z.string(), sum: z.string(), buckets: z.array(bucket).optional() })]);
const labels = z.record(z.string(), z.string());
const instant = z.object({ metric: labels, value: sample.optional(), histogram: histogram.optional() });
const matrix = z.object({ metric: labels, values: z.array(sample).optional(), histograms: z.array(histogram).optional() });
const data = z.discriminatedUnion("resultType", [
  z.object({ resultType: z.literal("vector"), result: z.array(instant) }),
  z.object({ resultType: z.literal("matrix"), result: z.array(matrix) }),
  z.object({ resultType: z.literal("scalar"), result: sample }),
]);
const answer = z.discriminatedUnion("status", [
  z.object({ status: z.literal("success"), data, warnings: z.array(z.string()).nullish() }),
  z.object({ status: z.literal("error"), errorType: z.string(), error: z.string() }),
]);

/** Reads a number as Prometheus writes it: NaN, +Inf and -Inf are words of its own. */
const numberOf = (text: string): number => Number(text.replace("Inf", "Infinity"));

function histogramOf([, raw]: z.infer<typeof histogram>): Histogram {
  const buckets = (raw.buckets ?? []).map(([, lower, upper, count]) => ({
    lower: numberOf(lower),
    upper: numberOf(upper),
    count: numberOf(count),
  }));
  return { count: numberOf(raw.count), sum: numberOf(raw.sum), buckets };
}

async function ask(api: PrometheusApi, path: string, form: Record<string, string>): Promise<Answer<z.infer<typeof data>>> {
  try {
    const response = await api.fetch(`${api.url.replace(/\/+$/, "")}${path}`, {
      method: "POST",
      headers: { ...api.headers, "content-type": "application/x-www-form-urlencoded" },
      body: new URLSearchParams(form).toString(),
      signal: AbortSignal.timeout(api.timeoutSeconds * 1000),
    });
    const text = await response.text();
    const parsed = answer.safeParse(parseJson(text));
    if (!parsed.success) return { kind: "failed", reason: `Prometheus answered ${response.status}: ${plain(text)}` };
    if (parsed.data.status === "error") return { kind: "failed", reason: `Prometheus refused the query: ${plain(parsed.data.error)}` };
    const { warnings } = parsed.data;
    if (warnings && warnings.length > 0)
      return { kind: "failed", reason: `Prometheus caveats its own answer: ${plain(warnings.join("; "))}` };
    return { kind: "answer", value: parsed.data.data };
  } catch (error) {
    return { kind: "failed", reason: errorMessage(error) };
  }
}

const control = /[\u0000-\u001f\u007f-\u009f]+/g;

/** Makes what another program said fit for a message: one line, no control characters, not endless. */
function plain(text: string): string {
  return text.replace(control, " ").slice(0, 200);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Asks for the value of each series at one moment. */
export async function queryVector(api: PrometheusApi, query: PromQL, atSeconds: number | undefined): Promise<Answer<Series<number>[]>> {
  const time = atSeconds === undefined ? {} : { time: atSeconds.toFixed(3) };
  const got = await ask(api, "/api/v1/query", { query: query.promql, ...time });
  if (got.kind === "failed") return got;
  if (got.value.resultType === "scalar") return { kind: "answer", value: [{ labels: {}, points: [pointOf(got.value.result)] }] };
  if (got.value.resultType !== "vector") return { kind: "failed", reason: `Prometheus answered with a ${got.value.resultType}` };
  const numbers = got.value.result.flatMap((row) => (row.value ? [{ labels: row.metric, points: [pointOf(row.value)] }] : []));
  return numbers.length === got.value.result.length ? { kind: "answer", value: numbers } : noNumber;
}

const noNumber = { kind: "failed", reason: "Prometheus answered with a histogram where a number was asked for" } as const;

function pointOf([atSeconds, value]: z.infer<typeof sample>): { atSeconds: number; value: number } {
  return { atSeconds, value: numberOf(value) };
}

/** Asks for one number at one moment; undefined when there is no series. */
export async function queryNumber(api: PrometheusApi, query: PromQL, atSeconds: number | undefined): Promise<Answer<number | undefined>> {
  const got = await queryVector(api, query, atSeconds);
  if (got.kind === "failed") return got;
  if (got.value.length > 1) return { kind: "failed", reason: `expected one series, got ${got.value.length}` };
  return { kind: "answer", value: got.value[0]?.points[0]?.value };
}

/** Asks for every sample of a range selector, with the time that it carries. */
export async function querySamples(api: PrometheusApi, query: PromQL, atSeconds: number): Promise<Answer<Series<number>[]>> {
  const got = await ask(api, "/api/v1/query", { query: query.promql, time: atSeconds.toFixed(3) });
  if (got.kind === "failed") return got;
  if (got.value.resultType !== "matrix") return { kind: "failed", reason: `Prometheus answered with a ${got.value.resultType}` };
  return numbersOf(got.value.result);
}

function numbersOf(rows: Rows): Answer<Series<number>[]> {
  if (rows.some((row) => row.histograms !== undefined)) return noNumber;
  return { kind: "answer", value: rows.map((row) => ({ labels: row.metric, points: (row.values ?? []).map(pointOf) })) };
}

type Rows = z.infer<typeof matrix>[];

async function askRange(api: PrometheusApi, query: PromQL, from: number, to: number, step: number): Promise<Answer<Rows>> {
  const form = { query: query.promql, start: from.toFixed(3), end: to.toFixed(3), step: step.toFixed(3) };
  const got = await ask(api, "/api/v1/query_range", form);
  if (got.kind === "failed") return got;
  if (got.value.resultType !== "matrix") return { kind: "failed", reason: `Prometheus answered with a ${got.value.resultType}` };
  return { kind: "answer", value: got.value.result };
}

/** Asks for the values of each series from `from` to `to`, every `step` seconds. */
export async function queryRange(
  api: PrometheusApi,
  query: PromQL,
  from: number,
  to: number,
  step: number,
): Promise<Answer<Series<number>[]>> {
  const got = await askRange(api, query, from, to, step);
  return got.kind === "failed" ? got : numbersOf(got.value);
}

/** Asks for a native histogram from `from` to `to`; undefined when there is none. */
export async function queryHistograms(
  api: PrometheusApi,
  query: PromQL,
  from: number,
  to: number,
  step: number,
): Promise<Answer<Series<Histogram> | undefined>> {
  const got = await askRange(api, query, from, to, step);
  if (got.kind === "failed") return got;
  const row = got.value[0];
  const points = (row?.histograms ?? []).map((h) => ({ atSeconds: h[0], value: histogramOf(h) }));
  return { kind: "answer", value: row === undefined || points.length === 0 ? undefined : { labels: row.metric, points } };
}
