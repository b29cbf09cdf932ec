import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { Ran } from "../../slo/host/process.ts";
import { parseFaultRules } from "../../target/faults/rules.ts";
import { openCluster, poll } from "./cluster.ts";
import { manifests } from "../kubernetes/cluster.fixture.ts";
import { quantity, readObjects, templateOf } from "../kubernetes/manifests.fixture.ts";
import { type Findings, untilQuiet, watchAlerts } from "./drill.ts";
import { drills } from "./drills.ts";
import { type Alert, fromLogs, fromPanel, fromTraces, isAlert } from "./evidence.ts";
import { findingsTable, isAsDue } from "./table.ts";
import type { Lab } from "./lab.ts";

const run = { testid: "smoke-1", beganAt: 1_000, endedAt: 1_100 };

/** A cluster whose parts answer by the first key that the asked path contains, decoded; what no key names has nothing. */
function clusterOf(answers: Record<string, object>) {
  const asked: string[] = [];
  let clock = 0;
  const lab: Lab = {
    say: () => undefined,
    now: () => clock,
    pause: async (seconds) => void (clock += seconds),
    signal: new AbortController().signal,
    project: "/project",
    run: async ({ args }): Promise<Ran> => {
      const path = decodeURIComponent(args.join(" ").replaceAll("+", " "));
      asked.push(path);
      const answer = Object.entries(answers).find(([part]) => path.includes(part))?.[1];
      const stdout = JSON.stringify(answer ?? { data: [] });
      return { ending: { kind: "exited", code: answer === undefined ? 1 : 0 }, stdout, stderr: "", output: stdout };
    },
  };
  return { cluster: openCluster(lab, "c"), asked };
}

describe.each(Object.entries(drills))("%s", (_name, { fault, signs }) => {
  test("breaks the service by rules that it takes", () => {
    for (const rate of [1, 60, 1_000])
      expect(parseFaultRules(fault.kind === "rules" ? fault.rules(rate) : [])).toMatchObject({ kind: "rules" });
  });

  test("asks a panel that there is", async () => {
    const { cluster, asked } = clusterOf({ query_range: { data: { result: [] } } });
    expect(await fromPanel(signs, cluster, run)).toBeUndefined();
    expect(asked[0]).not.toContain("$");
    expect(asked[0]).toContain(signs.panel.test);
  });

  test("expects of the gate objectives that there are", () => {
    const spec = readFileSync(new URL("../../slo/objectives/storage-api.yaml", import.meta.url), "utf8");
    for (const name of signs.objectives) expect(spec).toContain(`- name: ${name}\n`);
  });
});

const signs = drills["slow-store"]?.signs;
if (signs === undefined) throw new Error("no such drill");
const span = (duration: number, tags: Record<string, string>) => ({
  operationName: "get buckets",
  duration,
  tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
});

test.each<[string, object[], boolean]>([
  ["a slow read of the store is guilty", [span(400_000, { "db.operation.name": "get" })], true],
  ["a quick one is not", [span(4_000, { "db.operation.name": "get" })], false],
  ["nor a slow request whose store was quick", [span(400_000, {}), span(4_000, { "db.operation.name": "get" })], false],
  ["nor another operation", [span(400_000, { "db.operation.name": "put" })], false],
])("%s", async (_sentence, spans, isGuilty) => {
  const { cluster, asked } = clusterOf({ "/api/traces": { data: [{ traceID: "4bf9", spans }] } });
  const found = await fromTraces(signs, cluster, run);
  expect(found?.kind).toBe(isGuilty ? "named" : undefined);
  expect(asked[0]).toContain('"plimsoll.testid":"smoke-1"');
});

test("a line is looked for in the run's own lines", async () => {
  const { cluster, asked } = clusterOf({ loki: { data: { result: [{ values: [["1", '{"fault":"slow-store"}']] }] } } });
  expect(await fromLogs(signs, cluster, run)).toEqual({ kind: "named", words: '{"fault":"slow-store"}' });
  expect(asked[0]).toContain('plimsoll_testid="smoke-1"');
});

test("an alert of another route is not the one", () => {
  const labels = { alertname: "RequestsSlow", method: "GET", route: "/api/buckets/:id", service: "storage-api" };
  expect(isAlert(signs, { labels })).toBe(true);
  expect(isAlert(signs, { labels: { ...labels, route: "/api/users" } })).toBe(false);
});

describe("the memory leak", () => {
  const read = (path: string): string => readFileSync(join(manifests, path), "utf8");
  const deployment = readObjects(read("target/deployment.yaml")).find(({ kind }) => kind === "Deployment");
  if (deployment === undefined) throw new Error("the storage API has no Deployment");
  const { replicas } = deployment.spec as { replicas: number };
  const limitBytes = quantity(templateOf(deployment)?.spec.containers[0]?.resources?.limits?.["memory"] ?? "0");
  const alert = (
    parse(read("with/alerts/rules-service.yml")) as { groups: { rules: { alert: string; expr: string; for?: string }[] }[] }
  ).groups
    .flatMap(({ rules }) => rules)
    .find((rule) => rule.alert === "MemoryNearLimit");
  const { fault, mustHappen } = drills["memory-leak"] ?? {};

  /** How long the pod that answers `share` of the requests takes to leak so many bytes; each iteration is a request, or more. */
  const secondsFor = (bytes: number, rate: number, share: number): number => {
    const [rule] = fault?.kind === "rules" ? fault.rules(rate) : [];
    return bytes / ((rule as { bytes: number }).bytes * rate * share);
  };

  test.each([5, 40, 60, 300])("at %i/s ends the busier container within the load, a minute for the rollout left", (rate) => {
    expect(secondsFor(limitBytes, rate, 1 / replicas)).toBeLessThanOrEqual((mustHappen?.withinSeconds ?? 0) - 60);
  });

  test.each([5, 40, 60, 300])("at %i/s is above the alert's share of the limit for longer than it waits", (rate) => {
    const [, share = "0"] = /> ([\d.]+)$/.exec(alert?.expr.trim() ?? "") ?? [];
    const evaluatedSeconds = 5;
    expect(Number(share)).toBeGreaterThan(0);
    expect(secondsFor((1 - Number(share)) * limitBytes, rate, 1 / replicas)).toBeGreaterThan(
      Number.parseInt(alert?.for ?? "", 10) + evaluatedSeconds,
    );
  });
});

describe("alerts", () => {
  const burn: Alert = { labels: { alertname: "ErrorBudgetBurn", severity: "ticket", service: "storage-api" } };
  const page: Alert = { labels: { ...burn.labels, severity: "page" } };
  const due: Alert = { labels: { alertname: "RequestsSlow", method: "GET", route: "/api/buckets/:id" } };

  /** Watches answers one after the other, the last again and again; the load has ended. */
  async function watched(sign: typeof signs | undefined, before: string[], ...answers: Alert[][]) {
    const { cluster } = clusterOf({});
    const next = async (): Promise<unknown> => (answers.length > 1 ? answers.shift() : answers[0]);
    const ended = new AbortController();
    ended.abort();
    return watchAlerts({ ...cluster, get: next }, sign, before, ended.signal);
  }
  const left = ["ErrorBudgetBurn (ticket storage-api)"];

  test.each<[string, typeof signs | undefined, string[], Alert[][], object]>([
    [
      "in a calm drill one left over names nothing, and is told",
      undefined,
      left,
      [[burn]],
      { kind: "silent", words: `none began; left over from before: ${left[0]}` },
    ],
    ["one that begins does, whichever it is", undefined, [], [[], [burn]], { kind: "named" }],
    ["and one that ended and begins again", undefined, left, [[burn], [], [burn]], { kind: "named" }],
    ["and a page beside its ticket that was left over", undefined, left, [[burn], [burn, page]], { kind: "named" }],
    ["no alert at all is silence", undefined, [], [[]], { kind: "silent", words: "none fired" }],
    ["in another drill only its own names it", signs, [], [[burn]], { kind: "silent", words: `not the one that was due, but ${left[0]}` }],
    ["which it does when it comes", signs, left, [[burn], [burn, due]], { kind: "named" }],
  ])("%s", async (_sentence, sign, before, answers, said) => {
    expect(await watched(sign, before, ...answers)).toMatchObject(said);
  });

  test("a drill begins when none is active that would name its fault; a ticket that lasts for an hour holds up no calm one, a page does", async () => {
    const quiet = (sign: typeof signs | undefined, ...alerts: Alert[]) => {
      const { cluster } = clusterOf({});
      return untilQuiet({ ...cluster, get: async () => alerts }, sign);
    };
    expect(await quiet(undefined, burn)).toEqual(left);
    await expect(quiet(undefined, page)).rejects.toThrow("the lab is not well: ErrorBudgetBurn (page storage-api)");
    await expect(quiet(signs, due)).rejects.toThrow("the lab is not well: RequestsSlow");
    expect(await quiet(signs, page)).toHaveLength(1);
  });
});

test("a part that does not answer is an error, not silence", async () => {
  const { cluster } = clusterOf({});
  await expect(poll(cluster, () => fromLogs(signs, cluster, run), 10)).rejects.toThrow("loki does not answer");
});

test.each<[string, boolean, ("named" | "silent")[], boolean]>([
  ["all five name the fault", false, ["named", "named"], true],
  ["one is silent", false, ["named", "silent"], false],
  ["a calm drill names nothing", true, ["silent", "silent"], true],
  ["a calm drill names something", true, ["silent", "named"], false],
])("%s: as due or not", (_sentence, isCalm, kinds, asDue) => {
  const findings: Findings = { testid: "smoke-1", rows: kinds.map((kind, index) => [`row ${index}`, { kind, words: "words" }]) };
  expect(isAsDue(findings, isCalm)).toBe(asDue);
  expect(findingsTable("name", "sentence", findings, isCalm)).toContain(isCalm ? " named anything" : " named the fault");
});
