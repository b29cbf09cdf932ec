import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { applyOf, fine, goModule, kubectlOf, manifests, query, until } from "./cluster.fixture.ts";

const { context, readySeconds } = inject("cluster");
const kubectl = kubectlOf(context);
const apply = applyOf(context);
const overlay = (name: string): string => join(manifests, "overlays", name);
const dryRun = ["--dry-run=server", "--validate=strict"];

const pod = (name: string, more: object = {}, container: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "plimsoll", labels: { "prometheus.io/scrape": "true", "app.kubernetes.io/name": name } },
  spec: {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 5,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name,
        image: "plimsoll-target:dev",
        imagePullPolicy: "IfNotPresent",
        env: [{ name: "PORT", value: "9464" }],
        ports: [
          { name: "metrics", containerPort: 9464 },
          { name: "other", containerPort: 9465 },
        ],
        securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
        ...container,
      },
    ],
    ...more,
  },
});

describe("the server takes every field, strictly", () => {
  test.each(["minikube", "ci", "grafana", "quota"])("of the overlay %s", async (name) => {
    // What a running StatefulSet may not change is no matter of fields: the dry run makes it anew.
    const rendered = await kubectl("kustomize", overlay(name));
    expect(rendered).toContain("kind: StatefulSet");
    const objects = rendered.replace(/^  name: prometheus$/gm, "  name: prometheus-dry-run");
    const result = await apply(objects, ...dryRun);
    expect(result, result.output).toMatchObject(fine);
  });

  test("and refuses one that does not exist", async () => {
    const result = await apply(pod("odd", { restartPolitely: true }), ...dryRun);
    expect(result.output).toContain('unknown field "spec.restartPolitely"');
  });

  describe("of custom resources, against the definitions that their operators publish", () => {
    const definitions: string[] = [];

    beforeAll(async () => {
      const operator = await goModule("github.com/prometheus-operator/prometheus-operator@v0.93.1");
      const k6 = await goModule("github.com/grafana/k6-operator@v1.5.0");
      definitions.push(join(operator, "example/prometheus-operator-crd"), join(k6, "config/crd/bases/k6.io_testruns.yaml"));
      for (const path of definitions) await kubectl("apply", "--server-side", "-f", path);
      await kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s");
    });

    afterAll(async () => {
      for (const path of definitions) await kubectl("delete", "--ignore-not-found", "--wait", "-f", path);
    });

    const kinds: [string, string[]][] = [
      [
        "prometheus-operator",
        ["prometheus", "servicemonitor", "podmonitor", "probe", "prometheusrule", "alertmanager", "alertmanagerconfig"].map(
          (kind) => `${kind}.monitoring`,
        ),
      ],
      ["k6-operator", ["testrun.k6.io"]],
    ];
    test.each(kinds)("in the overlay %s", async (name, objects) => {
      const said = await kubectl("apply", ...dryRun, "-k", overlay(name));
      for (const object of objects) expect(said).toContain(object);
    });

    test("and a misspelt field of a ServiceMonitor is refused", async () => {
      const monitor = { apiVersion: "monitoring.coreos.com/v1", kind: "ServiceMonitor", metadata: { name: "odd", namespace: "plimsoll" } };
      const result = await apply({ ...monitor, spec: { selector: {}, endpoints: [{ prot: "http" }] } }, ...dryRun);
      expect(result.output).toContain('unknown field "spec.endpoints[0].prot"');
    });
  });
});

describe("the namespaces enforce the restricted standard", () => {
  test.each<[string, object, object]>([["a pod of another user than root, with nothing granted, is let in", {}, {}]])(
    "%s",
    async (_sentence, more, container) => {
      expect(await apply(pod("fine", more, container), "--dry-run=server")).toMatchObject(fine);
    },
  );

  test.each<[string, object, object]>([
    ["a pod on the host's network", { hostNetwork: true }, {}],
    ["a privileged container", {}, { securityContext: { privileged: true } }],
    ["a container that may become root", {}, { securityContext: { allowPrivilegeEscalation: true, capabilities: { drop: ["ALL"] } } }],
    ["a folder of the node", { volumes: [{ name: "v", hostPath: { path: "/" } }] }, {}],
  ])("%s is refused", async (_sentence, more, container) => {
    expect((await apply(pod("odd", more, container), "--dry-run=server")).output).toContain("violates PodSecurity");
  });
});

describe("Prometheus", () => {
  test.each<[string, string, string, string]>([
    ["lists", "list", "pods", "yes"],
    ["watches", "watch", "pods", "yes"],
    ["does not delete", "delete", "pods", "no"],
    ["does not read", "get", "secrets", "no"],
    ["does not list", "list", "configmaps", "no"],
  ])("%s (%s %s) in plimsoll: %s", async (_sentence, verb, resource, answer) => {
    const asked = await kubectl.try(
      "auth",
      "can-i",
      verb,
      resource,
      "-n",
      "plimsoll",
      "--as",
      "system:serviceaccount:monitoring:prometheus",
    );
    expect(asked.stdout.trim()).toBe(answer);
  });

  test("may not even list pods elsewhere", async () => {
    const asked = await kubectl.try(
      "auth",
      "can-i",
      "list",
      "pods",
      "-n",
      "kube-system",
      "--as",
      "system:serviceaccount:monitoring:prometheus",
    );
    expect(asked.stdout.trim()).toBe("no");
  });

  test("scrapes the storage API by its annotations, once for each pod", async () => {
    const ready = (await kubectl("--namespace", "plimsoll", "get", "pods", "-l", "app.kubernetes.io/name=storage-api", "-o", "name"))
      .trim()
      .split("\n");
    // A Prometheus that was restarted leaves the series of pods that went meanwhile without an end, for five minutes.
    const up = () => query(kubectl, 'up{job="storage-api", namespace="plimsoll"} == 1 and time() - timestamp(up) < 10');
    expect(await until(up, (found) => found.length === ready.length, 40)).toHaveLength(ready.length);
  });

  test("scrapes a pod by its label, at the port named metrics and at no other", async () => {
    const applied = await apply(pod("labelled"));
    expect(applied, applied.output).toMatchObject(fine);
    try {
      const up = () => query(kubectl, 'up{job="labelled"}');
      const found = await until(up, (series) => series.some(({ value }) => value === 1), 60);
      expect(found.map(({ metric, value }) => [metric["pod"], metric["instance"]?.split(":")[1], value])).toEqual([
        ["labelled", "9464", 1],
      ]);
    } finally {
      await kubectl("--namespace", "plimsoll", "delete", "pod", "labelled", "--wait");
    }
  });
});

test("from an empty cluster, kubectl apply -k is ready within 60 s", ({ skip }) => {
  if (readySeconds === undefined) skip("the lab was there before the tests; without KUBERNETES_CONTEXT they bring it up");
  expect(readySeconds).toBeLessThanOrEqual(60);
});
