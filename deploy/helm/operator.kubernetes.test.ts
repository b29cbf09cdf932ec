import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { describeWith } from "../../build/testing/live.ts";
import { undisturbed } from "../../slo/cli/cli.fixture.ts";
import { find } from "../../build/testing/setup.ts";
import { applyOf, fine, goModule, kubectlOf, manifests, query, until } from "../kubernetes/cluster.fixture.ts";
import { bringImages, chart, helmOf, namespaceOf, saidBy } from "./chart.fixture.ts";

const { context } = inject("cluster");
const kubectl = kubectlOf(context);
const namespace = "plimsoll-operator";
const place = namespaceOf(context, namespace);
const prometheus = ["--namespace", namespace, "exec", "prometheus-plimsoll-0", "--"];
const images = [
  "quay.io/prometheus-operator/prometheus-operator:v0.93.1",
  "quay.io/prometheus-operator/prometheus-config-reloader:v0.93.1",
  "prom/alertmanager:v0.34.2",
  "prom/blackbox-exporter:v0.28.0",
];

/** What a webhook is told stands in its log. */
const listen =
  'require("http").createServer((q, a) => { q.on("data", (d) => console.log(String(d))); q.on("end", () => a.end()); }).listen(8080)';
const pod = (name: string, image: string, labels: object, more: object) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace, labels: { "app.kubernetes.io/name": name, ...labels } },
  spec: {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 1,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name,
        image,
        imagePullPolicy: "IfNotPresent",
        securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
        ...more,
      },
    ],
  },
});
const metadata = (name: string) => ({ name, namespace, labels: { "app.kubernetes.io/part-of": "plimsoll" } });
const beside = [
  pod("alert-receiver", "plimsoll:dev", {}, { command: ["node", "-e", listen] }),
  pod(
    "labelled",
    "plimsoll-target:dev",
    { "prometheus.io/scrape": "true" },
    {
      env: [{ name: "PORT", value: "9464" }],
      ports: [{ name: "metrics", containerPort: 9464 }],
    },
  ),
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata("alert-receiver"),
    spec: { selector: { "app.kubernetes.io/name": "alert-receiver" }, ports: [{ port: 8080 }] },
  },
  {
    apiVersion: "v1",
    kind: "Secret",
    metadata: metadata("alertmanager-receivers"),
    stringData: { webhook: `http://alert-receiver.${namespace}:8080/` },
  },
  {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadata("blackbox-exporter"),
    data: { "blackbox.yml": readFileSync(join(manifests, "with/exporters/blackbox.yml"), "utf8") },
  },
  {
    apiVersion: "monitoring.coreos.com/v1",
    kind: "PrometheusRule",
    metadata: metadata("scraped"),
    spec: {
      groups: [{ name: "scraped", rules: [{ alert: "Scraped", expr: 'count(up{job="storage-api"}) > 0', labels: { severity: "info" } }] }],
    },
  },
];

describeWith({ helm: await find("helm") }, "the Prometheus operator 0.93.1", ["helm"], (paths) => {
  const helm = helmOf(paths.helm);
  const release = (...words: string[]) => helm(...words, "--kube-context", context, "--namespace", namespace, "--timeout", "150s");
  const definitions: string[] = [];
  let operator = "";

  beforeAll(async () => {
    const module = await goModule("github.com/prometheus-operator/prometheus-operator@v0.93.1");
    definitions.push(join(module, "example/prometheus-operator-crd"));
    const files = ["cluster-role", "cluster-role-binding", "service-account", "deployment"].map((name) =>
      readFileSync(join(module, `example/rbac/prometheus-operator/prometheus-operator-${name}.yaml`), "utf8"),
    );
    // It looks after this namespace only, and leaves the kubelet's endpoints alone.
    operator = files
      .join("\n---\n")
      .replaceAll("namespace: default", `namespace: ${namespace}`)
      .replace(/^ *- --kubelet-service=.*$/m, `        - --namespaces=${namespace}`)
      .replace(/^ *- --kubelet-.*\n/gm, "");
    await Promise.all([bringImages(context, images), place.make()]);
    for (const path of definitions) await kubectl("apply", "--server-side", "-f", path);
    const apply = applyOf(context);
    const blackbox = readFileSync(join(manifests, "with/exporters/blackbox-exporter.yaml"), "utf8").replaceAll(
      "namespace: monitoring",
      `namespace: ${namespace}`,
    );
    const objects = [operator, blackbox, ...beside.map((object) => JSON.stringify(object))];
    await kubectl("wait", "--for=condition=Established", "crd", "--all", "--timeout=60s");
    const applied = await apply(objects.join("\n---\n"));
    if (applied.ending.kind !== "exited" || applied.ending.code !== 0) throw new Error(applied.output);
    const values = "monitoring.kind=operator,monitoring.probe=true,storageApi.replicas=1";
    const installed = await release("install", "lab", chart, "--wait", "--set", values);
    if (installed.ending.kind !== "exited" || installed.ending.code !== 0) throw new Error(installed.output);
    for (const object of ["prometheus/plimsoll", "alertmanager/plimsoll"])
      await kubectl("--namespace", namespace, "wait", "--for=condition=Available", object, "--timeout=120s");
  }, 300_000);

  afterAll(async () => {
    await release("uninstall", "lab", "--wait");
    await place.remove();
    await kubectl("delete", "--ignore-not-found", "clusterrole/prometheus-operator", "clusterrolebinding/prometheus-operator");
    for (const path of definitions) await kubectl("delete", "--ignore-not-found", "--wait", "-f", path);
  }, 200_000);

  const value = async (promql: string): Promise<number | undefined> => {
    const ask = () => query(kubectl, promql, prometheus);
    return (await until(ask, (series) => series.length === 1 && series[0]?.value === 1, 60))[0]?.value;
  };

  test("its Prometheus scrapes the storage API by the ServiceMonitor, and a pod by its label by the PodMonitor", async () => {
    expect(await value('up{job="storage-api"}')).toBe(1);
    expect(await value('up{job="labelled", endpoint="metrics"}')).toBe(1);
  });

  test("the Probe asks the storage API from outside", async () => {
    expect(await value('probe_success{job="storage-api-probe"}')).toBe(1);
  });

  test("a load through it has a verdict, by the release's own test", async () => {
    const ran = await undisturbed(() => release("test", "lab", "--logs"), saidBy);
    expect(ran.ending, saidBy(ran)).toEqual(fine.ending);
    expect(ran.output).toMatch(/MET +all 6 objectives are met/);
  });

  test("a PrometheusRule's alert comes to the Alertmanager, and by the AlertmanagerConfig to whom the Secret names", async () => {
    const told = await until(
      () => kubectl("--namespace", namespace, "logs", "alert-receiver"),
      (log) => log.includes('"Scraped"'),
      90,
    );
    expect(told).toContain('"alertname":"Scraped"');
    expect(told).toContain('"status":"firing"');
  });

  test("the chart's own rules are loaded, without a fault none of them fires", async () => {
    expect(await kubectl("--namespace", namespace, "get", "configmap", "prometheus-plimsoll-rulefiles-0", "-o", "yaml")).toContain(
      "ErrorBudgetBurn",
    );
    expect(await query(kubectl, 'ALERTS{alertname=~"ErrorBudgetBurn|RequestsFail", alertstate="firing"}', prometheus)).toEqual([]);
  });
});
