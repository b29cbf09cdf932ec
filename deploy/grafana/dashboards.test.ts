import { describe, expect, test } from "vitest";
import * as names from "../../slo/spec/names.ts";
import {
  dashboards,
  filled,
  grafanaValues,
  labDashboards,
  labelsInText,
  namesIn,
  type Panel,
  type Target,
  variableQuery,
} from "./dashboards.fixture.ts";

const { k6Metrics, plimsollMetrics, processMetrics, scrapeMetrics, targetMetrics } = names;
const { k6Labels, plimsollLabels, scrapeLabels, targetDetailLabels, targetLabels } = names;
const histograms: string[] = [targetMetrics.requestDuration, processMetrics.garbageCollection];
const metrics = [k6Metrics, plimsollMetrics, processMetrics, scrapeMetrics, targetMetrics].flatMap((each) => Object.values<string>(each));
const knownMetrics = new Set([...metrics, ...histograms.flatMap((name) => [`${name}_bucket`, `${name}_count`, `${name}_sum`])]);
const labels = [k6Labels, plimsollLabels, scrapeLabels, targetDetailLabels, targetLabels].flatMap((each) => Object.values<string>(each));
/** A classic histogram's buckets are told apart by `le`. */
const knownLabels = new Set([...labels, "le"]);

const isPromQL = ({ datasource }: Target): boolean => datasource?.type === "prometheus";
const isData = ({ type }: Panel): boolean => type !== "row";
/** Shows what is now, so it asks for one instant; the other panels ask for the time shown. */
const showsNow = ({ type }: Panel): boolean => ["table", "bargauge", "stat"].includes(type);

/** The colour that a panel's overrides fix for a series, by the series' name. */
function colourOf({ fieldConfig }: Panel, series: string): unknown {
  const found = fieldConfig?.overrides.filter(({ matcher: { id, options } }) =>
    id === "byRegexp" ? new RegExp(options.slice(1, -1)).test(series) : options === series,
  );
  return found?.flatMap(({ properties }) => properties).find(({ id }) => id === "color")?.value;
}

test("every dashboard has an id of its own", () => {
  const all = [...dashboards, ...labDashboards];
  expect(dashboards.length).toBeGreaterThan(0);
  expect(new Set(all.map(([, { uid }]) => uid)).size).toBe(all.length);
});

describe.each([...dashboards, ...labDashboards])("%s", (file, dashboard) => {
  const isOfLab = labDashboards.some(([name]) => name === file);
  const values = {
    ...grafanaValues,
    ...Object.fromEntries(
      dashboard.templating.list.map(({ name }) => [name, /^(began|ended|settle)$/.test(name) ? "1700000000" : "value"]),
    ),
  };
  const panels = dashboard.panels.filter(isData);
  const targets = panels.flatMap(({ targets = [] }) => targets.filter(isPromQL));
  const choices = dashboard.templating.list.filter(({ type }) => type === "query");
  // Grafana adds one of its own when it exports.
  const annotations = dashboard.annotations.list.filter(({ builtIn }) => builtIn !== 1);

  test("every query of a panel, an annotation and a variable is PromQL, over metrics and labels that the shared files name where they are ours", () => {
    const ofChoices = choices.map(({ query }) => variableQuery(query));
    const queries = [
      ...targets.map(({ expr }) => expr),
      ...annotations.flatMap(({ expr = [] }) => expr),
      ...ofChoices.map((choice) => (choice.kind === "labels" ? choice.selector : choice.expr)),
    ];
    expect(queries.length).toBeGreaterThan(isOfLab ? 0 : panels.length);
    for (const query of queries) {
      const { metrics, labels } = namesIn(filled(query, values));
      expect(metrics, query).not.toEqual([]);
      if (isOfLab) continue;
      expect([...metrics.filter((name) => !knownMetrics.has(name)), ...labels.filter((name) => !knownLabels.has(name))], query).toEqual([]);
    }
    if (isOfLab) return;
    const texts = [...targets.map(({ legendFormat }) => legendFormat), ...annotations.map(({ titleFormat = "" }) => titleFormat)];
    const asked = ofChoices.flatMap((choice) => (choice.kind === "labels" ? choice.label : []));
    expect([...texts.flatMap(labelsInText), ...asked].filter((label) => !knownLabels.has(label))).toEqual([]);
  });

  test("every panel has an id and a title of its own, a description, a unit, levels, and queries with legends", () => {
    expect(new Set(panels.map(({ title }) => title)).size).toBe(panels.length);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    for (const { title, description, fieldConfig, targets } of panels) {
      expect(title).toMatch(/\S/);
      expect(description?.length, title).toBeGreaterThan(15);
      expect(fieldConfig?.defaults.unit, title).toMatch(/./);
      expect(fieldConfig?.defaults.thresholds?.steps.length, title).toBeGreaterThan(0);
      expect(targets?.length, title).toBeGreaterThan(0);
      expect(new Set(targets?.map(({ refId }) => refId)).size, title).toBe(targets?.length);
      for (const { legendFormat } of targets ?? []) expect(legendFormat, title).not.toBe("");
    }
  });

  test("everything asks the data source that the page's variable holds, or the lab's own", () => {
    const variable = { type: "datasource", name: "datasource", query: "prometheus" };
    expect(dashboard.templating.list).toContainEqual(expect.objectContaining(variable));
    for (const each of [...panels, ...panels.flatMap((panel) => panel.targets ?? []), ...choices, ...annotations]) {
      // A lab has one Loki and one Jaeger.
      const { type = "" } = each.datasource ?? {};
      const wanted = isOfLab && ["loki", "jaeger"].includes(type) ? { type, uid: type } : { type: "prometheus", uid: "$datasource" };
      expect(each.datasource, JSON.stringify(each)).toEqual(wanted);
    }
  });

  test("a variable's query is written the same in both of Grafana's places", () => {
    for (const { name, query, definition } of choices) expect(definition, name).toBe(query);
  });

  test("tables, bars and single numbers ask for one instant, everything else for the time shown", () => {
    for (const panel of panels) {
      const isNow = showsNow(panel);
      for (const { instant = false, range = false } of panel.targets?.filter(isPromQL) ?? [])
        expect([instant, range], panel.title).toEqual([isNow, !isNow]);
    }
  });

  test("a percentile that a panel shows of both sides has one colour, and another than the others", () => {
    for (const panel of panels) {
      const series = (panel.targets ?? []).filter(isPromQL).map(({ legendFormat }) => legendFormat);
      const ofClient = series.filter((name) => series.includes(name.replace("client", "server")) && /^p\d+ client$/.test(name));
      const colours = ofClient.map((name) => JSON.stringify(colourOf(panel, name)));
      expect(ofClient.map((name) => JSON.stringify(colourOf(panel, name.replace("client", "server"))))).toEqual(colours);
      expect(colours).not.toContain(undefined);
      expect(new Set(colours).size, panel.title).toBe(ofClient.length);
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

test("the percentiles of both sides are shown somewhere", () => {
  const legends = dashboards.flatMap(([, { panels }]) =>
    panels.flatMap(({ targets = [] }) => targets.map(({ legendFormat }) => legendFormat)),
  );
  for (const percentile of ["p50", "p95", "p99"])
    expect(legends).toEqual(expect.arrayContaining([`${percentile} client`, `${percentile} server`]));
});

test.each([
  ["an unclosed selector", "sum(up{"],
  ["an unknown function's arguments", "rate(up[1m)"],
])("%s is found by the parser, so the test above can fail", (_sentence, expression) => {
  expect(() => namesIn(expression)).toThrow(/not PromQL/);
});

test("labels are found in matchers, groupings and joins", () => {
  expect(namesIn('sum by (a) (up{b="1"}) / on (c) group_left (d) up').labels).toEqual(["a", "b", "c", "d"]);
});

test("a variable that the dashboard has not is found, and label_replace's $1 is left alone", () => {
  expect(() => filled('up{a="$absent"}', {})).toThrow(/\$absent/);
  expect(filled('label_replace(up, "a", "$1", "b", "(.*)") @ ${__from:date:seconds}', grafanaValues)).toContain(
    '"$1", "b", "(.*)") @ 1700000000',
  );
});
