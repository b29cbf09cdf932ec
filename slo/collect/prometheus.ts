import { z } from "zod";
import type { PromQL } from "../compile/promql.ts";
import { errorMessage } from "../host/error-message.ts";
import { jsonOf } from "../host/json-of.ts";
import { saidLine } from "../report/plain.ts";

/** Says where Prometheus answers, and what to send along. */
export interface PrometheusApi {
  /** Base URL, e.g. http://127.0.0.1:9090 or https://host/prefix */
  url: string;
  headers: Record<string, string>;
  timeoutSeconds: number;
  /** Asks over HTTP; Node's fetch unless TLS options want another. */
  fetch: typeof fetch;
}

/** One series of an answer; `at` is Unix seconds. */
export interface Series<T> {
  labels: Record<string, string>;
  points: { atSeconds: number; value: T }[];
}

/** Holds an answer, or says why there is none; an empty answer is an answer. */
export type Answer<T> = { kind: "answer"; value: T } | { kind: "failed"; reason: string };

/** Why something cannot be known: thrown where it is found out, by every question below, and made a value by `answerOf` at the edge of a measurement. */
export class Unreadable extends Error {}

/** Reads in a straight line: what was thrown as unreadable becomes a value; anything else is a bug and goes on. */
export async function answerOf<T>(read: () => Promise<T>): Promise<Answer<T>> {
  try {
    return { kind: "answer", value: await read() };
  } catch (error) {
    if (error instanceof Unreadable) return { kind: "failed", reason: error.message };
    throw error;
  }
}

export function known<T>(answer: Answer<T>): T {
  if (answer.kind === "failed") throw new Unreadable(answer.reason);
  return answer.value;
}

/** A number as Prometheus writes it: NaN, +Inf and -Inf are words of its own. */
const number = z.string().transform((text) => Number(text.replace("Inf", "Infinity")));
const sample = z.tuple([z.number(), number]).transform(([atSeconds, value]) => ({ atSeconds, value }));
const bucket = z.tuple([z.number(), number, number, number]).transform(([, lower, upper, count]) => ({ lower, upper, count }));
const histogram = z.object({ count: number, sum: number, buckets: z.array(bucket).default([]) });
const histogramSample = z.tuple([z.number(), histogram]).transform(([atSeconds, value]) => ({ atSeconds, value }));
/** One series as Prometheus gives it: a number of a moment, or numbers or native histograms over time. */
const row = z.object({
  metric: z.record(z.string(), z.string()),
  value: sample.optional(),
  values: z.array(sample).optional(),
  histograms: z.array(histogramSample).optional(),
});
const data = z.discriminatedUnion("resultType", [
  z.object({ resultType: z.enum(["vector", "matrix"]), result: z.array(row) }),
  z.object({ resultType: z.literal("scalar"), result: sample.transform((value): z.infer<typeof row>[] => [{ metric: {}, value }]) }),
]);
const answer = z.discriminatedUnion("status", [
  z.object({ status: z.literal("success"), data: z.unknown(), warnings: z.array(z.string()).nullish() }),
  z.object({ status: z.literal("error"), errorType: z.string(), error: z.string() }),
]);

/** A native histogram: its whole count, and in each bucket the observations in (lower, upper]. */
export type Histogram = z.infer<typeof histogram>;
type Histograms = Series<Histogram>["points"];
/** Reads a native histogram as the number that a counter would have. */
export type CountIn = (histogram: Histogram) => number;

/** Asks with a form, or without one where the address says it all; the answer's data pass a schema. */
async function ask<T extends z.ZodType>(api: PrometheusApi, path: string, form: Record<string, string> | undefined, data: T) {
  const asked = api.fetch(`${api.url.replace(/\/+$/, "")}${path}`, {
    method: form ? "POST" : "GET",
    headers: form ? { ...api.headers, "content-type": "application/x-www-form-urlencoded" } : api.headers,
    body: form ? new URLSearchParams(form).toString() : null,
    signal: AbortSignal.timeout(api.timeoutSeconds * 1000),
  });
  const [status, text] = await asked
    .then(async (response) => [response.status, await response.text()] as const)
    .catch((error: unknown) => {
      throw new Unreadable(errorMessage(error));
    });
  const answered = jsonOf(answer, () => text);
  if (answered === undefined) throw new Unreadable(`Prometheus answered ${status}: ${saidLine(text)}`);
  if (answered.status === "error") throw new Unreadable(`Prometheus refused the query: ${saidLine(answered.error)}`);
  const { warnings } = answered;
  if (warnings && warnings.length > 0) throw new Unreadable(`Prometheus returned warnings: ${saidLine(warnings.join("; "))}`);
  const read = data.safeParse(answered.data);
  if (!read.success) throw new Unreadable(`Prometheus answered ${status}: ${saidLine(text)}`);
  return read.data;
}

/** Asks for series, at a moment or over time, Unix seconds; those of a range selector, and over time, are a matrix. */
async function seriesOf(
  api: PrometheusApi,
  { promql: query }: PromQL,
  when: { time: number | undefined } | { start: number; end: number; step: number },
  isMatrix = "step" in when,
) {
  const times = Object.entries(when).flatMap(([name, seconds]) => (seconds === undefined ? [] : [[name, seconds.toFixed(3)]]));
  const path = "step" in when ? "/api/v1/query_range" : "/api/v1/query";
  const { resultType, result } = await ask(api, path, { query, ...(Object.fromEntries(times) as Record<string, string>) }, data);
  if ((resultType === "matrix") !== isMatrix) throw new Unreadable(`Prometheus answered with a ${resultType}`);
  return result;
}

function numbersOf(rows: readonly z.infer<typeof row>[], countIn?: CountIn): Series<number>[] {
  return rows.map(({ metric: labels, value, values = value && [value], histograms }) => {
    if (values !== undefined && histograms === undefined) return { labels, points: values };
    if (countIn === undefined) throw new Unreadable("Prometheus answered with a histogram where a number was asked for");
    return { labels, points: (histograms ?? []).map(({ atSeconds, value }) => ({ atSeconds, value: countIn(value) })) };
  });
}

export const queryVector = async (api: PrometheusApi, query: PromQL, atSeconds: number | undefined): Promise<Series<number>[]> =>
  numbersOf(await seriesOf(api, query, { time: atSeconds }));

/** Asks for one number at one moment; undefined when there is no series. */
export async function queryNumber(api: PrometheusApi, query: PromQL, atSeconds: number | undefined): Promise<number | undefined> {
  const [only, ...more] = await queryVector(api, query, atSeconds);
  if (more.length > 0) throw new Unreadable(`expected one series, got ${more.length + 1}`);
  return only?.points[0]?.value;
}

export async function querySamples(api: PrometheusApi, query: PromQL, atSeconds: number, countIn?: CountIn): Promise<Series<number>[]> {
  return numbersOf(await seriesOf(api, query, { time: atSeconds }, true), countIn);
}

/** Asks for the values of each series from `from` to `to`, every `step` seconds. */
export const queryRange = async (api: PrometheusApi, query: PromQL, from: number, to: number, step: number): Promise<Series<number>[]> =>
  numbersOf(await seriesOf(api, query, { start: from, end: to, step }));

/** Asks for native histograms at one moment, each as the number that a counter would have. */
export async function queryCountsIn(api: PrometheusApi, query: PromQL, atSeconds: number, countIn: CountIn): Promise<Series<number>[]> {
  const got = await seriesOf(api, query, { start: atSeconds, end: atSeconds, step: 1 });
  const rows = got.map(({ metric, histograms = [] }) => ({ metric, histograms }));
  return numbersOf(rows, countIn);
}

/** Asks for a native histogram from `from` to `to`; no points when there is none. */
export async function queryHistograms(api: PrometheusApi, query: PromQL, from: number, to: number, step: number): Promise<Histograms> {
  return (await seriesOf(api, query, { start: from, end: to, step }))[0]?.histograms ?? [];
}

/** Asks Prometheus about itself; others that answer PromQL may not tell. */
async function statusOf<T extends z.ZodType>(api: PrometheusApi, about: string, data: T): Promise<z.output<T> | undefined> {
  const told = await answerOf(() => ask(api, `/api/v1/status/${about}`, undefined, data));
  return told.kind === "answer" ? told.value : undefined;
}

/** Asks which version of Prometheus this is. */
export const versionOf = async (api: PrometheusApi): Promise<string | null> =>
  (await statusOf(api, "buildinfo", z.object({ version: z.string().max(40) })))?.version ?? null;

/** Asks when Prometheus was started, Unix seconds. */
export async function startOf(api: PrometheusApi): Promise<number | undefined> {
  const told = await statusOf(api, "runtimeinfo", z.object({ startTime: z.iso.datetime({ offset: true }) }));
  return told && Date.parse(told.startTime) / 1000;
}

/** Asks for the names of all metrics, or of those with the given series; also of some that ended hours ago. */
export function metricNames(api: PrometheusApi, of: PromQL | undefined): Promise<string[]> {
  const match = of === undefined ? "" : `?${new URLSearchParams({ "match[]": of.promql }).toString()}`;
  return ask(api, `/api/v1/label/__name__/values${match}`, undefined, z.array(z.string()));
}
