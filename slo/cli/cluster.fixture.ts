import { join } from "node:path";
import { expect, inject } from "vitest";
import { runProcess } from "../host/process.ts";
import { kubectl } from "../run/kubernetes/kubectl.ts";
import { ownLabels } from "../run/kubernetes/manifests.ts";
import { readRecord, runFolder } from "../run/record.ts";
import { waitFor } from "../host/wait.ts";
import { easySpec, leftBehind, reportIn, runsIn, type start, type Ended } from "./cli.fixture.ts";

/** Names the context of the cluster that the tests may fill and empty. */
export const { context } = inject("cluster");
/** Selects what is ours in the cluster. */
export const own = Object.entries(ownLabels)
  .map(([name, value]) => `${name}=${value}`)
  .join(",");
/** The project's folder. */
export const project = new URL("../../", import.meta.url).pathname;

/** Asks kubectl about the tests' cluster; throws its words. */
export async function ask(...args: string[]): Promise<string> {
  const got = await kubectl(["--context", context, ...args], { limitSeconds: 200 });
  if (got.kind === "failed") throw new Error(`kubectl ${args.join(" ")}: ${got.message}`);
  return got.text;
}

/** Asks kubectl about the namespace in which load runs. */
export const inNamespace = (...args: string[]): Promise<string> => ask("--namespace", "plimsoll", ...args);
/** Creates an object as it stands. */
export const create = async (manifest: object): Promise<void> => {
  const made = await kubectl(["--context", context, "create", "-f", "-"], { input: JSON.stringify(manifest) });
  if (made.kind === "failed") throw new Error(made.message);
};

/** Gives the arguments of a load from pods that few requests can prove. */
export function loadArgs(folder: string, ...more: string[]): string[] {
  return ["load", "--in", "kubernetes", "--context", context, "--spec", easySpec(folder), ...more];
}

/** Lays parts over the lab by the lab's own command, which brings their images. */
export async function withParts(parts: string): Promise<void> {
  const args = ["deploy/minikube/minikube.sh", "--profile", context, "--with", parts];
  const { ending, output } = await runProcess({ command: "sh", args, folder: project, limitSeconds: 550 });
  if (ending.kind !== "exited" || ending.code !== 0) throw new Error(output);
}

/** Takes what parts added away, for what it requests of a small node the next test may need, and gives the base back its own settings. */
export async function withoutParts(...objects: [namespace: string, name: string][]): Promise<void> {
  for (const [namespace, name] of objects) await ask("--namespace", namespace, "delete", name, "--ignore-not-found");
  await ask("delete", "namespace", "agents", "--ignore-not-found");
  await ask("apply", "-k", join(project, "deploy/kubernetes/overlays/minikube"));
  await ask("--namespace", "monitoring", "rollout", "status", "statefulset/prometheus", "--timeout=180s");
  await inNamespace("rollout", "status", "deployment/storage-api", "--timeout=120s");
}

/** A load of twenty seconds. */
export const brief = ["--scenario", "smoke", "--rate", "60", "--duration", "20s", "--set", "warmup=1"];

/** Waits until the load has been under way for some seconds, and names the Job's pods. */
export async function underWay(command: ReturnType<typeof start>, pods: number): Promise<string[]> {
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

/** Fails when a run left something in the cluster or a process here. */
export async function nothingLeft(folder: string): Promise<void> {
  const left = async (): Promise<string[]> => {
    const there = await inNamespace("get", "jobs,configmaps,secrets,pods", "-l", own, "-o", "name");
    return [...there.trim().split("\n").filter(Boolean), ...leftBehind(folder)];
  };
  await waitFor(async () => ((await left()).length === 0 ? true : undefined), 90, 500);
  expect(await left()).toEqual([]);
}

/** Fails when k6, the pods and Prometheus counted differently. */
export function countsAgree(folder: string): void {
  const { reconciliation: r } = reportIn(folder);
  expect([r.relayRequests, r.prometheusRequests], r.explanation).toEqual([r.k6Requests, r.k6Requests]);
  expect(r.k6Requests).toBeGreaterThan(0);
}

/** Puts together what a command said. */
export const shown = ({ stdout, stderr }: Ended): string => `${stderr}\n${stdout}`;

/** Holds what is to be undone after a test, last first. */
export const undo: (() => Promise<unknown>)[] = [];

/** Undoes what a test did to the cluster. */
export async function undoAll(): Promise<void> {
  for (const step of undo.splice(0).toReversed()) await step();
}
