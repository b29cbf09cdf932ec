import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { kubectl } from "../run/kubernetes/kubectl.ts";
import { ownLabels } from "../run/kubernetes/manifests.ts";
import { readRecord, runFolder } from "../run/record.ts";
import { waitFor } from "../run/wait.ts";
import { easySpec, leftBehind, reportIn, run, runsIn, start, workingFolder, type Ended } from "./testing.ts";

const { context } = inject("cluster");
const own = Object.entries(ownLabels)
  .map(([name, value]) => `${name}=${value}`)
  .join(",");
const project = new URL("../../", import.meta.url).pathname;

async function ask(...args: string[]): Promise<string> {
  const got = await kubectl(["--context", context, ...args], { limitSeconds: 200 });
  if (got.kind === "failed") throw new Error(`kubectl ${args.join(" ")}: ${got.message}`);
  return got.text;
}

const inNamespace = (...args: string[]): Promise<string> => ask("--namespace", "plimsoll", ...args);
const create = async (manifest: object): Promise<void> => {
  const made = await kubectl(["--context", context, "create", "-f", "-"], { input: JSON.stringify(manifest) });
  if (made.kind === "failed") throw new Error(made.message);
};

/** Lets a service account of the namespace plimsoll do such as "create jobs.batch" in a namespace, until the test is over. */
async function allow(namespace: string, account: string, rights: string[]): Promise<void> {
  const rules = rights.map((right) => {
    const [, verb = "", resource = "", group = ""] = /^(\S+) ([^.]+)\.?(.*)$/.exec(right) ?? [];
    return { verbs: [verb], resources: [resource], apiGroups: [group] };
  });
  const [apiGroup, metadata] = ["rbac.authorization.k8s.io", { name: account, namespace }];
  await create({ apiVersion: `${apiGroup}/v1`, kind: "Role", metadata, rules });
  undo.push(() => ask("--namespace", namespace, "delete", "role", account));
  const subjects = [{ kind: "ServiceAccount", name: account, namespace: "plimsoll" }];
  await create({
    apiVersion: `${apiGroup}/v1`,
    kind: "RoleBinding",
    metadata,
    subjects,
    roleRef: { apiGroup, kind: "Role", name: account },
  });
  undo.push(() => ask("--namespace", namespace, "delete", "rolebinding", account));
}

function loadArgs(folder: string, ...more: string[]): string[] {
  return ["load", "--in", "kubernetes", "--context", context, "--spec", easySpec(folder), ...more];
}

const brief = ["--scenario", "smoke", "--rate", "60", "--duration", "20s", "--set", "warmup=1"];

/** Waits until the load has been under way for some seconds, and names the Job's pods. */
async function underWay(command: ReturnType<typeof start>, pods: number): Promise<string[]> {
  const names = await waitFor(
    async () => {
      const [testid] = runsIn(command.folder);
      const read = testid === undefined ? undefined : readRecord(runFolder(command.folder, testid));
      const job = read?.kind === "record" && read.record.phase === "loading" ? read.record.cluster?.job : undefined;
      if (job === undefined) return undefined;
      const found = (await inNamespace("get", "pods", "-l", `batch.kubernetes.io/job-name=${job}`, "-o", "name")).trim().split("\n");
      const logs = await inNamespace("logs", found[0] ?? "");
      return found.length === pods && logs.includes('"kind":"progress"') ? found.map((name) => name.replace("pod/", "")) : undefined;
    },
    90,
    500,
  );
  if (names === undefined) throw new Error(`the load did not begin: ${command.stderr()}`);
  return names;
}

async function nothingLeft(folder: string): Promise<void> {
  const left = async (): Promise<string[]> => {
    const there = await inNamespace("get", "jobs,configmaps,secrets,pods", "-l", own, "-o", "name");
    return [...there.trim().split("\n").filter(Boolean), ...leftBehind(folder)];
  };
  await waitFor(async () => ((await left()).length === 0 ? true : undefined), 90, 500);
  expect(await left()).toEqual([]);
}

function countsAgree(folder: string): void {
  const { reconciliation: r } = reportIn(folder);
  expect([r.relayRequests, r.prometheusRequests], r.explanation).toEqual([r.k6Requests, r.k6Requests]);
  expect(r.k6Requests).toBeGreaterThan(0);
}

const shown = ({ stdout, stderr }: Ended): string => `${stderr}\n${stdout}`;

beforeAll(async () => {
  await inNamespace("delete", "jobs", "-l", own, "--wait");
});

const undo: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const step of undo.splice(0).toReversed()) await step();
});

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

  test("takes a foreign script with the files that it opens, above what one ConfigMap holds, and what --set says", async () => {
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
       export const options = { scenarios: { own: { executor: "constant-arrival-rate", rate: Number(__ENV.PER_SECOND), duration: "10s", preAllocatedVUs: 10 } } };
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

describe("a bad day for a load from pods", () => {
  test("a pod that is killed in the middle leaves no verdict but what share of the load was missing", async () => {
    const command = start(loadArgs(workingFolder(), ...brief, "--pods", "4"));
    const [, , third = ""] = await underWay(command, 4);
    // On the node, because from inside a container its first process cannot be killed.
    const id = await inNamespace("get", "pod", third, "-o", "jsonpath={.status.containerStatuses[0].containerID}");
    const kill = ["sudo", "ctr", "--namespace", "k8s.io", "task", "kill", "--signal", "SIGKILL", id.replace(/^.*:\/\//, "")];
    execFileSync("minikube", ["-p", context, "ssh", "--", ...kill], { stdio: "ignore" });
    const ended = await command.ended;
    expect(ended.exitCode, shown(ended)).toBe(3);
    expect(ended.stdout.replace(/\s+/g, " ")).toMatch(
      new RegExp(
        `pod 3 of 4 \\(${third}\\) was lost \\(Error, exit code 137\\), last heard of \\d+ s after it began: from then on 25 % of the load was missing`,
      ),
    );
    expect(reportIn(command.folder).objectives.map(({ verdict }) => verdict)).not.toContain("met");
    await nothingLeft(command.folder);
  });

  test("a pod that is deleted in the middle leaves none either", async () => {
    const command = start(loadArgs(workingFolder(), ...brief, "--pods", "2"));
    const [first = ""] = await underWay(command, 2);
    await inNamespace("delete", "pod", first, "--wait=false");
    const ended = await command.ended;
    expect(ended.exitCode, shown(ended)).toBe(3);
    expect(ended.stdout.replace(/\s+/g, " ")).toMatch(/pod 1 of 2 .* (was told to stop|was lost) .* 50 % of the load was missing/);
  });

  test("an image that is not there is exit 4 within a minute, with the cluster's own words, and nothing is left", async () => {
    const folder = workingFolder();
    const began = performance.now();
    const ended = await run(loadArgs(folder, ...brief, "--image", "plimsoll-nowhere:1"), { folder });
    expect(ended.exitCode, shown(ended)).toBe(4);
    expect(ended.stderr).toMatch(/cannot start: (ErrImagePull|ImagePullBackOff|ErrImageNeverPull): .*plimsoll-nowhere:1/);
    expect(ended.stderr).toMatch(/event: load-smoke-\S+: Failed: /);
    expect(performance.now() - began).toBeLessThan(60_000);
    await nothingLeft(folder);
  });

  test("pods that no node takes are exit 4 within a minute, with the scheduler's words", async () => {
    const node = (await ask("get", "nodes", "-o", "name")).trim();
    await ask("cordon", node);
    undo.push(() => ask("uncordon", node));
    const folder = workingFolder();
    const began = performance.now();
    const ended = await run(loadArgs(folder, ...brief, "--pods", "2"), { folder });
    expect(ended.exitCode, shown(ended)).toBe(4);
    expect(ended.stderr).toMatch(/cannot start: Unschedulable: 0\/1 nodes are available/);
    expect(performance.now() - began).toBeLessThan(60_000);
    await nothingLeft(folder);
  });

  test("Prometheus restarted in the middle: the same verdict, and no request is missing", async () => {
    const command = start(loadArgs(workingFolder(), ...brief, "--pods", "2"));
    await underWay(command, 2);
    await ask("--namespace", "monitoring", "delete", "pod", "prometheus-0", "--wait=false");
    const ended = await command.ended;
    // Its scrapes were missing meanwhile, so the server's side may be without proof; the client's is not.
    expect([0, 3], shown(ended)).toContain(ended.exitCode);
    const { objectives } = reportIn(command.folder);
    expect(objectives.filter(({ side }) => side === "client").map(({ verdict }) => verdict)).toEqual(["met", "met"]);
    expect(objectives.map(({ verdict }) => verdict)).not.toContain("exceeded");
    countsAgree(command.folder);
    await ask("--namespace", "monitoring", "rollout", "status", "statefulset/prometheus", "--timeout=120s");
  });

  test("the target rolled out in the middle: no request fails, and the server's side is not called met on counters that are gone", async () => {
    const command = start(loadArgs(workingFolder(), ...brief, "--pods", "2"));
    await underWay(command, 2);
    await inNamespace("rollout", "restart", "deployment/storage-api");
    const ended = await command.ended;
    expect(ended.exitCode, shown(ended)).toBe(3);
    const { objectives, reconciliation } = reportIn(command.folder);
    expect(objectives.map(({ name, verdict }) => [name, verdict])).toEqual([
      ["availability", "met"],
      ["server errors", "inconclusive"],
      ["latency", "met"],
      ["server latency", "inconclusive"],
    ]);
    expect(reconciliation.k6Errors).toBe(0);
    countsAgree(command.folder);
    await inNamespace("rollout", "status", "deployment/storage-api", "--timeout=120s");
  });

  test("the command killed: the pods end by themselves, gate judges them later, and clears up", async () => {
    const command = start(loadArgs(workingFolder(), ...brief, "--pods", "2"));
    const [pod = ""] = await underWay(command, 2);
    const { folder } = command;
    const meanwhile = await run(["gate"], { folder });
    expect([meanwhile.exitCode, meanwhile.stderr]).toEqual([3, expect.stringContaining("under way in process")]);
    command.process.kill("SIGKILL");
    await command.ended;
    const early = await run(["gate"], { folder });
    expect([early.exitCode, early.stderr]).toEqual([3, expect.stringContaining("still at work")]);
    await inNamespace("wait", "--for=condition=complete", `job/${pod.replace(/-\d+-\w+$/, "")}`, "--timeout=120s");
    const ended = await run(["gate"], { folder });
    expect(ended.exitCode, shown(ended)).toBe(0);
    countsAgree(folder);
    await nothingLeft(folder);
    const again = await run(["gate"], { folder });
    expect(again.exitCode, "the pods are gone, and what they said is kept").toBe(0);
  });

  test("Ctrl-C stops the pods, keeps what was measured, and ends with 130", async () => {
    const command = start(loadArgs(workingFolder(), ...brief, "--pods", "2"));
    await underWay(command, 2);
    command.process.kill("SIGINT");
    const ended = await command.ended;
    expect(ended.exitCode, shown(ended)).toBe(130);
    expect(reportIn(command.folder).verdict).toBe("interrupted");
    countsAgree(command.folder);
    await nothingLeft(command.folder);
  });

  test("without a right it names verb and resource, and nothing is created; what it names is enough", async () => {
    const folder = workingFolder();
    await create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "half", namespace: "plimsoll" } });
    undo.push(() => inNamespace("delete", "serviceaccount", "half"));
    const token = (await inNamespace("create", "token", "half")).trim();
    const config = JSON.parse(await ask("config", "view", "--minify", "--raw", "-o", "json")) as { users: { user: object }[] };
    if (config.users[0]) config.users[0].user = { token };
    const kubeconfig = join(folder, "kubeconfig");
    writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 });
    const asHalf = (): Promise<Ended> =>
      run(loadArgs(folder, ...brief, "--pods", "2"), { folder, environment: { KUBECONFIG: kubeconfig } });
    const ended = await asHalf();
    expect(ended.exitCode, shown(ended)).toBe(4);
    const [, named = ""] = /you may not do this in the namespace plimsoll of \S+: (.*); ask for a Role/.exec(ended.stderr) ?? [];
    expect(named).toMatch(/create jobs\.batch, .*get pods\/log/);
    await allow("plimsoll", "half", named.split(", "));
    await allow("monitoring", "half", ["get services", "get pods", "list pods", "create pods/portforward"]);
    const again = await asHalf();
    expect(again.exitCode, shown(again)).toBe(0);
  });

  test("a load that is about to begin is not disturbed by another, and how to remove one that was left behind is told", async () => {
    const leftover = { name: "load-left-behind", namespace: "plimsoll", labels: ownLabels };
    const template = { spec: { restartPolicy: "Never", containers: [{ name: "load", image: "plimsoll:dev" }] } };
    await create({ apiVersion: "batch/v1", kind: "Job", metadata: leftover, spec: { suspend: true, template } });
    undo.push(() => inNamespace("delete", "job", "load-left-behind", "--ignore-not-found"));
    const folder = workingFolder();
    const ended = await run(loadArgs(folder, ...brief), { folder });
    expect(ended.exitCode, shown(ended)).toBe(4);
    expect(ended.stderr).toMatch(/the run load-left-behind is about to load .*or was left behind.*kubectl .* delete job load-left-behind/);
  });

  test("a target that the pods cannot reach is exit 4 with the pod's reason", async () => {
    const folder = workingFolder();
    const ended = await run(loadArgs(folder, ...brief, "--target", "http://nobody.plimsoll:5000"), { folder });
    expect(ended.exitCode, shown(ended)).toBe(4);
    expect(ended.stderr).toMatch(/pod 1: the target http:\/\/nobody\.plimsoll:5000 does not answer/);
    await nothingLeft(folder);
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
  expect(await inNamespace("logs", "job/smoke")).toMatch(/MET\s+availability\s+99\.9%/);
});
