import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readManifests, templateOf } from "./manifests.fixture.ts";
import { mayReach, readPolicies, type End, type Policy } from "./reach.fixture.ts";

const overlay = (name: string) => readManifests(fileURLToPath(new URL(`overlays/${name}`, import.meta.url)));
const objects = overlay("grafana");
const policies = readPolicies(objects);
const policiesWithoutGrafana = readPolicies(overlay("minikube"));

function pod(namespace: string, labels: Record<string, string>, ports: Record<string, number> = {}): End {
  return { kind: "pod", namespace, namespaceLabels: { "kubernetes.io/metadata.name": namespace }, labels, ports };
}

/** Takes a pod's labels and ports from the manifests, so that a renamed label opens or closes a door here too. */
function deployed(name: string, namespace: string): End {
  const workload = objects.find(({ kind, metadata }) => /Deployment|StatefulSet/.test(kind) && metadata.name === name);
  const template = workload && templateOf(workload);
  if (template === undefined) throw new Error(`no workload ${name}`);
  const ports = template.spec.containers.flatMap((container) => container.ports ?? []);
  return pod(namespace, template.metadata.labels, Object.fromEntries(ports.map((port) => [port.name, port.containerPort])));
}

const ends = {
  "the storage API": deployed("storage-api", "plimsoll"),
  Prometheus: deployed("prometheus", "monitoring"),
  "a load pod": pod("plimsoll", { "app.kubernetes.io/component": "load" }),
  "a pod scraped by label": pod("plimsoll", { "prometheus.io/scrape": "true" }, { metrics: 9464 }),
  Grafana: deployed("grafana", "monitoring"),
  "a stranger in plimsoll": pod("plimsoll", { app: "stranger" }),
  "a stranger in monitoring": pod("monitoring", { app: "stranger" }),
  "a stranger in default": pod("default", { "app.kubernetes.io/component": "load", "app.kubernetes.io/name": "prometheus" }),
  DNS: pod("kube-system", { "k8s-app": "kube-dns" }),
  "the Kubernetes API": { kind: "address", ip: "192.0.2.10" },
} satisfies Record<string, End>;
type Name = keyof typeof ends;

const ports = [
  ...([5000, 9090, 3000, 9464, 443, 6443, 8443, 80, 22, 53] as const).map((port) => ({ port, protocol: "TCP" as const })),
  { port: 53, protocol: "UDP" as const },
];

// Every connection that is needed; all others between these ends must be refused.
const needed: [from: Name, to: Name, ...ports: string[]][] = [
  ["a load pod", "the storage API", "5000/TCP"],
  ["a load pod", "Prometheus", "9090/TCP"],
  ["a load pod", "DNS", "53/TCP", "53/UDP"],
  ["Prometheus", "the storage API", "5000/TCP"],
  ["Prometheus", "a pod scraped by label", "9464/TCP"],
  ["Prometheus", "the Kubernetes API", "443/TCP", "6443/TCP", "8443/TCP"],
  ["Grafana", "Prometheus", "9090/TCP"],
  ["Grafana", "DNS", "53/TCP", "53/UDP"],
];

// These live in a namespace that is not ours, or at an end whose own policies are: what leaves them is not for these policies to say.
const outside: Name[] = ["a stranger in default", "DNS", "the Kubernetes API"];
const names = Object.keys(ends) as Name[];
const pairs = names.flatMap((from) =>
  names.flatMap((to): [Name, Name][] => (outside.includes(from) && outside.includes(to) ? [] : [[from, to]])),
);

const openPorts = (by: readonly Policy[], from: Name, to: Name): string[] =>
  ports
    .filter(({ port, protocol }) => mayReach(by, ends[from], ends[to], port, protocol))
    .map(({ port, protocol }) => `${port}/${protocol}`);

test.each(pairs)("%s reaches of %s only what is needed", (from, to) => {
  const wanted = needed.flatMap(([a, b, ...list]) => (a === from && b === to ? list : []));
  expect(openPorts(policies, from, to)).toEqual(wanted);
});

test("Grafana's own policy is what lets it out, and opens nothing for anybody else", () => {
  for (const [from, to] of pairs)
    expect(openPorts(policiesWithoutGrafana, from, to), `${from} to ${to}`).toEqual(
      from === "Grafana" ? [] : openPorts(policies, from, to),
    );
});

const rows: [string, Policy["spec"] | undefined, number, boolean][] = [
  ["a pod that no policy selects is open", undefined, 80, true],
  ["a policy without rules closes", { podSelector: {}, policyTypes: ["Ingress"] }, 80, false],
  ["a rule without peers lets everyone in", { podSelector: {}, policyTypes: ["Ingress"], ingress: [{}] }, 80, true],
  [
    "a port is TCP unless it says otherwise",
    { podSelector: {}, policyTypes: ["Ingress"], ingress: [{ ports: [{ protocol: "UDP", port: 80 }] }] },
    80,
    false,
  ],
  ["a named port is the pod's own", { podSelector: {}, policyTypes: ["Ingress"], ingress: [{ ports: [{ port: "web" }] }] }, 80, true],
  ["another number than the named port", { podSelector: {}, policyTypes: ["Ingress"], ingress: [{ ports: [{ port: "web" }] }] }, 81, false],
  [
    "a pod selector alone means the same namespace",
    { podSelector: {}, policyTypes: ["Ingress"], ingress: [{ from: [{ podSelector: {} }] }] },
    80,
    false,
  ],
  [
    "a namespace selector alone means all its pods",
    { podSelector: {}, policyTypes: ["Ingress"], ingress: [{ from: [{ namespaceSelector: {} }] }] },
    80,
    true,
  ],
  ["an egress policy does not close what comes in", { podSelector: {}, policyTypes: ["Egress"] }, 80, true],
  [
    "an address block is not for pods",
    { podSelector: {}, policyTypes: ["Ingress"], ingress: [{ from: [{ ipBlock: { cidr: "0.0.0.0/0" } }] }] },
    80,
    false,
  ],
];

test.each(rows)("%s", (_sentence, spec, port, reached) => {
  const list = spec === undefined ? [] : [{ name: "p", namespace: "b", spec }];
  expect(mayReach(list, pod("a", {}), pod("b", {}, { web: 80 }), port)).toBe(reached);
});

test("a field that is not evaluated is refused, not passed over", () => {
  const spec = { podSelector: { matchExpressions: [] }, policyTypes: ["Ingress"] };
  const object = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name: "p", namespace: "n" }, spec };
  expect(() => readPolicies([object])).toThrow("n/p.podSelector: the field matchExpressions is not evaluated");
});
