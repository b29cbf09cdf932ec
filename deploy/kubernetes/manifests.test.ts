import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import {
  imagesOf,
  quantity,
  readManifests,
  readObjects,
  templateOf,
  type Container,
  type Manifest,
  type PodTemplate,
} from "./manifests.fixture.ts";

const objects = readManifests(fileURLToPath(new URL("overlays/grafana", import.meta.url)));
const workloads = objects.flatMap((object): [string, PodTemplate][] => {
  const template = templateOf(object);
  return template === undefined ? [] : [[object.metadata.name, template]];
});
const containers = workloads.flatMap(([name, { spec }]) =>
  [...(spec.initContainers ?? []), ...spec.containers].map((one): [string, Container] => [`${name}/${one.name}`, one]),
);

test("the storage API, Prometheus and Grafana are there", () => {
  expect(workloads.map(([name]) => name)).toEqual(["storage-api", "prometheus", "grafana"]);
});

test("every namespace enforces, audits and warns by the restricted Pod Security Standard of one version, and every object is in one", () => {
  const namespaces = objects.filter(({ kind }) => kind === "Namespace");
  expect(namespaces.map(({ metadata }) => metadata.name)).toEqual(["plimsoll", "monitoring"]);
  const standard = ["enforce", "audit", "warn"].flatMap((mode) => [
    [`pod-security.kubernetes.io/${mode}`, "restricted"],
    [`pod-security.kubernetes.io/${mode}-version`, "v1.33"],
  ]);
  for (const { metadata } of namespaces) expect(metadata.labels).toMatchObject(Object.fromEntries(standard));
  for (const { kind, metadata } of objects)
    if (kind !== "Namespace") expect(["plimsoll", "monitoring"], `${kind} ${metadata.name}`).toContain(metadata.namespace);
});

test("nothing has a right beyond one namespace", () => {
  expect(objects.map(({ kind }) => kind)).not.toContain("ClusterRole");
  expect(objects.map(({ kind }) => kind)).not.toContain("ClusterRoleBinding");
  const roles = objects.filter(({ kind }) => kind === "Role").map((role) => (role as unknown as { rules: unknown }).rules);
  expect(roles).toEqual([[{ apiGroups: [""], resources: ["pods"], verbs: ["list", "watch"] }]]);
});

test("load pods have an account of their own, without token, which no binding names", () => {
  const account = objects.filter(({ kind, metadata }) => kind === "ServiceAccount" && metadata.name === "plimsoll-load");
  expect(account).toMatchObject([{ automountServiceAccountToken: false }]);
  const all = [...objects, ...readManifests(fileURLToPath(new URL("access", import.meta.url)))];
  const named = all.flatMap((object) => (object as { subjects?: { name: string }[] }).subjects ?? []);
  expect(named.map(({ name }) => name)).not.toContain("plimsoll-load");
  const [job] = readManifests(fileURLToPath(new URL("load", import.meta.url)));
  expect(job && templateOf(job)?.spec).toMatchObject({ serviceAccountName: "plimsoll-load", automountServiceAccountToken: false });
});

describe.each(workloads)("%s", (_name, { spec }) => {
  test("runs as a numbered user that is not root, under the runtime's seccomp profile", () => {
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
    expect(spec.securityContext?.runAsUser).toBeGreaterThan(0);
  });

  test("has time for its preStop, its drain and what is in flight", () => {
    const seconds = spec.containers.flatMap(({ lifecycle, env = [] }) => [
      lifecycle?.preStop?.sleep?.seconds ?? 0,
      ...env.filter(({ name }) => /^(DRAIN|SHUTDOWN)_SECONDS$/.test(name)).map(({ value }) => Number(value)),
    ]);
    expect(seconds.reduce((sum, each) => sum + each, 0)).toBeLessThan(spec.terminationGracePeriodSeconds ?? 30);
  });
});

test.each(containers)("%s has a read-only root, no capability, and stated resources", (_name, container) => {
  expect(container.securityContext).toMatchObject({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  expect(Object.keys(container.resources?.requests ?? {})).toEqual(expect.arrayContaining(["cpu", "memory"]));
  expect(Object.keys(container.resources?.limits ?? {})).toEqual(expect.arrayContaining(["cpu", "memory"]));
});

test("every image is named with a tag that is not latest", () => {
  expect(imagesOf(objects)).toEqual(["plimsoll-target:dev", "prom/prometheus:v3.14.0", "grafana/grafana:13.2.2"]);
});

test("a service, a disruption budget and a workload pick the pods that there are", () => {
  const selectors = objects.flatMap(({ kind, metadata, spec }) => {
    const { selector } = (spec ?? {}) as { selector?: Record<string, string> & { matchLabels?: Record<string, string> } };
    return selector === undefined
      ? []
      : [{ place: `${kind} ${metadata.name}`, namespace: metadata.namespace, labels: selector.matchLabels ?? selector }];
  });
  expect(selectors).toHaveLength(7);
  for (const { place, labels } of selectors) {
    const picked = workloads.filter(([, { metadata }]) => Object.entries(labels).every(([name, value]) => metadata.labels[name] === value));
    expect(picked, place).toHaveLength(1);
  }
});

test("the quota of each namespace holds what the lab asks for, and no limit of CPU", () => {
  const bounded = readManifests(fileURLToPath(new URL("overlays/quota", import.meta.url)));
  const quotas = bounded.filter(({ kind }) => kind === "ResourceQuota") as (Manifest & { spec: { hard: Record<string, string> } })[];
  expect(quotas.map(({ metadata }) => metadata.namespace)).toEqual(["plimsoll", "monitoring"]);
  for (const { metadata, spec } of quotas) {
    expect(Object.keys(spec.hard)).not.toContain("limits.cpu");
    const own = bounded.filter((object) => object.metadata.namespace === metadata.namespace);
    const asked = own.flatMap((object) => {
      const { replicas = 1 } = (object.spec ?? {}) as { replicas?: number };
      return (templateOf(object)?.spec.containers ?? []).flatMap(({ resources }) => Array<typeof resources>(replicas).fill(resources));
    });
    const sum = (amounts: (string | undefined)[]): number => amounts.reduce((total, amount) => total + quantity(amount ?? "0"), 0);
    expect(asked.length).toBeGreaterThan(0);
    expect(sum(asked.map((one) => one?.requests?.["cpu"]))).toBeLessThanOrEqual(quantity(spec.hard["requests.cpu"] ?? "0"));
    expect(sum(asked.map((one) => one?.requests?.["memory"]))).toBeLessThanOrEqual(quantity(spec.hard["requests.memory"] ?? "0"));
    expect(sum(asked.map((one) => one?.limits?.["memory"]))).toBeLessThanOrEqual(quantity(spec.hard["limits.memory"] ?? "0"));
  }
});

test("YAML that is none is an error", () => {
  expect(() => readObjects("a: [")).toThrow();
});
