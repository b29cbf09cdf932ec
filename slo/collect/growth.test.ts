import { expect, test } from "vitest";
import type { CounterQueries, Reading } from "../compile/counters.ts";
import type { PromQL } from "../compile/promql.ts";
import type { ServiceQueries } from "../compile/run.ts";
import { grownBy, readGrowth, restartedIn } from "./growth.ts";
import { guardService } from "./guard.ts";
import type { PrometheusApi } from "./prometheus.ts";
import { began, count, ended, from, scraped, until, type Sample } from "./series.fixture.ts";

const seriesOf = (samples: readonly Sample[]): Map<string, Sample[]> =>
  Map.groupBy(
    samples.toSorted((a, b) => a[2] - b[2]),
    ([labels]) => JSON.stringify(labels),
  );

const promql = (text: string): PromQL => ({ promql: text });
const samplesOf =
  (metric: string): Reading =>
  (range) =>
    promql(`${metric}{}[${Math.ceil(range * 1000)}ms]`);
const over =
  (name: string, metric: string): Reading =>
  (range) =>
    promql(`${name}(${samplesOf(metric)(range).promql})`);

const service: ServiceQueries = {
  shown: "{}",
  reachable: samplesOf("up"),
  scraped: samplesOf("up"),
  scrapeDurations: samplesOf("scrape_duration_seconds"),
  started: over("last_over_time", "process_start_time_seconds"),
  starts: samplesOf("process_start_time_seconds"),
  scrapes: samplesOf("up"),
};

const requests = "http_request_duration_seconds_count";
const counters: CounterQueries = {
  series: promql(requests),
  part: undefined,
  last: over("last_over_time", requests),
  samples: samplesOf(requests),
  least: over("min_over_time", requests),
  fallen: over("resets", requests),
  sum: over("last_over_time", requests),
  living: over("last_over_time", requests),
};

/** Answers the questions about samples over time as Prometheus would. */
function sampledApi(samples: readonly Sample[]): PrometheusApi {
  const answer = (_: unknown, init?: RequestInit): Promise<Response> => {
    const form = new URLSearchParams(String(init?.body));
    const asked = /^(?:(\w+)\()?(\w+)\{.*\}\[(\d+)ms\]/.exec(form.get("query") ?? "");
    if (asked === null) throw new Error(form.get("query") ?? "");
    const [, over, metric, range] = asked;
    const at = Number(form.get("time"));
    const since = at - Number(range) / 1000;
    const within = samples.filter(([labels, , t]) => labels["__name__"] === metric && t > since && t <= at);
    const rows = [...seriesOf(within).values()].flatMap((series): unknown[] => {
      const values = series.map(([, value, t]) => [t, String(value)] as const);
      const numbers = series.map(([, value]) => value);
      const row = (value: number) => [{ metric: series[0]?.[0], value: [at, String(value)] }];
      if (over === "resets") {
        const fallen = numbers.filter((n, i) => n < (numbers[i - 1] ?? 0)).length;
        return fallen > 0 ? row(fallen) : [];
      }
      if (over === "min_over_time") return row(Math.min(...numbers));
      if (over === "last_over_time") return row(numbers.at(-1) ?? 0);
      return [{ metric: series[0]?.[0], values }];
    });
    const resultType = over === undefined ? "matrix" : "vector";
    return Promise.resolve(Response.json({ status: "success", data: { resultType, result: rows } }));
  };
  return { url: "http://fake", headers: {}, timeoutSeconds: 1, fetch: answer as typeof fetch };
}

const comeAndGo =
  "counters of the instance a:1 come and go, though it is one process by its start time: several may answer on its address in turn; let each be scraped on its own";

const window = { fromSeconds: from, begunSeconds: from, toSeconds: until, endedSeconds: ended, stepSeconds: 5 };

/** Counts what grew for certain, or says why nothing can be said. */
async function grown(samples: readonly Sample[]): Promise<number | string> {
  const api = sampledApi(samples);
  const guarded = await guardService(api, service, window);
  if (guarded.kind === "failed") return guarded.reason;
  const read = await readGrowth(api, counters, guarded.value, window);
  return read.kind === "failed" ? read.reason : grownBy(read.value, restartedIn(read.value));
}

const scrapes = [from - 20, from - 5, from + 10, from + 30, until - 3, until - 1];
const up = scraped("s", scrapes);
const starts = (startOf: (at: number) => number, at = scrapes): Sample[] => at.map((t) => [began("s"), startOf(t), t]);
const counts = (values: readonly (number | undefined)[], status = "200"): Sample[] =>
  values.flatMap((value, i): Sample[] => (value === undefined ? [] : [[count("s", status), value, scrapes[i] ?? 0]]));
const old = from - 1000;

test.each<[string, Sample[], number | string]>([
  ["growth is told from the last scrape before", [...starts(() => old), ...counts([900, 1000, 1050, 1100, 1200, 1200])], 200],
  [
    "a scrape that was still under way when the load began may hold some of it, so the one before it tells what was before",
    [
      ...starts(() => old),
      ...counts([1000, 1040, 1050, 1100, 1200, 1200]),
      [{ ...began("s"), __name__: "scrape_duration_seconds" }, 5.5, from - 5],
    ],
    200,
  ],
  [
    "a start time that jitters is no restart, so its past is not counted",
    [...starts((at) => old + (at % 2) / 100), ...counts([900, 1000, 1050, 1100, 1200, 1200])],
    200,
  ],
  [
    "a label set that nobody asks for and that expires in the same process takes nothing",
    [...starts(() => old), ...counts([900, 1000, 1050, 1100, 1200, 1200]), ...counts([7, 7, 7], "404")],
    200,
  ],
  [
    "one that grows in the load and goes, of one process by its start time, is another process's on the same address",
    [...starts(() => old), ...counts([900, 1000, 1050, 1100, 1200, 1200]), ...counts([7, 7, 9], "404")],
    comeAndGo,
  ],
  [
    "so is one that was there, is not in the last scrape before the load, and comes again with no less",
    [
      ...starts(() => old),
      ...counts([900, 1000, 1050, 1100, 1200, 1200]),
      ...counts([300], "404"),
      ...counts([0, 0, 300, 300, 300, 300], "404").slice(2),
    ],
    comeAndGo,
  ],
  [
    "a start time that is set anew while the counters go on tells no new process: what they held before the load is not of it",
    [...starts((at) => (at < from + 20 ? old : from + 15)), ...counts([40, 50, 90, 150, 250, 250])],
    200,
  ],
  [
    "a label set that expires in a process that does not tell its start leaves what grew since the first scrape of the load",
    [...counts([900, 1000, 1050, 1100, 1200, 1200]), ...counts([7, 7, 9], "404")],
    150,
  ],
  [
    "a label set that comes anew in the same process holds no more than it grew since",
    [...starts(() => old), ...counts([900, 1000, 3, 20, 90, 90])],
    87,
  ],
  [
    "a process that began during the load counts whole",
    [...starts((at) => (at < from + 20 ? old : from + 15)), ...counts([900, 1000, 1050, 40, 140, 140])],
    140,
  ],
  [
    "a process that began before the load and was not scraped since may have counted others: only later growth is certain",
    [...starts((at) => (at < from ? old : from - 3)), ...counts([5, 5, 120, 200, 400, 400])],
    280,
  ],
  [
    "so may one that began as the load did: start times are rounded",
    [...starts((at) => (at < from ? old : from + 0.4)), ...counts([5, 5, 120, 200, 400, 400])],
    280,
  ],
  [
    "so may one whose clock is ahead, so that it only seems to have begun during the load",
    [...starts((at) => (at < from ? old : from + 27)), ...counts([5, 5, 120, 200, 400, 400])],
    280,
  ],
  ["so may one whose start time is always now", [...starts((at) => at), ...counts([400, 400, 520, 600, 800, 800])], 280],
  [
    "so may one whose start time is always now to the second, which two near scrapes tell alike",
    [
      ...starts((at) => Math.floor(at), [...scrapes, until - 0.9, until - 0.4]),
      ...scraped("s", [until - 0.9, until - 0.4]),
      ...counts([400, 400, 520, 600, 800, 800]),
      ...[until - 0.9, until - 0.4].map((at): Sample => [count("s", "200"), 800, at]),
    ],
    280,
  ],
  [
    "a start time of zero is none, so what fell is a restart",
    [...starts(() => 0), ...counts([5, 5, 120, 200, 400, 400]), ...counts([9, 9, 1, 1, 1, 1], "404")],
    280,
  ],
  [
    "a restart that was scraped before the load is exact",
    [...starts((at) => (at < from - 10 ? old : from - 8)), ...counts([900, 20, 50, 100, 420, 420])],
    400,
  ],
  [
    "a start time that is told no more may be another process's",
    [...starts(() => old, scrapes.slice(0, 2)), ...counts([5, 5, 120, 200, 400, 400])],
    280,
  ],
  [
    "one process by way of two jobs counts twice",
    [
      ...starts(() => old),
      ...counts([0, 0, 100, 200, 400, 400]),
      ...scraped("t", scrapes),
      ...scrapes.map((at): Sample => [count("t", "200"), at < from ? 0 : 400, at]),
    ],
    "the instance a:1 is scraped by the jobs s and t: choose one with --server-label job=t",
  ],
])("what grew over the load: %s", async (_, samples, expected) => {
  expect(await grown([...up, ...samples])).toBe(expected);
});

test.each<[string, Sample[], boolean]>([
  ["grew between the last two scrapes", [...starts(() => old), ...counts([900, 907, 950, 1000, 1000, 1000])], true],
  ["stood still", [...starts(() => old), ...counts([900, 900, 950, 1000, 1000, 1000])], false],
  ["came in the last scrape", [...starts(() => old), ...counts([undefined, 7, 50, 100, 100, 100])], true],
  ["came with the load", [...starts(() => old), ...counts([undefined, undefined, 50, 100, 100, 100])], false],
  [
    "is in the only scrape of a young process",
    [...starts((at) => (at < from - 10 ? old : from - 8)), ...counts([900, 7, 50, 90, 90, 90])],
    true,
  ],
  ["is at zero there", [...starts((at) => (at < from - 10 ? old : from - 8)), ...counts([900, 0, 50, 90, 90, 90])], false],
  ["was in the last scrape but one already", [...starts(() => old), ...counts([7, 7, 50, 100, 100, 100])], false],
])("others ask for what %s before the load", async (_, samples, expected) => {
  const api = sampledApi([...up, ...samples]);
  const guarded = await guardService(api, service, window);
  const read = guarded.kind === "answer" ? await readGrowth(api, counters, guarded.value, window) : guarded;
  if (read.kind === "failed") throw new Error(read.reason);
  expect(read.value.some(({ quiet }) => quiet.grewBefore > 0)).toBe(expected);
});

test.each<[string, Sample[], boolean]>([
  ["grew between the two scrapes", [...starts(() => old), ...counts([900, 900, 950, 990, 1000, 1007])], true],
  ["stood still", [...starts(() => old), ...counts([900, 900, 950, 990, 1000, 1000])], false],
  ["came in the last scrape", [...starts(() => old), ...counts([undefined, undefined, undefined, undefined, undefined, 7])], true],
  ["came in the first scrape", [...starts(() => old), ...counts([undefined, undefined, undefined, undefined, 7, 7])], false],
])("others ask for what %s after the load", async (_, samples, expected) => {
  const api = sampledApi([...up, ...samples]);
  const guarded = await guardService(api, service, window);
  const read = guarded.kind === "answer" ? await readGrowth(api, counters, guarded.value, window) : guarded;
  if (read.kind === "failed") throw new Error(read.reason);
  expect(read.value.some(({ quiet }) => quiet.grewAfter > 0)).toBe(expected);
});

test("where nothing was scraped after the load, it may have been Prometheus that was away", async () => {
  const guarded = await guardService(sampledApi(scraped("s", scrapes.slice(0, 4))), service, window);
  expect(guarded).toMatchObject({
    kind: "failed",
    reason:
      "the instance a:1 was not scraped after the load (it was gone, or Prometheus was away): what it counted after its last scrape is lost",
  });
});

test.each<[string, Sample[], string | undefined]>([
  ["is tried during the load and never answers may have counted", scraped("s", [...scrapes], "b:1", 0), "b:1 could not be scraped"],
  ["answered before and no more is the same", [...scraped("s", [from - 200], "b:1"), ...scraped("s", scrapes, "b:1", 0)], "b:1 could not"],
  [
    "is gone while others are scraped on counts what nobody knows",
    scraped("s", [from - 5, from + 10], "b:1"),
    "b:1 was gone at the end: what it counted",
  ],
  ["ended before the load and is not tried is of no account", scraped("s", [from - 200, from - 190], "b:1"), undefined],
])("what is lost: an instance that %s", async (_, samples, expected) => {
  const guarded = await guardService(sampledApi([...up, ...samples]), service, window);
  const losses = guarded.kind === "answer" ? guarded.value.flatMap(({ loss }) => loss ?? []) : [guarded.reason];
  expect(losses).toEqual(expected === undefined ? [] : [expect.stringContaining(expected)]);
});
