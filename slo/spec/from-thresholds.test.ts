import { expect, test } from "vitest";
import { fromThresholds, type StatedObjective } from "./from-thresholds.ts";
import type { ScriptMetric } from "./script-facts.ts";

const own: ScriptMetric[] = [
  { name: "orders_ok", kind: "rate", ofTimes: false },
  { name: "errs", kind: "rate", ofTimes: false },
  { name: "checkout_time", kind: "trend", ofTimes: true },
  { name: "answer_size", kind: "trend", ofTimes: false },
  { name: "orders", kind: "counter", ofTimes: false },
  { name: "queue", kind: "gauge", ofTimes: false },
];

test.each<[string, string, string, string, StatedObjective["indicator"]]>([
  ["a share of failures is what the target leaves", "http_req_failed", "rate<0.01", "99%", { errors: { side: "client", where: {} } }],
  ["at most is taken like below", "http_req_failed", "rate<=0.001", "99.9%", { errors: { side: "client", where: {} } }],
  [
    "a percentile is the share that must be as quick",
    "http_req_duration",
    "p(95)<500",
    "95%",
    { latency: { side: "client", atMost: "500ms", where: {} } },
  ],
  [
    "a percentile may have digits after the point, and tags are a filter",
    'http_req_duration{name:/x, method:"GET"}',
    "p(99.9) < 1500.5",
    "99.9%",
    { latency: { side: "client", atMost: "1500.5ms", where: { name: "/x", method: "GET" } } },
  ],
  ["checks are checks", "checks", "rate>0.99", "99%", { checks: { where: {} } }],
  ["one check is chosen by its tag", "checks{check:status is 200}", "rate>=0.95", "95%", { checks: { name: "status is 200", where: {} } }],
  ["a rate from below is good when true", "orders_ok", "rate>0.95", "95%", { rate: { name: "orders_ok", good: true, where: {} } }],
  ["a rate from above is good when false", "errs", "rate<0.1", "90%", { rate: { name: "errs", good: false, where: {} } }],
  ["a trend of times has a unit", "checkout_time", "p(90)<800", "90%", { trend: { name: "checkout_time", atMost: "800ms", where: {} } }],
  ["any other trend has none", "answer_size", "p(99)<1024", "99%", { trend: { name: "answer_size", atMost: 1024, where: {} } }],
  [
    "k6's own times are times",
    "iteration_duration",
    "p(95)<2000",
    "95%",
    { trend: { name: "iteration_duration", atMost: "2000ms", where: {} } },
  ],
  ["requests a second are throughput", "http_reqs", "rate>100", "95%", { throughput: { atLeast: "100/s", of: "requests" } }],
  ["so are iterations", "iterations", "rate>=2.5", "95%", { throughput: { atLeast: "2.5/s", of: "iterations" } }],
])("%s", (_, metric, expression, target, indicator) => {
  const objective = { name: `${metric} ${expression}`, target, indicator };
  expect(fromThresholds({ [metric]: [expression] }, own)).toEqual([
    {
      threshold: `${metric}: ${expression}`,
      kind: "objective",
      objective,
      ...(metric === "http_reqs" || metric === "iterations" ? { note: expect.stringContaining("95% of the seconds") } : {}),
    },
  ]);
});

test.each<[string, string, string, RegExp]>([
  ["no failure at all cannot be proved", "http_req_failed", "rate==0", /no number of requests proves/],
  ["nor can a share of 1", "checks", "rate>=1", /all or nothing/],
  ["a mean hides slow requests", "http_req_duration", "avg<200", /hides slow requests.*p\(95\)/],
  ["a median says nothing of the slower half", "http_req_duration", "med<200", /slower half/],
  ["the slowest one cannot be proved", "http_req_duration", "max<2000", /one slowest/],
  ["p(100) is the slowest one", "http_req_duration", "p(100)<2000", /one slowest/],
  ["a count of requests is the load's size", "http_reqs", "count>1000", /size of the load/],
  ["a count of the script's own has no total", "orders", "count<10", /no share.*counter: \{ bad, total \}/],
  ["so has a rate a second of it", "orders", "rate>10", /no share/],
  ["a gauge is how something stood last", "queue", "value<10", /gauge/],
  ["a metric that nobody knows may be of times or not", "other", "p(95)<10", /not known/],
  ["slow is no promise", "http_req_duration", "p(95)>500", /slowness/],
  ["other phases of a request hide those without an answer", "http_req_waiting", "p(95)<500", /no objective here/],
  ["errors are not told by a filter for good answers", "http_req_failed{expected_response:true}", "rate<0.1", /Plimsoll sets itself/],
  ["what k6 would not take is told", "http_req_failed", "rate < lots", /not a threshold/],
])("%s, so it is refused with the reason", (_, metric, expression, reason) => {
  expect(fromThresholds({ [metric]: [{ threshold: expression }] }, own)).toEqual([
    { threshold: `${metric}: ${expression}`, kind: "refused", reason: expect.stringMatching(reason) },
  ]);
});

test("thresholds keep their order, and each stands for itself", () => {
  const kinds = fromThresholds({ http_req_duration: ["p(95)<500", "avg<100"], checks: ["rate>0.9"] }).map(({ kind }) => kind);
  expect(kinds).toEqual(["objective", "refused", "objective"]);
});
