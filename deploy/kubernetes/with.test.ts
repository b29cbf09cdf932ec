import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { readManifests, templateOf, type Container, type PodTemplate } from "./manifests.fixture.ts";
import { mayReach, readPolicies, type End } from "./reach.fixture.ts";

const folder = fileURLToPath(new URL(".", import.meta.url));
const parts = readdirSync(`${folder}with`).filter((name) => existsSync(`${folder}with/${name}/kustomization.yaml`));
const objects = readManifests(`${folder}overlays/all`);
const policies = readPolicies(objects);
const workloads = objects.flatMap((object): [string, PodTemplate][] => {
  const template = templateOf(object);
  return template === undefined ? [] : [[`${object.metadata.namespace}/${object.metadata.name}`, template]];
});
const containersOf = ({ spec }: PodTemplate): Container[] => [...(spec.initContainers ?? []), ...spec.containers];

/** Who must be root, and why. */
const roots: Record<string, string> = { "agents/log-collector": "the runtime's log files can be read by root only" };

test("the overlay all has every part", () => {
  const { components } = parse(readFileSync(`${folder}overlays/all/kustomization.yaml`, "utf8")) as { components: string[] };
  expect(components.toSorted()).toEqual(parts.map((part) => `../../with/${part}`).toSorted());
});

test("every object of every part belongs to the project, so that it is waited for and found", () => {
  const strangers = parts
    .flatMap((part) => readManifests(`${folder}with/${part}`))
    // What is merged into the base's ConfigMap has its labels.
    .filter(({ kind, metadata }) => kind !== "ConfigMap" && metadata.labels?.["app.kubernetes.io/part-of"] !== "plimsoll");
  expect(strangers.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([]);
});

describe.each(workloads)("%s", (name, template) => {
  test("is no root, changes no root file system, and states what it takes", () => {
    if (roots[name] === undefined) expect(template.spec.securityContext).toMatchObject({ runAsNonRoot: true });
    expect(template.spec.securityContext).toMatchObject({ seccompProfile: { type: "RuntimeDefault" } });
    for (const { securityContext, resources } of containersOf(template)) {
      const least = { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } };
      expect(securityContext).toMatchObject(least);
      expect(Object.keys(resources?.requests ?? {})).toEqual(expect.arrayContaining(["cpu", "memory"]));
      expect(Object.keys(resources?.limits ?? {})).toEqual(expect.arrayContaining(["cpu", "memory"]));
    }
  });
});

describe("exporters", () => {
  const end = (namespace: string, name: string): End => ({
    kind: "pod",
    namespace,
    namespaceLabels: { "kubernetes.io/metadata.name": namespace },
    labels: { "app.kubernetes.io/name": name },
    ports: {},
  });
  const prometheus = end("monitoring", "prometheus");
  const blackbox = end("monitoring", "blackbox-exporter");
  const state = end("monitoring", "kube-state-metrics");
  const node = end("agents", "node-exporter");
  const api = end("plimsoll", "storage-api");

  test.each<[string, End, End, number, boolean]>([
    ["Prometheus reads the node", prometheus, node, 9_100, true],
    ["Prometheus reads the cluster's state", prometheus, state, 8_080, true],
    ["Prometheus asks for probes", prometheus, blackbox, 9_115, true],
    ["the probe asks the storage API", blackbox, api, 5_000, true],
    ["the probe asks the web page", blackbox, end("plimsoll", "web"), 8_080, true],
    ["the state is read from the Kubernetes API", state, { kind: "address", ip: "192.0.2.10" }, 443, true],
    ["the node's agent calls nobody", node, prometheus, 9_090, false],
    ["a stranger reads no node", end("monitoring", "stranger"), node, 9_100, false],
    ["the state does not ask the storage API", state, api, 5_000, false],
    ["the probe does not write to Prometheus", blackbox, prometheus, 9_090, false],
  ])("%s", (_sentence, from, to, port, reached) => {
    expect(mayReach(policies, from, to, port)).toBe(reached);
  });

  test("have no right beyond a namespace of the lab, and none to read a Secret or a ConfigMap", () => {
    const own = readManifests(`${folder}with/exporters`);
    expect(own.filter(({ kind }) => kind.startsWith("ClusterRole"))).toEqual([]);
    const rules = own.flatMap((role) => (role as unknown as { rules?: { resources: string[]; verbs: string[] }[] }).rules ?? []);
    expect(new Set(rules.flatMap(({ verbs }) => verbs))).toEqual(new Set(["list", "watch"]));
    expect(rules.flatMap(({ resources }) => resources)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/secrets|configmaps|\*/)]),
    );
  });
});
