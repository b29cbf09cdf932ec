import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { k6Metrics, plimsollMetrics, processMetrics, scrapeMetrics, targetMetrics } from "../../slo/spec/names.ts";
import { dashboardFiles } from "./dashboards.ts";
import { committedDashboards, filled, grafanaValues, metricsIn, type ReadPanel, variableQuery } from "./reading.fixture.ts";

const histograms: string[] = [targetMetrics.requestDuration, processMetrics.garbageCollection];
const known = new Set<string>([
  ...[k6Metrics, plimsollMetrics, processMetrics, scrapeMetrics, targetMetrics].flatMap((metrics) => Object.values(metrics)),
  ...histograms.flatMap((name) => [`${name}_bucket`, `${name}_count`, `${name}_sum`]),
]);
const dashboards = committedDashboards();
const isData = (panel: ReadPanel): boolean => panel.type !== "row";

test("every committed dashboard is made by a source, with an id of its own", () => {
  const folder = fileURLToPath(new URL("dashboards/", import.meta.url));
  expect(readdirSync(folder).toSorted()).toEqual(dashboardFiles.map(({ path }) => path.split("/").at(-1)).toSorted());
  expect(new Set(dashboards.map(([, { uid }]) => uid)).size).toBe(dashboards.length);
});

test("the committed dashboards are what their sources make", () => {
  for (const [index, { text }] of dashboardFiles.entries()) expect(JSON.parse(text())).toEqual(dashboards[index]?.[1]);
});

describe.each(dashboards)("%s", (_path, dashboard) => {
  const values = { ...grafanaValues, ...Object.fromEntries(dashboard.templating.list.map(({ name }) => [name, "value"])) };
  const panels = dashboard.panels.filter(isData);
  const queries = panels.flatMap(({ targets }) => targets ?? []).map(({ expr }) => expr);
  const annotations = dashboard.annotations.list.flatMap(({ expr }) => (expr === undefined ? [] : [expr]));
  const choices = dashboard.templating.list.filter(({ type }) => type === "query").map(({ query }) => variableQuery(query));

  test("every query of a panel, an annotation and a variable is PromQL over metrics that the shared file names", () => {
    const all = [...queries, ...annotations, ...choices.map((choice) => (choice.kind === "labels" ? choice.selector : choice.expr))];
    expect(all.length).toBeGreaterThan(panels.length);
    for (const query of all) {
      const metrics = metricsIn(filled(query, values));
      expect(metrics, query).not.toEqual([]);
      expect(
        metrics.filter((name) => !known.has(name)),
        query,
      ).toEqual([]);
    }
  });

  test("every panel has a title of its own, a description, a unit, levels, and queries with legends on the chosen data source", () => {
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    for (const { title, description, fieldConfig, targets } of panels) {
      expect(description?.length, title).toBeGreaterThan(15);
      expect(fieldConfig?.defaults.unit, title).toMatch(/./);
      expect(fieldConfig?.defaults.thresholds?.steps.length, title).toBeGreaterThan(0);
      expect(targets?.length, title).toBeGreaterThan(0);
      expect(new Set(targets?.map(({ refId }) => refId)).size, title).toBe(targets?.length);
      for (const { legendFormat, datasource } of targets ?? []) {
        expect(legendFormat, title).not.toBe("");
        expect(datasource.uid, title).toBe("$datasource");
      }
    }
  });

  test("no panel leaves the 24 columns or lies on another", () => {
    const taken = new Map<string, string>();
    for (const { title, gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      expect(Math.min(gridPos.w, gridPos.h), title).toBeGreaterThan(0);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.get(`${x},${y}`), `${title} lies on it`).toBeUndefined();
          taken.set(`${x},${y}`, title);
        }
      }
    }
  });
});

test.each([
  ["an unclosed selector", "sum(up{"],
  ["an unknown function's arguments", "rate(up[1m)"],
])("%s is found by the parser, so the test above can fail", (_sentence, expression) => {
  expect(() => metricsIn(expression)).toThrow(/not PromQL/);
});

test("a variable that the dashboard has not is found, and label_replace's $1 is left alone", () => {
  expect(() => filled('up{a="$absent"}', {})).toThrow(/\$absent/);
  expect(filled('label_replace(up, "a", "$1", "b", "(.*)") @ ${__from:date:seconds}', grafanaValues)).toContain(
    '"$1", "b", "(.*)") @ 1700000000',
  );
});
