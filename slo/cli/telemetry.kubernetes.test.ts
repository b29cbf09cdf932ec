import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openProcessGroup } from "../host/process-group.ts";
import { waitFor } from "../host/wait.ts";
import { attributeLines } from "../report/causes.ts";
import { reach } from "../run/kubernetes/port-forward.ts";
import { reportIn, run, workingFolder } from "./cli.fixture.ts";
import { ask, brief, context, inNamespace, loadArgs, shown, withoutParts, withParts } from "./cluster.fixture.ts";
import { requestIdsOf } from "../collect/request-ids.fixture.ts";

const group = openProcessGroup();
let [jaeger, loki] = ["", ""];

async function withTracesAndLogs(): Promise<void> {
  const there = ["--namespace", "monitoring", "get", "deployment/collector", "statefulset/loki", "--ignore-not-found", "-o", "name"];
  if ((await ask(...there)).trim().split("\n").length !== 2) await withParts("logs,traces");
}

const restarted = async (...words: string[]): Promise<void> => {
  await inNamespace("set", "env", "deployment/storage-api", ...words);
  await inNamespace("rollout", "status", "deployment/storage-api", "--timeout=120s");
};

async function reached(url: string, folder: string): Promise<string> {
  const open = await reach({ context, namespace: "monitoring" }, url, group, join(folder, "forward.log"));
  if (open.kind === "failed") throw new Error(open.message);
  return open.url;
}

beforeAll(async () => {
  await withTracesAndLogs();
  const folder = workingFolder();
  [jaeger, loki] = await Promise.all([reached("http://jaeger:16686", folder), reached("http://loki:3100", folder)]);
  await restarted("FAULTS=delete-answers-500");
}, 600_000);
afterAll(async () => {
  await withoutParts(["monitoring", "deployment/collector"], ["monitoring", "deployment/jaeger"], ["monitoring", "statefulset/loki"]);
  await restarted("FAULTS-");
  await group.stopAll();
}, 400_000);

describe("a load whose DELETEs fail, with traces and logs", () => {
  test("has the fault in a failing request's trace and line, tells it of all of them, and no line of a request is lost", async () => {
    const folder = workingFolder();
    const began = Date.now() / 1000;
    const ended = await run(loadArgs(folder, ...brief, "--traces", jaeger, "--logs", loki), { folder });
    expect(ended.exitCode, shown(ended)).toBe(1);
    const report = reportIn(folder);
    const failing = (report.samples ?? []).filter(({ method, status }) => method === "DELETE" && status === 500);
    expect(failing.length).toBeGreaterThan(0);
    for (const { spans, log, traceId, requestId } of failing) {
      const own = spans?.find(({ name }) => name === "DELETE /api/buckets/:id");
      expect(own?.attributes).toMatchObject({ "plimsoll.fault": "delete-answers-500", "plimsoll.testid": report.testid });
      expect(own?.attributes["k8s.pod.name"]).toMatch(/^storage-api-/);
      expect(spans?.map(({ name }) => name)).toContain("delete buckets");
      expect(JSON.parse(log[0] ?? "{}")).toMatchObject({
        trace_id: traceId,
        reqId: requestId,
        fault: "delete-answers-500",
        testid: report.testid,
      });
    }
    expect(attributeLines(report).join("\n")).toMatch(/DELETE \/api\/buckets\/:id: plimsoll\.fault = delete-answers-500 in \d+ of \d+ bad/);

    const { k6Requests, serverRequests, explanation } = report.reconciliation;
    expect(serverRequests, explanation).toBe(k6Requests);
    const delivered = async () => {
      const { lines, ids } = await requestIdsOf(loki, report.testid, began);
      return ids.size >= (serverRequests ?? 0) ? { lines, ids: ids.size } : undefined;
    };
    await waitFor(delivered, 60, 1_000);
    const { lines, ids } = await requestIdsOf(loki, report.testid, began);
    expect({ lines, ids: ids.size }).toEqual({ lines: serverRequests, ids: serverRequests });
  });
});
