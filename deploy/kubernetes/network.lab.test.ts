import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { goProgram } from "../../build/testing/go-programs.ts";
import { describeWith } from "../../build/testing/live.ts";
import { reportIn, run, workingFolder } from "../../slo/cli/cli.fixture.ts";
import { brief, countsAgree, loadArgs, shown } from "../../slo/cli/cluster.fixture.ts";
import { applyOf, kubectlOf, manifests, output, query, until } from "./cluster.fixture.ts";

const { context } = inject("cluster");
const kubectl = kubectlOf(context);
const image = "plimsoll-kube-router:test";

/** When it is told to stop it takes its rules away: without them the cluster's own network enforces nothing again. */
const script = `
kube-router --run-firewall=true --run-router=false --run-service-proxy=false --enable-ipv6=false --service-cluster-ip-range=10.96.0.0/12 & pid=$!
stop() {
  kill $pid; wait $pid
  iptables-save -t filter | grep -vE 'KUBE-(ROUTER|POD-FW|NWPLCY)' | iptables-restore -T filter
  ipset list -n | grep -E '^(inet6:)?KUBE-' | xargs -rn1 ipset destroy
  exit 0
}
trap stop TERM
wait $pid`;

const metadata = { name: "kube-router-test", namespace: "kube-system" };
const labels = { app: metadata.name };
const read = (apiGroups: string[], resources: string[]) => ({ apiGroups, resources, verbs: ["get", "list", "watch"] });
const router = [
  { apiVersion: "v1", kind: "ServiceAccount", metadata },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata,
    rules: [
      read([""], ["pods", "nodes", "namespaces", "services", "endpoints"]),
      read(["networking.k8s.io"], ["networkpolicies"]),
      read(["discovery.k8s.io"], ["endpointslices"]),
    ],
  },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRoleBinding",
    metadata,
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: metadata.name },
    subjects: [{ kind: "ServiceAccount", ...metadata }],
  },
  {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata,
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: metadata.name,
          hostNetwork: true,
          tolerations: [{ operator: "Exists" }],
          containers: [
            {
              name: "kube-router",
              image,
              imagePullPolicy: "IfNotPresent",
              command: ["sh", "-c", script],
              env: [{ name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } }],
              securityContext: { capabilities: { drop: ["ALL"], add: ["NET_ADMIN", "NET_RAW"] } },
              volumeMounts: [{ name: "xtables", mountPath: "/run/xtables.lock" }],
            },
          ],
          volumes: [{ name: "xtables", hostPath: { path: "/run/xtables.lock", type: "FileOrCreate" } }],
        },
      },
    },
  },
];

const podOf = (namespace: string, name: string, own: object, container: object) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace, labels: own },
  spec: {
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 1,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: "RuntimeDefault" } },
    containers: [
      {
        name,
        imagePullPolicy: "IfNotPresent",
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
        ...container,
      },
    ],
  },
});
/** A pod that waits, and is asked to connect to others. */
const caller = (namespace: string, name: string, own: object) =>
  podOf(namespace, name, own, { image: "plimsoll:dev", command: ["node", "-e", "setInterval(() => {}, 1e6)"] });
const loads = { "app.kubernetes.io/component": "load" };
const callers = [
  caller("plimsoll", "enforced-load", loads),
  caller("plimsoll", "enforced-stranger", { app: "stranger" }),
  caller("monitoring", "enforced-stranger", { app: "stranger" }),
  // The labels of a load pod and of Prometheus, in another namespace.
  caller("default", "enforced-forged", { ...loads, "app.kubernetes.io/name": "prometheus" }),
];

/** A service in a namespace that knows no policy. */
const shop = [
  podOf("shop", "shop", { app: "shop" }, { image: "plimsoll-target:dev", env: [{ name: "PORT", value: "8080" }] }),
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "shop", namespace: "shop" },
    spec: { selector: { app: "shop" }, ports: [{ port: 8080 }] },
  },
];
/** The policy that the README gives as an example. */
const toShop = (/^( {4}apiVersion: networking[^]*?)\n\n/m.exec(readFileSync(join(manifests, "README.md"), "utf8"))?.[1] ?? "").replaceAll(
  /^ {4}/gm,
  "",
);

/** Asks Prometheus to take a write, and two services for their health, by their addresses, since most callers may not ask DNS; tells who answered. */
async function answersTo({ metadata: { namespace, name } }: (typeof callers)[number]): Promise<string[]> {
  const addressOf = async (of: string, service: string): Promise<string> =>
    (await kubectl("--namespace", of, "get", "service", service, "-o", "jsonpath={.spec.clusterIP}")).trim();
  const asked = {
    "remote write": [`http://${await addressOf("monitoring", "prometheus")}:9090/api/v1/write`, "POST"],
    "storage API": [`http://${await addressOf("plimsoll", "storage-api")}:5000/health/liveness`, "GET"],
    shop: [`http://${await addressOf("shop", "shop")}:8080/health/liveness`, "GET"],
  };
  const ask = `Promise.all(Object.entries(${JSON.stringify(asked)}).map(([name, [url, method]]) =>
    fetch(url, { method, signal: AbortSignal.timeout(4000) }).then(() => name, () => undefined))).then((all) => console.log(JSON.stringify(all.filter(Boolean))))`;
  return JSON.parse(await kubectl("--namespace", namespace, "exec", name, "--", "node", "-e", ask)) as string[];
}
const everyone = () => Promise.all(callers.map(answersTo));

const all = ["remote write", "storage API", "shop"];
const open = [all, all, all, all];
const closed = [["remote write", "storage API"], [], [], ["shop"]];

describeWith({ router: await goProgram("kube-router") }, "Network policies, enforced by kube-router", ["router"], ({ router: folder }) => {
  const apply = applyOf(context);
  const objects = (items: object[]) => ({ apiVersion: "v1", kind: "List", items });
  const remove = (items: { kind: string; metadata: { name: string; namespace?: string } }[]) =>
    Promise.all(
      items.map(({ kind, metadata: { name, namespace = "default" } }) =>
        kubectl("--namespace", namespace, "delete", kind, name, "--ignore-not-found", "--wait", "--timeout=90s"),
      ),
    );

  beforeAll(async () => {
    await kubectl("create", "namespace", "shop");
    const work = mkdtempSync(join(tmpdir(), "plimsoll-kube-router-"));
    copyFileSync(join(folder, "kube-router"), join(work, "kube-router"));
    const packages = "apt-get update -qq && apt-get install -qqy --no-install-recommends iptables ipset && rm -rf /var/lib/apt/lists/*";
    writeFileSync(join(work, "Dockerfile"), `FROM debian:bookworm-slim\nRUN ${packages}\nCOPY kube-router /usr/local/bin/\n`);
    await output({ command: "docker", args: ["build", "--quiet", "--tag", image, work], limitSeconds: 300 });
    rmSync(work, { recursive: true });
    await output({ command: "minikube", args: ["--profile", context, "image", "load", image], limitSeconds: 300 });
    const made = await apply(objects([...shop, ...callers]));
    if (!made.stdout.includes("enforced-load")) throw new Error(made.output);
    for (const { metadata: of } of [...callers, { metadata: { namespace: "shop", name: "shop" } }])
      await kubectl("--namespace", of.namespace, "wait", "--for=condition=Ready", `pod/${of.name}`, "--timeout=90s");
  });
  afterAll(async () => {
    await remove(router);
    await remove(callers);
    await kubectl("--namespace", "plimsoll", "delete", "networkpolicy", "load-to-shop", "--ignore-not-found");
    await kubectl("delete", "namespace", "shop", "--ignore-not-found", "--wait", "--timeout=90s");
  });

  test("without it everyone reaches everyone; with it load pods alone write to Prometheus and reach the storage API", async () => {
    expect(await everyone()).toEqual(open);
    expect((await apply(objects(router))).output).toContain("daemonset.apps/kube-router-test created");
    await kubectl("--namespace", metadata.namespace, "rollout", "status", `daemonset/${metadata.name}`, "--timeout=90s");
    expect(await until(everyone, (found) => found.flat().length === closed.flat().length, 60)).toEqual(closed);
  });

  test("the README's example opens the way to a target elsewhere to load pods alone", async () => {
    expect((await apply(toShop)).output).toContain("load-to-shop created");
    const opened = [all, ...closed.slice(1)];
    expect(await until(everyone, (found) => found.flat().length === opened.flat().length, 60)).toEqual(opened);
    await kubectl("--namespace", "plimsoll", "delete", "networkpolicy", "load-to-shop");
  });

  test("a load is judged under it as without it: both sides are counted, to the request, and every pod is scraped", async () => {
    const work = workingFolder();
    const ended = await run(loadArgs(work, ...brief, "--pods", "2"), { folder: work });
    expect(ended.exitCode, shown(ended)).toBe(0);
    countsAgree(work);
    expect(reportIn(work).reconciliation.lostBetween).toBe(0);
    expect(await query(kubectl, 'up{job="storage-api"} == 0')).toEqual([]);
    expect((await query(kubectl, 'up{job="storage-api"}')).length).toBeGreaterThan(0);
  });

  test("when it goes it leaves no rule behind", async () => {
    await remove(router);
    expect(await until(everyone, (found) => found.flat().length === open.flat().length, 60)).toEqual(open);
  });
});
