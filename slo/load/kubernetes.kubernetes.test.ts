import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import {
  ask,
  context,
  countsAgree,
  inNamespace,
  loadArgs,
  nothingLeft,
  own,
  project,
  shown,
  undo,
  undoAll,
} from "../cli/cluster.fixture.ts";
import { reportIn, run, workingFolder } from "../cli/cli.fixture.ts";

beforeAll(async () => {
  await inNamespace("delete", "jobs", "-l", own, "--wait");
});
afterEach(undoAll);

describe("a load from pods", () => {
  const spike = ["--scenario", "spike", "--rate", "160", "--duration", "24s"];

  test("of four and of one at the same rate comes to the same verdict; the counts are exact and the offered rate is the plan's", async () => {
    const reports = [];
    for (const pods of [4, 1]) {
      const folder = workingFolder();
      const ended = await run(loadArgs(folder, ...spike, "--pods", String(pods)), { folder });
      expect(ended.exitCode, shown(ended)).toBe(0);
      countsAgree(folder);
      await nothingLeft(folder);
      reports.push(reportIn(folder));
    }
    const [four, one] = reports;
    expect(four?.objectives.map(({ verdict }) => verdict)).toEqual(one?.objectives.map(({ verdict }) => verdict));
    for (const report of reports) {
      const { offeredIterations, startedIterations, droppedIterations } = report.load;
      expect(Math.abs(startedIterations + droppedIterations - (offeredIterations ?? 0))).toBeLessThanOrEqual(
        (offeredIterations ?? 0) * 0.01,
      );
      expect([report.reconciliation.lostBetween, report.reconciliation.agrees], report.reconciliation.explanation).toEqual([0, true]);
    }
    expect(four?.notes.join("\n")).toMatch(/the requests of the 4 pods: [\d,]+ \+ [\d,]+ \+ [\d,]+ \+ [\d,]+/);
  });

  test("takes a user script with the files that it opens, above what one ConfigMap holds, and what --set says", async () => {
    const folder = workingFolder();
    mkdirSync(join(folder, "data"));
    writeFileSync(join(folder, "data", "paths.txt"), "/health/liveness\n/health/readiness\n");
    writeFileSync(join(folder, "data", "large.bin"), randomBytes(2_000_000));
    const script = join(folder, "own.ts");
    writeFileSync(
      script,
      `import http from "k6/http";
       import { SharedArray } from "k6/data";
       const paths = new SharedArray("paths", () => open("./data/paths.txt").trim().split("\\n"));
       const large = open("./data/large.bin", "b");
       if (large.byteLength !== 2_000_000) throw new Error("it was cut");
       export const options = { scenarios: { own: { executor: "constant-arrival-rate", rate: Number(__ENV.PER_SECOND), duration: "10s", preAllocatedVUs: 100 } } };
       export default function () { http.get("http://storage-api.plimsoll:5000" + paths[__ITER % paths.length]); }`,
    );
    const spec = join(folder, "own.yaml");
    writeFileSync(
      spec,
      "version: 1\nservice: storage-api\nobjectives:\n  - { name: ok, target: 98%, indicator: { errors: { side: client } } }\n",
    );
    const args = [
      "load",
      "--in",
      "kubernetes",
      "--context",
      context,
      "--script",
      script,
      "--set",
      "PER_SECOND=40",
      "--pods",
      "2",
      "--spec",
      spec,
    ];
    const ended = await run(args, { folder, environment: { NOT_FOR_PODS: "a-secret-of-the-caller" } });
    expect(ended.exitCode, shown(ended)).toBe(0);
    countsAgree(folder);
    expect(Math.abs(reportIn(folder).load.requests - 400)).toBeLessThanOrEqual(4);
  });
});

test("kubectl apply -k deploy/kubernetes/load: the Job completes, its pod's message is the verdict and its log the report", async () => {
  const place = join(project, "deploy/kubernetes/load");
  undo.push(() => ask("delete", "-k", place, "--ignore-not-found"));
  await ask("apply", "-k", place);
  await inNamespace("wait", "--for=condition=complete", "job/smoke", "--timeout=150s");
  const message = await inNamespace(
    "get",
    "pods",
    "-l",
    "batch.kubernetes.io/job-name=smoke",
    "-o",
    "jsonpath={.items[0].status.containerStatuses[0].state.terminated.exitCode} {.items[0].status.containerStatuses[0].state.terminated.message}",
  );
  expect(message).toMatch(/^0 MET all 6 objectives are met/);
  expect(await inNamespace("logs", "job/smoke")).toMatch(/MET\s+availability\s+client\s+99\.9%/);
});
