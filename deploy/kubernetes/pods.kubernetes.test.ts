import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { applyOf, fine, kubectlOf, manifests } from "./cluster.fixture.ts";
import { readObjects, templateOf, type PodSpec } from "./manifests.fixture.ts";

// Everything here is a dry run: nothing in the cluster changes. The lab's namespaces and accounts must be there.
const { context } = inject("cluster");
const kubectl = kubectlOf(context);
const apply = applyOf(context);
const dryRun = ["--dry-run=server", "--validate=strict"];
const rendered = async () => readObjects(await kubectl("kustomize", join(manifests, "overlays/grafana")));

/** Gives the pods that the workloads would make; a Deployment is let in whatever its pods ask for, the pods are not. */
async function pods() {
  return (await rendered()).flatMap((object) => {
    const template = templateOf(object);
    if (template === undefined) return [];
    const metadata = { name: `${object.metadata.name}-dry-run`, namespace: object.metadata.namespace, labels: template.metadata.labels };
    return [{ apiVersion: "v1", kind: "Pod", metadata, spec: withVolumes(template.spec) }];
  });
}

/** Adds what a stateful set's controller would: the volumes that stand in its claims. */
function withVolumes(spec: PodSpec): PodSpec {
  const { volumes = [], containers } = spec;
  const declared = new Set(volumes.map(({ name }) => name));
  const missing = containers.flatMap(({ volumeMounts = [] }) => volumeMounts.filter(({ name }) => !declared.has(name)));
  return { ...spec, volumes: [...volumes, ...missing.map(({ name }) => ({ name, emptyDir: {} }))] };
}

test("kustomize makes every ConfigMap that a pod names, under the name with its hash", async () => {
  const objects = await rendered();
  const made = objects.filter(({ kind }) => kind === "ConfigMap").map(({ metadata }) => metadata.name);
  const templates = JSON.stringify(objects.map((object) => templateOf(object)));
  const named = [...templates.matchAll(/"configMap(?:Ref)?":\{"name":"(.+?)"/g)].map(([, name]) => name);
  expect(named.toSorted()).toEqual(made.toSorted());
  for (const name of made) expect(name).toMatch(/-[a-z0-9]{10}$/);
});

test("the restricted standard lets each pod in, and nothing is warned of", async () => {
  const found = await pods();
  expect(found.map(({ metadata }) => metadata.name).toSorted()).toEqual(["grafana-dry-run", "prometheus-dry-run", "storage-api-dry-run"]);
  for (const pod of found) {
    const result = await apply(pod, ...dryRun);
    expect(result, result.output).toMatchObject(fine);
    expect(result.output).not.toContain("Warning");
  }
});

test("and refuses each as root", async () => {
  for (const pod of await pods()) {
    const result = await apply({ ...pod, spec: { ...pod.spec, securityContext: { runAsUser: 0 } } }, ...dryRun);
    expect(result.output, pod.metadata.name).toContain("violates PodSecurity");
  }
});
