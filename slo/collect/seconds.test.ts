import fc from "fast-check";
import { expect, test } from "vitest";
import type { SecondsQueries } from "../compile/own-metrics.ts";
import type { PrometheusApi } from "./prometheus.ts";
import { measureSeconds, type SecondsWindow } from "./seconds.ts";

const asked: SecondsQueries = {
  kind: "seconds",
  objective: "o",
  marks: () => ({ promql: "marks" }),
  perSecond: 100,
  of: "requests",
  part: undefined,
};

/** Answers with the marks of each pod: the times of its pushes, and what was counted by then. */
const marksOf = (...pods: (readonly [atSeconds: number, count: number])[][]): PrometheusApi => {
  const result = pods.map((values, pod) => ({ metric: { instance_id: String(pod) }, values: values.map(([at, n]) => [at, String(n)]) }));
  const body = { status: "success", data: { resultType: "matrix", result } };
  return { url: "http://fake", headers: {}, timeoutSeconds: 1, fetch: (async () => Response.json(body)) as typeof fetch };
};
/** Pushes once a second from 1000.4 on, with so many requests in each second after the first push. */
const pushed = (...counts: number[]): (readonly [number, number])[] => {
  let sum = 0;
  return [[1000.4, 0] as const, ...counts.map((count, i) => [1001.4 + i, (sum += count)] as const)];
};

const whole: SecondsWindow = {
  fromSeconds: 1000.1,
  toSeconds: 1005.9,
  begunSeconds: 998,
  endedSeconds: 1007,
  shortage: { kind: "known", atSeconds: [] },
};
const script: SecondsWindow = { ...whole, fromSeconds: undefined, begunSeconds: 1000.3, toSeconds: 1005.5 };

test.each<[string, PrometheusApi, SecondsWindow, bad: number, uncertain: number, total: number]>([
  ["seconds that reached the rate are good", marksOf(pushed(120, 110, 130, 120, 140)), whole, 0, 0, 5],
  ["seconds that did not are bad", marksOf(pushed(120, 90, 0, 120, 140)), whole, 2, 0, 5],
  ["what is too near to the rate for what ends just as k6 pushes is uncertain", marksOf(pushed(120, 101, 99, 120, 140)), whole, 0, 2, 5],
  ["the parts of a second at both ends are left out", marksOf(pushed(120, 120, 120, 120, 120, 0, 0)), whole, 0, 0, 5],
  [
    "a late push leaves its seconds uncertain",
    marksOf([
      [1000.4, 0],
      [1001.4, 120],
      [1003.4, 150],
      [1004.4, 270],
      [1005.4, 390],
    ]),
    whole,
    0,
    2,
    5,
  ],
  [
    "while k6 was short of CPU it may have been too slow itself",
    marksOf(pushed(120, 20, 20, 120, 120)),
    { ...whole, shortage: { kind: "known", atSeconds: [1002.4] } },
    0,
    2,
    5,
  ],
  ["so it may where nobody watched it", marksOf(pushed(120, 20, 20, 120, 120)), { ...whole, shortage: { kind: "unknown" } }, 0, 2, 5],
  ["before a script's first request nobody knows whether its load was on", marksOf(pushed(0, 0, 120, 120, 120)), script, 0, 2, 5],
  ["nor at its end, as late as its load may have begun", marksOf(pushed(0, 120, 120, 120, 120, 0)), script, 0, 2, 6],
  ["within it a script's second without a request is bad", marksOf(pushed(120, 0, 120, 120, 120)), script, 1, 0, 5],
])("%s", async (_, api, window, bad, uncertain, total) => {
  const measured = await measureSeconds(api, asked, window);
  expect(measured).toMatchObject({ kind: "counted", best: { total, bad }, worst: { total, bad: bad + uncertain } });
});

test.each<[string, PrometheusApi, RegExp]>([
  ["without marks nothing is known", marksOf(), /nobody noted when k6 pushed/],
  ["the seconds of several pods do not begin together", marksOf(pushed(100), pushed(100)), /2 load pods/],
])("%s", async (_, api, reason) => {
  expect(await measureSeconds(api, asked, whole)).toMatchObject({ kind: "absent", reason: expect.stringMatching(reason) });
});

test("wherever in a second k6 pushes and a request that ends just then is counted, the truth lies between best and worst", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 250 }), { minLength: 5, maxLength: 5 }), fc.boolean(), async (counts, late) => {
      const shifted = pushed(...counts).map(([at, n], i) => [at, late && i % 2 === 1 ? n - 1 : n] as const);
      const measured = await measureSeconds(marksOf(shifted), asked, whole);
      if (measured.kind !== "counted") throw new Error(measured.reason);
      const truly = counts.filter((count) => count < asked.perSecond).length;
      expect(measured.best.bad).toBeLessThanOrEqual(truly);
      expect(measured.worst.bad).toBeGreaterThanOrEqual(truly);
    }),
  );
});
