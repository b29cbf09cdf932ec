import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { presetNames } from "../spec/presets.ts";
import { specOf } from "../spec/shop.fixture.ts";
import type { WindowSet } from "./burn-windows.ts";
import { ruleFile } from "./rule-file.ts";
import { compileRules } from "./rules.ts";

const spec = (metrics: string): string => `version: 1
service: shop
metrics: ${metrics}
objectives:
  - { name: works, target: 99.9%, indicator: { errors: { side: server } } }
  - { name: fast, target: 99%, indicator: { latency: { side: server, atMost: 250ms } } }
  - { name: sells, target: 99%, indicator: { ratio: { good: 'orders_total{result="ok"}', total: orders_total + returns_total } } }
`;

/** Writes a spec's rules into a folder of their own; gives the file. */
function written(text: string, set: WindowSet): string {
  const compiled = compileRules(specOf(text), { job: "shop" }, set);
  if (compiled.kind === "problems") throw new Error(compiled.problems.map(({ message }) => message).join());
  const file = join(mkdtempSync(join(tmpdir(), "plimsoll-rules-")), "rules.yml");
  writeFileSync(file, ruleFile(compiled.groups, "prometheus", "shop", []));
  return file;
}

/** How many events a counter gains a minute, for how many minutes. */
type Course = readonly (readonly [minutes: number, perMinute: number])[];

/** Counts a course up, three samples a minute. */
function counted(course: Course): string {
  let sum = 0;
  return course.flatMap(([minutes, each]) => Array.from({ length: 3 * minutes }, () => (sum += each / 3))).join(" ");
}

/** Of six days, whose windows are 12 m/1 m, 72 m/6 m, 4.8 h/24 m and 14.4 h/72 m: a fifth of the time to compute. */
const errors =
  "version: 1\nservice: shop\nmetrics: promhttp\nperiod: 6d\nobjectives:\n  - { name: works, target: 99.9%, indicator: { errors: { side: server } } }\n";
const series = (good: Course, bad: Course, label = "code") => [
  { series: `http_requests_total{job="shop",${label}="200"}`, values: counted(good) },
  { series: `http_requests_total{job="shop",${label}="503"}`, values: counted(bad) },
];

describeLive("the rules of objectives, in promtool", ["promtool"], ({ promtool }) => {
  test.each(presetNames.flatMap((name) => (["standard", "short"] as const).map((set): [string, WindowSet] => [name, set])))(
    "of a service that counts as %s does are rules, with %s windows",
    (name, set) => {
      const checked = spawnSync(promtool, ["check", "rules", written(spec(name), set)], { encoding: "utf8" });
      expect(checked.stdout + checked.stderr).toContain("SUCCESS: 54 rules found");
      expect(checked.status).toBe(0);
    },
  );

  /** Which alerts fire at which minute. */
  type Fires = Record<number, string[]>;
  const [page, ticket, unknown] = ["ErrorBudgetBurn page", "ErrorBudgetBurn ticket", "ObjectiveWithoutData ticket"];
  const hours = (count: number): number => 60 * count;
  test.each<[string, ReturnType<typeof series>, Fires]>([
    [
      "a fault fires the page after a sixth of its window, and its end resolves it",
      series([[12, 1000], [12, 900], [12, 1000]], [[12, 0], [12, 100], [12, 0]]), // prettier-ignore
      // At 27 min half of the slower row's short window is past the fault, at 32 min all of it.
      { 11: [], 15: [page, ticket], 23: [page, ticket], 27: [page, ticket], 32: [ticket] },
    ],
    ["calm fires nothing", series([[hours(16), 10_000]], [[hours(16), 5]]), { 12: [], [hours(2)]: [], [hours(15)]: [] }],
    ["no error at all fires nothing", series([[hours(2), 10_000]], [[1, 0]]), { 110: [] }],
    ["a burn just below the lowest threshold fires nothing", series([[hours(16), 10_000]], [[hours(16), 9.9]]), { [hours(15)]: [] }],
    ["one just above it fires the ticket", series([[hours(16), 10_000]], [[hours(16), 10.2]]), { [hours(15)]: [ticket] }],
    ["a burn just below the page's threshold pages nobody", series([[hours(2), 10_000]], [[hours(2), 59]]), { 110: [ticket] }],
    ["one just above it does", series([[hours(2), 10_000]], [[hours(2), 61]]), { 110: [page, ticket] }],
    ["a counter that is gone is told, and is no calm", series([[30, 1000]], [[30, 0.1]]), { 20: [], 50: [unknown] }],
    ["no request is no lack of data", series([[30, 1000], [30, 0]], [[60, 0]]), { 29: [], 59: [] }], // prettier-ignore
    ["statuses under another label than the spec says are told", series([[20, 1000]], [[20, 500]], "state"), { 18: [unknown] }],
  ])("%s", (_sentence, input_series, fires) => {
    const rules = written(errors, "standard");
    const promql_expr_test = Object.entries(fires).map(([minute, names]) => ({
      expr: 'count by (alertname, severity) (ALERTS{alertstate="firing"})',
      eval_time: `${minute}m`,
      exp_samples: names.map((name) => {
        const [alertname, severity] = name.split(" ");
        return { labels: `{alertname="${alertname}",severity="${severity}"}`, value: 1 };
      }),
    }));
    const file = rules.replace("rules.yml", "test.yml");
    const tests = [{ interval: "20s", input_series, promql_expr_test }];
    writeFileSync(file, JSON.stringify({ rule_files: [rules], evaluation_interval: "1m", tests }));
    expect(execFileSync(promtool, ["test", "rules", file], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })).toContain("SUCCESS");
  });
});
