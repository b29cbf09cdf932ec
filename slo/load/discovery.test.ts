import { expect, test } from "vitest";
import { serviceQueries } from "../compile/run.ts";
import { fakeApi } from "../collect/fake-api.fixture.ts";
import type { TargetPod } from "../run/kubernetes/target-pods.ts";
import { waitForDiscovery } from "./discovery.ts";

const began = 1_800_000_000;
const long = (): number => began - 1000;

type Row = [
  sentence: string,
  prometheusStarted: number | undefined,
  starts: ((at: number) => number)[],
  triedSeconds: number,
  expected: number,
  goneSeconds?: number | undefined,
  pods?: TargetPod[],
];
const pod = (ip: string, youthSeconds: number): TargetPod => ({ name: `pod-${ip}`, ip, startedSeconds: began - youthSeconds });

/** [what, when Prometheus was started, when each instance was by its own word, for how long each has been tried, for how long it is waited, since when the first is gone, the pods that a cluster tells of; seconds] */
test.each<Row>([
  ["that has been there for long is not waited for", began - 500, [long, long], 2, 0],
  ["of which nothing is known is not waited for", undefined, [], 2, 0],
  ["whose youngest instance was started a moment ago is waited for", began - 500, [long, () => began - 3], 2, 9],
  ["whose Prometheus was started a moment ago is waited for", began - 4, [long], 2, 8],
  ["of which another instance is started meanwhile is waited for anew", undefined, [() => began - 8, () => began + 1], 2, 13],
  ["that was restarted in its place, which Prometheus knows, is not waited for", began - 500, [() => began - 3], 60, 0],
  ["of which an instance went a moment ago is waited for: another in its place may not be found yet", began - 500, [long, long], 60, 7, 5],
  ["of which an instance went a minute ago is not waited for", began - 500, [long, long], 60, 0, 60],
  [
    "one of whose pods began a moment ago and is not scraped yet is waited for",
    began - 500,
    [long],
    60,
    9,
    undefined,
    [pod("0", 900), pod("10.0.0.7", 3)],
  ],
  [
    "each of whose pods is scraped is not waited for, whatever else was started or went",
    began - 4,
    [long, () => began - 3],
    2,
    0,
    undefined,
    [pod("0", 3), pod("1", 3)],
  ],
  [
    "one of whose pods is old and not scraped is not waited for: nobody will",
    began - 500,
    [long],
    60,
    0,
    undefined,
    [pod("0", 900), pod("10.0.0.7", 60)],
  ],
  ["whose start time moves on with the clock is waited for no longer than twice", undefined, [(at) => at - 3], 2, 24],
])("a service %s", async (_sentence, prometheusStarted, starts, triedSeconds, expected, goneSeconds, pods) => {
  let clock = began;
  const said: string[] = [];
  const scrapes = fakeApi((query) =>
    starts.map((startOf, i) => ({
      labels: { job: "s", instance: `${i}:80` },
      valueAt: (at) => (startOf(at) > at ? undefined : query.includes("process_start_time") ? startOf(at) : 1),
    })),
  );
  const startTime = prometheusStarted && new Date(prometheusStarted * 1000).toISOString();
  const fetch = async (url: unknown, init?: RequestInit): Promise<Response> => {
    if (String(url).endsWith("runtimeinfo")) return Response.json({ status: "success", data: { startTime } });
    const answer = await scrapes.fetch(String(url), init);
    if (String(init?.body).includes("process_start_time")) return answer;
    // Every second a scrape.
    const { data } = (await answer.json()) as { data: { result: { metric: object }[] } };
    const result = data.result.map(({ metric }, series) => ({
      metric,
      values: Array.from({ length: triedSeconds + 1 }, (_, i) => [clock - triedSeconds + i, "1"] as const).filter(
        ([at]) => goneSeconds === undefined || series > 0 || at <= began - goneSeconds,
      ),
    }));
    return Response.json({ status: "success", data: { resultType: "matrix", result } });
  };
  const pause = async (seconds: number): Promise<undefined> => void (clock += seconds);
  const host = { now: () => clock, say: (line: string) => void said.push(line) };
  await waitForDiscovery(
    { ...scrapes, fetch: fetch as typeof globalThis.fetch },
    serviceQueries({ job: "s" }),
    host,
    new AbortController().signal,
    pods && (async () => pods),
    pause,
  );
  expect(clock - began).toBeCloseTo(expected);
  expect(said).toHaveLength(expected > 0 ? 1 : 0);
});
