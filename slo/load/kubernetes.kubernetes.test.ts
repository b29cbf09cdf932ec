import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import {
  ask,
  context,
  countsAgree,
  create,
  inNamespace,
  loadArgs,
  nothingLeft,
  own,
  project,
  shown,
  undo,
  undoAll,
} from "../cli/cluster.fixture.ts";
import { reportIn, run, workingFolder, undisturbed } from "../cli/cli.fixture.ts";
import { runProcess, type Ran } from "../host/process.ts";

beforeAll(async () => {
  await inNamespace("delete", "jobs", "-l", own, "--wait");
});
afterEach(undoAll);

describe("a load from pods", () => {
  const spike = ["--scenario", "spike", "--rate", "160", "--duration", "18s"];

  test("of four and of one at the same rate comes to the same verdict; the counts are exact and the offered rate is the plan's", async () => {
    const reports = [];
    for (const pods of [4, 1]) {
      const load = (folder = workingFolder()) => run(loadArgs(folder, ...spike, "--pods", String(pods)), { folder });
      const ended = await undisturbed(() => load(), shown);
      expect(ended.exitCode, shown(ended)).toBe(0);
      countsAgree(ended.folder);
      await nothingLeft(ended.folder);
      reports.push(reportIn(ended.folder));
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

describe("a load by kubectl alone", () => {
  /** Gives the lines of the manifests' README that begin with a command. */
  const documented = (begins: string): string[] =>
    readFileSync(join(project, "deploy/kubernetes/README.md"), "utf8")
      .split("\n")
      .filter((line) => line.startsWith(`    ${begins}`));
  const [waits = "", waitsByKubectl = ""] = documented("kubectl -n plimsoll wait");

  async function typed(line: string, folder: string): Promise<Ran> {
    const here = `cd '${project}'; kubectl() { command kubectl --context '${context}' "$@"; }`;
    const slo = `INIT_CWD='${folder}' '${process.execPath}' --import tsx slo/cli/main.ts`;
    const command = `${here}; ${line.trim().replace("npm run --silent slo --", slo)}`;
    return runProcess({ command: "bash", args: ["-c", command], limitSeconds: 200 });
  }

  test("what the README says to type ends with the verdict, writes the report's five forms from the log, and the volume keeps the run", async () => {
    const place = join(project, "deploy/kubernetes/overlays/load-kept");
    undo.push(() => ask("delete", "-k", place, "--ignore-not-found"));
    const folder = workingFolder();
    const load = async (): Promise<Ran> => {
      rmSync(join(folder, ".plimsoll"), { recursive: true, force: true });
      await inNamespace("delete", "job", "smoke", "--ignore-not-found", "--wait");
      await ask("apply", "-k", place);
      return typed(waits, folder);
    };
    const ended = await undisturbed(load, ({ output }) => output);
    expect(ended.ending, ended.output).toEqual({ kind: "exited", code: 0 });
    expect(ended.stdout).toMatch(/MET\s+availability\s+client\s+99\.9%/);
    const { testid } = reportIn(folder);
    const forms = ["events.ndjson", "junit.xml", "report.html", "report.json", "summary.md"];
    expect(readdirSync(join(folder, ".plimsoll", "runs", testid)).toSorted()).toEqual(forms);
    const short = await typed(waitsByKubectl, folder);
    expect([short.ending, short.stdout]).toEqual([{ kind: "exited", code: 0 }, expect.stringMatching(/^MET all 6 objectives are met/m)]);
    await create(onVolume(`console.log(require("fs").readdirSync("/work/.plimsoll/runs/${testid}").join(" "))`));
    undo.push(() => inNamespace("delete", "pod", "reader", "--ignore-not-found"));
    await inNamespace("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/reader", "--timeout=60s");
    expect(await inNamespace("logs", "reader")).toMatch(/report\.html report\.json run\.json/);
  });

  test("a red gate ends as soon as its Job fails, with what it said", async () => {
    const objects = await ask("kustomize", join(project, "deploy/kubernetes/load"));
    const job = parse(objects.replaceAll("http://storage-api:5000", "http://nobody:5000")) as object;
    undo.push(() => inNamespace("delete", "job", "smoke", "--ignore-not-found"));
    await create(job);
    const began = performance.now();
    const ended = await typed(waits, workingFolder());
    expect([ended.ending, ended.stderr]).toEqual([{ kind: "exited", code: 4 }, expect.stringMatching(/the target http:\/\/nobody:5000/)]);
    const short = await typed(waitsByKubectl, workingFolder());
    expect([short.ending, short.stdout]).toEqual([{ kind: "exited", code: 1 }, expect.stringMatching(/the target http:\/\/nobody:5000/)]);
    expect(performance.now() - began).toBeLessThan(40_000);
  });
});

/** Makes a pod that runs a line of JavaScript beside the volume of the kept runs. */
const onVolume = (script: string): object => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "reader", namespace: "plimsoll" },
  spec: {
    restartPolicy: "Never",
    securityContext: { runAsNonRoot: true, runAsUser: 1000, fsGroup: 1000, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name: "reader",
        image: "plimsoll:dev",
        command: ["node", "-e", script],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        volumeMounts: [{ name: "runs", mountPath: "/work" }],
      },
    ],
    volumes: [{ name: "runs", persistentVolumeClaim: { claimName: "plimsoll-runs" } }],
  },
});
