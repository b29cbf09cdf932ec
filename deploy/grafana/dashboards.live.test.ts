import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { waitFor } from "../../slo/host/wait.ts";
import { plimsollMetrics as m } from "../../slo/spec/names.ts";
import { type Dashboard, dashboards, filled, labelsInText, type Panel, variableQuery } from "./dashboards.fixture.ts";
import { type LiveStack, runK6, startStack } from "./stack.fixture.ts";

interface Series {
  metric: Record<string, string>;
  values?: [number, string][];
  value?: [number, string];
  histograms?: unknown[];
}

const testid = "smoke-20261121T000000-0001";
// Too few virtual users for the slow route, so that iterations are dropped; one user list in seven fails.
const faults = JSON.stringify([
  { kind: "error", route: "/api/users", every: 7 },
  { kind: "latency", route: "/api/echo", seconds: { constant: 0.8 } },
]);
const load = {
  PLIMSOLL_RATE: "60",
  PLIMSOLL_DURATION: "9s",
  PLIMSOLL_SET: JSON.stringify({ vus: "3", warmup: "2" }),
  PLIMSOLL_SLOW_THRESHOLDS: "0.1,0.25",
};

/** Writes what a verdict leaves, with counters that grow at each scrape, as they do over a run. */
function verdictSeries(scrape: number): string {
  const labels = `testid="${testid}",service="storage-api",scenario="smoke"`;
  const objective = `${labels},objective="availability"`;
  const verdicts = ["met", "exceeded", "inconclusive"].flatMap((verdict) => [
    `${m.runVerdict}{${labels},verdict="${verdict}"} ${verdict === "met" ? 1 : 0}`,
    `${m.objectiveVerdict}{${objective},verdict="${verdict}"} ${verdict === "met" ? 1 : 0}`,
  ]);
  const numbers = [
    `${m.targetRatio}{${objective}} 0.99`,
    `${m.errorRatio}{${objective}} 0.002`,
    `${m.provedErrorRatio}{${objective},bound="least"} 0.001`,
    `${m.provedErrorRatio}{${objective},bound="most"} 0.005`,
    `${m.budgetSpent}{${objective}} 0.2`,
    `${m.events}{${objective}} ${scrape * 500}`,
    `${m.badEvents}{${objective}} ${scrape}`,
    `${m.worstBurnRate}{${objective},window="30s"} 2`,
    `${m.burnRateThreshold}{${objective},window="30s"} 14.4`,
  ];
  return `${[...verdicts, ...numbers].join("\n")}\n`;
}

describeLive("the dashboards' queries over a real run", ["k6", "prometheus"], (paths) => {
  let stack: LiveStack;
  let counts: { requests: number; dropped: number };
  let beganAt: number;
  let endedAt: number;
  let scrapes = 0;

  async function ask(path: string, parameters: Record<string, string>): Promise<Series[]> {
    const response = await fetch(`${stack.prometheus}/api/v1/${path}`, { method: "POST", body: new URLSearchParams(parameters) });
    const body = (await response.json()) as { status: string; error?: string; data?: { result: Series[] } };
    if (body.status !== "success") throw new Error(`${body.error}: ${parameters["query"]}`);
    return body.data?.result ?? [];
  }

  async function labelValues(selector: string, label: string): Promise<string[]> {
    const response = await fetch(
      `${stack.prometheus}/api/v1/label/${label}/values?${new URLSearchParams({ "match[]": selector }).toString()}`,
    );
    return ((await response.json()) as { data: string[] }).data;
  }

  /** Fills in a dashboard's variables as Grafana would: from the variables' own queries, in their order. */
  async function valuesOf(dashboard: Dashboard): Promise<Record<string, string>> {
    const seconds = Math.ceil(endedAt - beganAt);
    const values: Record<string, string> = { __range: `${seconds}s`, __rate_interval: "8s", __from: String(beganAt) };
    for (const { name, type, query, regex } of dashboard.templating.list) {
      if (type === "custom") values[name] = query.split(",")[0] ?? "";
      if (type !== "query") continue;
      if (name === "testid") {
        values[name] = testid; // neither the first nor the last of the runs
        continue;
      }
      const choice = variableQuery(filled(query, values));
      const found =
        choice.kind === "labels"
          ? await labelValues(choice.selector, choice.label)
          : (await ask("query", { query: choice.expr, time: String(endedAt) })).map((series) => shownBy(regex, series));
      if (found.length === 0 || found.includes("")) throw new Error(`the variable ${name} of ${dashboard.title} has no values: ${query}`);
      const one = found.includes("storage-api") ? "storage-api" : found[0];
      values[name] = choice.kind === "result" || name === "job" || name === "service" ? (one ?? "") : `(${found.join("|")})`;
    }
    return values;
  }

  /** What a variable's pattern finds in a result as Grafana writes it: labels, value, time. */
  const shownBy = (regex: string | undefined, { metric, value }: Series): string => {
    const labels = Object.entries(metric).map(([label, text]) => `${label}="${text}"`);
    return new RegExp((regex ?? "/(.*)/").slice(1, -1)).exec(`{${labels.join(",")}} ${value?.[1]} ${endedAt}000`)?.[1] ?? "";
  };

  const run = (panel: Panel, values: Record<string, string>): Promise<Series[][]> =>
    Promise.all(
      (panel.targets ?? []).map(({ expr, instant }) => {
        const query = filled(expr, values);
        if (instant) return ask("query", { query, time: String(endedAt) });
        return ask("query_range", { query, start: String(beganAt), end: String(endedAt), step: "1" });
      }),
    );

  const hasNumber = ({ value, values, histograms }: Series): boolean =>
    histograms === undefined && [...(values ?? []), ...(value ? [value] : [])].some(([, text]) => Number.isFinite(Number(text)));

  /** Waits until no k6 has written for so long, in which the service is scraped twice a second. */
  async function quietFor(seconds: number): Promise<void> {
    const query = `time() - max(timestamp(k6_http_reqs_total)) > ${seconds}`;
    const isQuiet = async () => (await ask("query", { query })).length > 0 || undefined;
    if (!(await waitFor(isQuiet, 30, 200))) throw new Error("k6 goes on writing");
  }

  beforeAll(async () => {
    beganAt = Math.floor(Date.now() / 1000) - 1;
    stack = await startStack(paths.prometheus, faults, () => verdictSeries((scrapes += 1)));
    const brief = { ...load, PLIMSOLL_DURATION: "3s" };
    await runK6(paths.k6, stack, "smoke-20261121T000000-0000", brief);
    await quietFor(3);
    counts = await runK6(paths.k6, stack, testid, load);
    await quietFor(6); // a run's last scrape is looked for within 5 s of its end
    await runK6(paths.k6, stack, "smoke-20261121T000000-0002", brief);
    await quietFor(2);
    endedAt = Math.floor(Date.now() / 1000);
  }, 120_000);

  afterAll(() => stack?.stop());

  describe.each(dashboards)("%s", (_path, dashboard) => {
    test("every query of every panel returns numbers", async () => {
      const values = await valuesOf(dashboard);
      const empty: string[] = [];
      for (const panel of dashboard.panels.filter(({ type }) => type !== "row")) {
        for (const [index, result] of (await run(panel, values)).entries()) {
          const target = panel.targets?.[index];
          if (result.length === 0 || !result.every(hasNumber))
            empty.push(`${panel.title} ${target?.refId}: ${filled(target?.expr ?? "", values)}`);
        }
      }
      expect(empty).toEqual([]);
    });

    test("its legends name labels that the series have", async () => {
      const values = await valuesOf(dashboard);
      for (const panel of dashboard.panels.filter(({ type }) => type !== "row")) {
        for (const [index, result] of (await run(panel, values)).entries()) {
          for (const label of labelsInText(panel.targets?.[index]?.legendFormat ?? ""))
            for (const { metric } of result) expect(metric, panel.title).toHaveProperty(label);
        }
      }
    });

    test("its annotations return times within the run, in milliseconds", async () => {
      const values = await valuesOf(dashboard);
      for (const { name, expr } of dashboard.annotations.list) {
        if (expr === undefined) continue;
        const result = await ask("query_range", { query: filled(expr, values), start: String(beganAt), end: String(endedAt), step: "10" });
        expect(result, name).not.toEqual([]);
        for (const [, text] of result.flatMap((series) => series.values ?? [])) {
          expect(Number(text) / 1000, name).toBeGreaterThanOrEqual(beganAt);
          expect(Number(text) / 1000, name).toBeLessThanOrEqual(endedAt);
        }
      }
    });
  });

  test("the counts on the first page are exact for one of three runs: what k6 says it sent, all of it served, nothing lost", async () => {
    const page = dashboards.find(([, { uid }]) => uid === "plimsoll-k6-server")?.[1];
    if (page === undefined) throw new Error("no such page");
    const values = await valuesOf(page);
    const lastOf = async (title: string): Promise<number> => {
      const panel = page.panels.find((candidate) => candidate.title === title);
      if (panel === undefined) throw new Error(`no panel ${title}`);
      return Number((await run(panel, values))[0]?.[0]?.value?.[1]);
    };
    expect(counts.requests).toBeGreaterThan(400);
    expect(await lastOf("Requests sent")).toBe(counts.requests);
    expect(await lastOf("Requests the server counted")).toBe(counts.requests);
    expect(await lastOf("Lost between")).toBe(0);
    expect(await lastOf("5xx, server")).toBe(await lastOf("Unexpected answers, client"));
    expect(await lastOf("5xx, server")).toBeGreaterThan(0);
    // The client waits for all that the server does; a second more would be no loopback.
    const meanSeconds = await lastOf("Mean, client minus server");
    expect(meanSeconds).toBeGreaterThan(-0.001);
    expect(meanSeconds).toBeLessThan(1);
  });

  test("the dropped iterations on the generator's page are exact", async () => {
    const page = dashboards.find(([, { uid }]) => uid === "plimsoll-generator")?.[1];
    const panel = page?.panels.find(({ title }) => title === "Dropped iterations");
    if (page === undefined || panel === undefined) throw new Error("no such panel");
    expect(counts.dropped).toBeGreaterThan(0);
    expect(Number((await run(panel, await valuesOf(page)))[0]?.[0]?.value?.[1])).toBe(counts.dropped);
  });
});
