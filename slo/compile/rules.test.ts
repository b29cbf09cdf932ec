import { describe, expect, test } from "vitest";
import { specOf } from "../spec/shop.fixture.ts";
import { burnWindows, windowText } from "./burn-windows.ts";
import { compileRules, type Rule } from "./rules.ts";

const specWith = (objective: string, head = ""): string =>
  `version: 1\nservice: shop\n${head}\nobjectives:\n  - { name: a, target: 99.9%, ${objective} }\n`;

/** Compiles a spec's rules as production would have them. */
function rulesOf(text: string, set: "standard" | "short" = "standard") {
  const compiled = compileRules(specOf(text), { job: "shop" }, set);
  if (compiled.kind === "problems") throw new Error(compiled.problems.map(({ text: what, message }) => `${what} ${message}`).join("; "));
  const rules = compiled.groups.flatMap((group) => group.rules);
  return { ...compiled, rules, alerts: rules.filter((rule) => rule.alert !== undefined) };
}

const recorded = (rules: readonly Rule[], record: string): string => rules.find((rule) => rule.record === record)?.expr ?? "none";
const fiveMinutes = "slo:sli_error:ratio_rate5m";

test.each<[string, string, string, string, string]>([
  [
    "errors of a counter: those that have no series yet are none, and without requests there is nothing",
    "metrics: promhttp",
    "indicator: { errors: { side: server, where: { route: /cart } } }",
    '(sum(rate(http_requests_total{job="shop",handler="/cart",code=~"5.*"}[5m])) or vector(0)) / (sum(rate(http_requests_total{job="shop",handler="/cart"}[5m])) > 0)',
    'group(absent(http_requests_total{job="shop",handler="/cart",code=~"5.*"} or http_requests_total{job="shop",handler="/cart",code=~"[1-9][0-9][0-9]|[12345](xx|XX)?",code!~"5.*"}))',
  ],
  [
    "latency in milliseconds: all but the bucket, in both spellings of its bound",
    "metrics: { preset: istio, where: { destination_service_name: shop } }",
    "indicator: { latency: { side: server, atMost: 250ms } }",
    `1 - sum(rate(istio_request_duration_milliseconds_bucket{job="shop",reporter="destination",destination_service_name="shop",le=~"250|250\\\\.0"}[5m])) / (sum(rate(istio_request_duration_milliseconds_bucket{job="shop",reporter="destination",destination_service_name="shop",le="+Inf"}[5m])) > 0)
or
(1 - histogram_fraction(0, 250, sum(rate(istio_request_duration_milliseconds{job="shop",reporter="destination",destination_service_name="shop"}[5m]))) and histogram_count(sum(rate(istio_request_duration_milliseconds{job="shop",reporter="destination",destination_service_name="shop"}[5m]))) > 0)`,
    'group(absent(istio_request_duration_milliseconds_bucket{job="shop",reporter="destination",destination_service_name="shop",le=~"250|250\\\\.0"} or istio_request_duration_milliseconds{job="shop",reporter="destination",destination_service_name="shop"}))',
  ],
  [
    "a ratio of bad events whose metric is the total's: no series of them is none of them",
    "",
    `indicator: { ratio: { bad: 'orders_total{result="failed"}', total: orders_total } }`,
    '((sum(rate(orders_total{result="failed"}[5m])) or vector(0))) / ((sum(rate(orders_total[5m])) or vector(0)) > 0)',
    "group(absent(orders_total))",
  ],
  [
    "a ratio of bad events of another metric, which must be there",
    "",
    "indicator: { ratio: { bad: 'failed_total{kind=\"x\"}', total: orders_total + returns_total } }",
    '((sum(rate(failed_total{kind="x"}[5m])) or vector(0))) / ((sum(rate(orders_total[5m])) or vector(0)) + (sum(rate(returns_total[5m])) or vector(0)) > 0)',
    'group(absent(orders_total or returns_total) or absent({"failed_total"}))',
  ],
  [
    "a ratio of good events, which must be there: without them everything would seem bad",
    "",
    "indicator: { ratio: { good: 'orders_total{result=\"ok\"}', total: orders_total } }",
    '1 - (sum(rate(orders_total{result="ok"}[5m]))) / ((sum(rate(orders_total[5m])) or vector(0)) > 0)',
    'group(absent(orders_total) or absent(orders_total{result="ok"}))',
  ],
])("%s", (_sentence, head, indicator, ratio, absence) => {
  const { rules, alerts } = rulesOf(specWith(indicator, head));
  expect(recorded(rules, fiveMinutes)).toBe(ratio);
  expect(alerts.find(({ alert }) => alert === "ObjectiveWithoutData")?.expr).toBe(absence);
});

const errors = "indicator: { errors: { side: server } }";

test("requests of probes and scrapes are left out, where the service says its routes", () => {
  expect(recorded(rulesOf(specWith(errors, "metrics: micrometer")).rules, fiveMinutes)).toContain(
    'uri!~"\\\\/actuator\\\\/prometheus|/actuator/.*|/(health|healthz|livez|readyz)(/.*)?|/-/(healthy|ready)"',
  );
  expect(recorded(rulesOf(specWith(errors, "metrics: envoy")).rules, fiveMinutes)).not.toContain("!~");
});

describe("windows", () => {
  test.each<[string, number, string]>([
    ["30 days: the workbook's own", 30, "1h/5m ×14.4, 6h/30m ×6, 1d/2h ×3, 3d/6h ×1"],
    ["7 days: the same, scaled", 7, "14m/1m10s ×14.4, 1h24m/7m ×6, 5h36m/28m ×3, 16h48m/1h24m ×1"],
    ["a quarter", 90, "3h/15m ×14.4, 18h/1h30m ×6, 3d/6h ×3, 9d/18h ×1"],
    ["6 days are the least", 6, "12m/1m ×14.4, 1h12m/6m ×6, 4h48m/24m ×3, 14h24m/1h12m ×1"],
  ])("of %s", (_sentence, days, windows) => {
    const rows = burnWindows(days * 86_400, "standard");
    if (typeof rows === "string") throw new Error(rows);
    const shown = rows.map(({ longSeconds, shortSeconds, factor }) => `${windowText(longSeconds)}/${windowText(shortSeconds)} ×${factor}`);
    expect(shown.join(", ")).toBe(windows);
  });

  test("of a period that leaves them too few scrapes are refused, and short ones are not", () => {
    const text = specWith(errors, "period: 1d");
    expect(() => rulesOf(text)).toThrow("period must be 6d or longer for alerts");
    const { alerts } = rulesOf(text, "short");
    expect(alerts.every(({ labels }) => labels["windows"] === "short")).toBe(true);
    expect(alerts[0]?.expr).toContain("slo:sli_error:ratio_rate15s");
    expect(alerts[0]?.expr).toContain("slo:sli_error:ratio_rate1m");
  });

  test("are named as Prometheus writes durations", () => {
    expect([604_800, 28 * 86_400, 31_536_000, 90_061].map(windowText)).toEqual(["1w", "4w", "1y", "1d1h1m1s"]);
  });
});

test("what production does not see is left out, with the reason", () => {
  const { leftOut, alerts } = rulesOf(`version: 1
service: shop
objectives:
  - { name: client, target: 99%, indicator: { errors: { side: client } } }
  - { name: checks, target: 99%, indicator: { checks: {} } }
  - { name: of spikes, target: 99%, only: spike, ${errors} }
  - { name: server, target: 99%, ${errors} }
`);
  expect(leftOut).toEqual([
    "client: is counted by k6, on the client's side, which production does not have",
    "checks: is counted by k6, on the client's side, which production does not have",
    "of spikes: is about the load of spike only, which production does not have",
  ]);
  expect(new Set(alerts.map(({ labels }) => labels["objective"]))).toEqual(new Set(["server"]));
});

test("a burn rate that cannot be reached has no alert that would never fire, and that is said", () => {
  const { leftOut, alerts } = rulesOf(specWith(errors).replace("99.9%", "80%"));
  expect(leftOut).toEqual(["a: no alert at a burn rate of 14.4 or 6: with a target of 80% not even failing all of the time is as fast"]);
  expect(alerts.map(({ alert, labels }) => `${alert} ${labels["severity"]}`)).toEqual([
    "ErrorBudgetBurn ticket",
    "ObjectiveWithoutData ticket",
  ]);
});

test("an advisory objective calls nobody", () => {
  const { alerts } = rulesOf(`${specWith(errors)}  - { name: b, target: 99%, required: false, ${errors} }\n`);
  expect(alerts.map(({ labels }) => `${labels["objective"]} ${labels["severity"]}`)).toEqual([
    "a page",
    "a ticket",
    "a ticket",
    "b ticket",
    "b ticket",
  ]);
});

test("names that read alike in small letters are told apart, and templates in names are text", () => {
  const { groups, alerts } = rulesOf(`version: 1
service: shop
objectives:
  - { name: "A, b", target: 99%, ${errors} }
  - { name: a-b, target: 99%, ${errors} }
  - { name: "{{ .Value }}", target: 99%, ${errors} }
  - { name: "購入", target: 99%, ${errors} }
`);
  const ids = groups.flatMap(({ rules }) => rules.map(({ labels }) => labels["sloth_id"]));
  expect([...new Set(ids)]).toEqual(["shop-a-b", "shop-a-b-2", "shop-value", "shop-objective"]);
  expect(alerts.find(({ labels }) => labels["sloth_slo"] === "value")?.labels["objective"]).toBe('{{"{{"}} .Value }}');
});
