import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { openProcessGroup } from "../host/process-group.ts";
import { waitFor } from "../host/wait.ts";
import { reach } from "../run/kubernetes/port-forward.ts";
import { reportIn, run, workingFolder } from "./cli.fixture.ts";
import { context, loadArgs, shown } from "./cluster.fixture.ts";
import { requestIdsOf } from "../collect/request-ids.fixture.ts";

const group = openProcessGroup();
afterAll(() => group.stopAll());

/** Needs the lab with logs (npm run minikube -- --with logs). */
test("of 100,000 requests each has its line in Loki, once", { timeout: 1_500_000 }, async () => {
  const folder = workingFolder();
  const loki = await reach({ context, namespace: "monitoring" }, "http://loki:3100", group, join(folder, "forward.log"));
  if (loki.kind === "failed") throw new Error(loki.message);
  const began = Date.now() / 1000;
  const ended = await run(loadArgs(folder, "--scenario", "smoke", "--rate", "200", "--duration", "480s"), { folder });
  const { serverRequests, prometheusRequests, explanation } = reportIn(folder).reconciliation; // of so many k6 keeps no summary
  expect(serverRequests, `${explanation}\n${shown(ended)}`).toBe(prometheusRequests);
  expect(serverRequests).toBeGreaterThanOrEqual(100_000);
  const { testid } = reportIn(folder);
  const count = async () => {
    const { lines, ids } = await requestIdsOf(loki.url, testid, began);
    return { lines, ids: ids.size };
  };
  await waitFor(async () => ((await count()).ids >= (serverRequests ?? 0) ? true : undefined), 180, 5_000);
  expect(await count()).toEqual({ lines: serverRequests, ids: serverRequests });
});
