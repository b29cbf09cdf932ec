import { setTimeout as sleep } from "node:timers/promises";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { ownLabels, targetAnnotation } from "../run/kubernetes/manifests.ts";
import {
  ask,
  brief,
  context,
  countsAgree,
  create,
  inNamespace,
  loadArgs,
  nothingLeft,
  own,
  project,
  shown,
  underWay,
  undo,
  undoAll,
} from "./cluster.fixture.ts";
import { reportIn, run, start, workingFolder, type Ended, undisturbed } from "./cli.fixture.ts";

beforeAll(async () => {
  await inNamespace("delete", "jobs", "-l", own, "--wait");
});
afterEach(undoAll);

describe("a bad day for a load from pods", () => {
  test("a pod that is killed in the middle and one that is deleted leave no verdict but what share of the load was missing", async () => {
    const command = start(loadArgs(workingFolder(), ...brief, "--pods", "4"));
    const [first = "", , third = ""] = await underWay(command, 4);
    // On the node, because from inside a container its first process cannot be killed.
    const id = await inNamespace("get", "pod", third, "-o", "jsonpath={.status.containerStatuses[0].containerID}");
    const kill = ["sudo", "ctr", "--namespace", "k8s.io", "task", "kill", "--signal", "SIGKILL", id.replace(/^.*:\/\//, "")];
    execFileSync("minikube", ["-p", context, "ssh", "--", ...kill], { stdio: "ignore" });
    await inNamespace("delete", "pod", first, "--wait=false");
    const ended = await command.ended;
    expect(ended.exitCode, shown(ended)).toBe(3);
    const said = ended.stdout.replace(/\s+/g, " ");
    expect(said).toMatch(
      new RegExp(
        `pod 3 of 4 \\(${third}\\) was lost \\(Error, exit code 137\\), last heard of \\d+ s after it began: from then on 25 % of the load was missing`,
      ),
    );
    expect(said).toMatch(/pod 1 of 4 .* (was told to stop|was lost) .* 25 % of the load was missing/);
    expect(reportIn(command.folder).objectives.map(({ verdict }) => verdict)).not.toContain("met");
    await nothingLeft(command.folder);
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

  // No load came within half a minute before: its requests would count as those of others.
  test("the target rolled out a moment before the load and in its middle, and its pods scaled: no request fails, and both sides are met and agree to the request", async () => {
    undo.push(() => inNamespace("scale", "deployment/storage-api", "--replicas=2"));
    const load = async (): Promise<Ended> => {
      await inNamespace("scale", "deployment/storage-api", "--replicas=2");
      await inNamespace("rollout", "restart", "deployment/storage-api");
      await inNamespace("rollout", "status", "deployment/storage-api", "--timeout=120s");
      const command = start(loadArgs(workingFolder(), ...brief, "--pods", "2", "--rate", "150"));
      await underWay(command, 2);
      await sleep(5_000); // in the middle: a pod that begins as the load does may have counted before it
      await inNamespace("rollout", "restart", "deployment/storage-api");
      await inNamespace("scale", "deployment/storage-api", "--replicas=3");
      return command.ended;
    };
    const ended = await undisturbed(load, shown);
    expect(ended.exitCode, shown(ended)).toBe(0);
    const { reconciliation } = reportIn(ended.folder);
    expect([reconciliation.k6Errors, reconciliation.lostBetween], reconciliation.explanation).toEqual([0, 0]);
    countsAgree(ended.folder);
    await inNamespace("rollout", "status", "deployment/storage-api", "--timeout=120s");
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
    const [pod = ""] = await underWay(command, 2);
    expect(await inNamespace("get", "pod", pod, "-o", "jsonpath={.spec.serviceAccountName}")).toBe("plimsoll-load");
    command.process.kill("SIGINT");
    const ended = await command.ended;
    expect(ended.exitCode, shown(ended)).toBe(130);
    expect(reportIn(command.folder).verdict).toBe("interrupted");
    countsAgree(command.folder);
    await nothingLeft(command.folder);
  });

  test("a load that is about to begin is not disturbed by another, and how to remove one that was left behind is told", async () => {
    await leaveBehind("http://storage-api:5000");
    const folder = workingFolder();
    const ended = await run(loadArgs(folder, ...brief), { folder });
    expect(ended.exitCode, shown(ended)).toBe(4);
    expect(ended.stderr).toMatch(/the run load-left-behind is about to load .*or was left behind.*kubectl .* delete job load-left-behind/);
  });

  test("without rights it names all of them at once, and nothing is created", async () => {
    const folder = workingFolder();
    await create({ apiVersion: "v1", kind: "ServiceAccount", metadata: { name: "plimsoll-ci", namespace: "plimsoll" } });
    undo.push(() => inNamespace("delete", "serviceaccount", "plimsoll-ci"));
    const ended = await run(loadArgs(folder, ...brief, "--pods", "2"), { folder, environment: await ciAccount(folder) });
    expect(ended.exitCode, shown(ended)).toBe(4);
    expect(ended.stderr).toMatch(
      /you may not do this in \S+, in the namespace plimsoll: create jobs\.batch, .*get pods\/log.*; nor in the namespace monitoring: .*create pods\/portforward \(deploy\/kubernetes\/access/,
    );
  });

  test("the Roles that are shipped are enough, and runs of two targets go on side by side in one namespace, each counting its own", async () => {
    const access = join(project, "deploy/kubernetes/access");
    await ask("apply", "-k", access);
    undo.push(() => ask("delete", "-k", access));
    await otherTarget();
    const environment = await ciAccount(workingFolder());
    const load = (...more: string[]): Promise<Ended> => {
      const folder = workingFolder();
      return run(loadArgs(folder, ...brief, ...more), { folder, environment });
    };
    const both = () => Promise.all([load(), load("--target", "http://other:5000", "--server-label", "job=other")]);
    const ended = await undisturbed(both, (two) => two.map(shown).join("\n"));
    expect(
      ended.map(({ exitCode }) => exitCode),
      ended.map(shown).join("\n"),
    ).toEqual([0, 0]);
    for (const { folder: of } of ended) {
      countsAgree(of);
      const { reconciliation: r } = reportIn(of);
      expect([r.serverRequests, r.lostBetween], r.explanation).toEqual([r.k6Requests, 0]);
    }
  });

  test("a target that the pods cannot reach is exit 4 with the pod's reason; a run of another target does not stand in the way", async () => {
    const folder = workingFolder();
    await leaveBehind("http://storage-api:5000");
    const ended = await run(loadArgs(folder, ...brief, "--target", "http://nobody.monitoring:5000"), { folder });
    expect(ended.exitCode, shown(ended)).toBe(4);
    expect(ended.stderr).toMatch(/pod 1: the target http:\/\/nobody\.monitoring:5000 does not answer/);
    expect(ended.stderr).toMatch(
      /out of plimsoll load pods may go only where default-deny or load lets them, into monitoring only .*prometheus/,
    );
    await inNamespace("delete", "job", "load-left-behind");
    await nothingLeft(folder);
  });
});

/** Gives the environment of a CI whose account may do nothing but what Roles of the cluster let it. */
async function ciAccount(folder: string): Promise<NodeJS.ProcessEnv> {
  const token = (await inNamespace("create", "token", "plimsoll-ci")).trim();
  const config = JSON.parse(await ask("config", "view", "--minify", "--raw", "-o", "json")) as { users: { user: object }[] };
  if (config.users[0]) config.users[0].user = { token };
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, JSON.stringify(config), { mode: 0o600 });
  return { KUBECONFIG: kubeconfig };
}

/** Creates a Job as a run of a target leaves it behind that never began. */
async function leaveBehind(target: string): Promise<void> {
  const metadata = { name: "load-left-behind", namespace: "plimsoll", labels: ownLabels, annotations: { [targetAnnotation]: target } };
  const template = { spec: { restartPolicy: "Never", containers: [{ name: "load", image: "plimsoll:dev" }] } };
  await create({ apiVersion: "batch/v1", kind: "Job", metadata, spec: { suspend: true, template } });
  undo.push(() => inNamespace("delete", "job", "load-left-behind", "--ignore-not-found"));
}

/** Puts a second service beside the lab's: one pod of the same image, which Prometheus scrapes as the job "other". */
async function otherTarget(): Promise<void> {
  const place = { name: "other", namespace: "plimsoll" };
  const labels = { "app.kubernetes.io/name": "other" };
  const annotations = { "prometheus.io/scrape": "true", "prometheus.io/port": "5000" };
  const readinessProbe = { httpGet: { path: "/health/readiness", port: 5000 }, periodSeconds: 1 };
  const securityContext = { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } };
  const container = { name: "api", image: "plimsoll-target:dev", readinessProbe, securityContext };
  const user = { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } };
  undo.push(() => inNamespace("delete", "pod,service", "other", "--ignore-not-found"));
  await create({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { ...place, labels, annotations },
    spec: { securityContext: user, containers: [container] },
  });
  await create({ apiVersion: "v1", kind: "Service", metadata: place, spec: { selector: labels, ports: [{ port: 5000 }] } });
  await inNamespace("wait", "--for=condition=Ready", "pod/other", "--timeout=60s");
}
