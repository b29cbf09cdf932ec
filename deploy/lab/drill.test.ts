import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Ran } from "../../slo/host/process.ts";
import { parseFaultRules } from "../../target/faults/rules.ts";
import { openCluster, poll } from "./cluster.ts";
import type { Findings } from "./drill.ts";
import { drills } from "./drills.ts";
import { fromLogs, fromPanel, fromTraces, isAlert } from "./evidence.ts";
import { findingsTable, isAsDue } from "./table.ts";
import type { Lab } from "../minikube/step.ts";

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
    write: () => undefined,
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
    expect(parseFaultRules(fault.kind === "rules" ? fault.rules : [])).toMatchObject({ kind: "rules" });
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
