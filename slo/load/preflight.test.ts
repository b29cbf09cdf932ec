import { expect, test } from "vitest";
import type { PrometheusApi } from "../collect/prometheus.ts";
import { serviceQueries } from "../compile/run.ts";
import { fakeApi } from "../collect/fake-api.fixture.ts";
import { scrapeInterval } from "./discovery.ts";
import { failed } from "./load-run.ts";
import { checkClock, checkScrape, patiently } from "./preflight.ts";

const now = 1_800_000_000;

/** Answers with the scrapes of some instances, each a list of seconds ago. */
function scrapedBy(...instances: number[][]): PrometheusApi {
  const result = instances.map((ago, i) => ({
    metric: { job: "s", instance: `${i}` },
    values: ago.toSorted((a, b) => b - a).map((seconds) => [now - seconds, "1"]),
  }));
  const answer = async (): Promise<Response> => Response.json({ status: "success", data: { resultType: "matrix", result } });
  return { url: "http://prometheus", headers: {}, timeoutSeconds: 1, fetch: answer as typeof fetch };
}

const every = (seconds: number, from: number, to = 0): number[] =>
  Array.from({ length: Math.floor((from - to) / seconds) + 1 }, (_, i) => to + i * seconds);

test.each<[string, number[][], number]>([
  ["the distance of its scrapes", [every(15, 300)], 15],
  ["nothing, so the most usual one", [], 15],
  ["one scrape, so the most usual one", [[3]], 15],
  ["that of a pod that is one minute old", [every(2, 300), every(2, 60)], 2],
  ["that of pods of which one is gone", [every(2, 60), every(2, 300, 250)], 2],
  ["that of a service that was deployed a moment ago, and of the one before", [every(2, 3), every(2, 300, 4)], 2],
  ["what is usual, though some scrapes were lost", [[0, 5, 10, 40, 45, 50, 55]], 5],
  ["that of the instance which is scraped least", [every(15, 300), every(60, 300)], 60],
])("the scrape interval of a service is %s", async (_, scrapes, expected) => {
  expect(await scrapeInterval(scrapedBy(...scrapes), serviceQueries({ job: "s" }), () => now)).toBe(expected);
});

test("the clock of Prometheus is taken from its quickest answer: a slow one tells it wrong by half of what it took", async () => {
  let clock = 1000;
  const delays = [2.5, 0.02, 5]; // all of it before the answer is made; it is 10 s ahead
  const answer = async (): Promise<Response> => {
    clock += delays.shift() ?? 0;
    const value = [clock + 10, String(clock + 10)];
    return Response.json({ status: "success", data: { resultType: "scalar", result: value } });
  };
  const api: PrometheusApi = { url: "http://prometheus", headers: {}, timeoutSeconds: 1, fetch: answer as typeof fetch };
  const checked = await checkClock(api, () => clock);
  expect(checked.kind === "fine" ? checked.value : checked.message).toBeCloseTo(10.01, 6);
});

test.each<[string, number[], string]>([
  ["a scrape before the service was known to be up is no scrape before the load", [99.98, 99.99], "none"],
  ["one that began since does not tell what was asked just before the load", [99.99, 100.2], "none"],
  ["two that began since do", [100.15, 100.2], "fine"],
])("%s", async (_, scrapedAt, kind) => {
  let clock = 100;
  const api = fakeApi((query) => {
    const [, length, unit] = /\[(\d+)(ms|s)\]/.exec(query) ?? [];
    const range = Number(length) / (unit === "ms" ? 1000 : 1);
    return [{ valueAt: (at) => scrapedAt.filter((scraped) => at - range < scraped && scraped <= at).length }];
  });
  const now = () => (clock += 0.05);
  expect(await checkScrape(api, serviceQueries({ job: "shop" }), now, 0.5)).toMatchObject({ kind });
});

test.each<[string, NodeJS.ProcessEnv, string, number]>([
  [
    "in a pod what is refused at first is asked again, since policies may learn of it late",
    { KUBERNETES_SERVICE_HOST: "10.0.0.1" },
    "fine",
    2,
  ],
  ["elsewhere it is told at once", {}, "none", 1],
])("%s", async (_sentence, environment, kind, times) => {
  let asked = 0;
  const check = async () => ((asked += 1) === 1 ? failed("connect ECONNREFUSED") : { kind: "fine" as const, value: undefined });
  expect((await patiently(environment, check)).kind).toBe(kind);
  expect(asked).toBe(times);
});
