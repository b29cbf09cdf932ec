import { expect, test } from "vitest";
import { fakeApi } from "../collect/fake-api.fixture.ts";
import type { PrometheusApi } from "../collect/prometheus.ts";
import { scrapesSince } from "../collect/stored-counts.ts";
import { serviceQueries, storedCountQueries } from "../compile/run.ts";
import { settleCounts } from "./settle.ts";

const sent = { requests: 7, iterations: 7, dropped: 7, errors: 7, slow: 7, wrongContents: 7 };
const answerOf = (value: number): Response =>
  new Response(JSON.stringify({ status: "success", data: { resultType: "vector", result: [{ metric: {}, value: [1, String(value)] }] } }));

/** Answers the nth question; the six counts of a reading are six questions. */
function apiOf(answer: (reading: number) => Response): { api: PrometheusApi; readings: () => number } {
  let asked = 0;
  const fetch = (): Promise<Response> => Promise.resolve(answer(Math.ceil((asked += 1) / 6)));
  return { api: { url: "http://p", headers: {}, timeoutSeconds: 5, fetch }, readings: () => asked / 6 };
}

test.each<[string, (reading: number) => Response, number, unknown, [least: number, most: number]]>([
  ["all that was sent is there at once", () => answerOf(7), 5, { kind: "complete", stored: sent }, [1, 1]],
  ["it comes late", (reading) => answerOf(reading < 3 ? 6 : 7), 5, { kind: "complete", stored: sent }, [3, 3]],
  [
    "a part is missing for good, and is asked for less and less often",
    () => answerOf(6),
    1,
    { kind: "different", stored: { ...sent, requests: 6, iterations: 6, dropped: 6, errors: 6, slow: 6, wrongContents: 6 } },
    [2, 9],
  ],
  [
    "an answer that never came is not zero",
    () => new Response("Unauthorized", { status: 401 }),
    0.1,
    { kind: "unreachable", reason: "Prometheus answered 401: Unauthorized" },
    [1, 4],
  ],
])("%s", async (_, answer, limitSeconds, expected, [least, most]) => {
  const { api, readings } = apiOf(answer);
  expect(await settleCounts(api, storedCountQueries("x"), sent, 60, limitSeconds)).toEqual(expected);
  expect(readings()).toBeGreaterThanOrEqual(least);
  expect(readings()).toBeLessThanOrEqual(most);
});

test("a scrape at the very moment at which k6 ended is none that came since", async () => {
  const asked: string[] = [];
  const api = fakeApi((query) => {
    asked.push(query);
    return [];
  });
  await scrapesSince(api, serviceQueries({ job: "shop" }), 68.55, 68.987); // 0.437 s, and a little more in floating point
  expect(asked).toEqual(['min(sum_over_time(up{job="shop"}[435ms]))']);
});
