import type { Manifest } from "./manifests.fixture.ts";

/** One end of a connection: a pod, or an address outside of the cluster's pods. */
export type End =
  | {
      kind: "pod";
      namespace: string;
      namespaceLabels: Record<string, string>;
      labels: Record<string, string>;
      ports: Record<string, number>;
    }
  | { kind: "address"; ip: string };

type Protocol = "TCP" | "UDP";
interface Selector {
  matchLabels?: Record<string, string>;
}
interface Peer {
  podSelector?: Selector;
  namespaceSelector?: Selector;
  ipBlock?: { cidr: string };
}
interface Rule {
  from?: Peer[];
  to?: Peer[];
  ports?: { protocol?: Protocol; port?: number | string }[];
}
interface PolicySpec {
  podSelector: Selector;
  policyTypes: ("Ingress" | "Egress")[];
  ingress?: Rule[];
  egress?: Rule[];
}

/** A NetworkPolicy whose every field is understood here. */
export interface Policy {
  name: string;
  namespace: string;
  spec: PolicySpec;
}

/** Lists the fields that are evaluated; any other makes `readPolicies` throw, so that none is passed over in silence. */
const known = new Set(
  ["podSelector", "namespaceSelector", "matchLabels", "ipBlock", "cidr", "policyTypes", "ingress", "egress", "from", "to", "ports"].concat([
    "protocol",
    "port",
  ]),
);

function checkFields(value: unknown, place: string): void {
  if (Array.isArray(value)) return value.forEach((entry) => checkFields(entry, place));
  if (typeof value !== "object" || value === null) return;
  for (const [name, inner] of Object.entries(value)) {
    if (!known.has(name)) throw new Error(`${place}: the field ${name} is not evaluated`);
    if (name !== "matchLabels") checkFields(inner, `${place}.${name}`);
  }
}

/** Picks the NetworkPolicies; throws on one with a field that is not evaluated. */
export function readPolicies(objects: readonly Manifest[]): Policy[] {
  return objects
    .filter(({ kind }) => kind === "NetworkPolicy")
    .map(({ metadata: { name, namespace = "default" }, spec }) => {
      checkFields(spec, `${namespace}/${name}`);
      return { name, namespace, spec: spec as PolicySpec };
    });
}

/**
 * Says whether the policies let `from` open a connection to a port of `to`, by the rules of networking.k8s.io/v1:
 * policies that select a pod add up, a pod that none selects is open, and both ends must agree.
 */
export function mayReach(policies: readonly Policy[], from: End, to: End, port: number, protocol: Protocol = "TCP"): boolean {
  return (
    lets(policies, "Egress", from, (rules, policy) => rules.some((rule) => fits(rule, rule.to, policy, to, to, port, protocol))) &&
    lets(policies, "Ingress", to, (rules, policy) => rules.some((rule) => fits(rule, rule.from, policy, from, to, port, protocol)))
  );
}

function lets(policies: readonly Policy[], type: "Ingress" | "Egress", end: End, any: (rules: Rule[], policy: Policy) => boolean): boolean {
  if (end.kind === "address") return true;
  const selecting = policies.filter(
    ({ namespace, spec }) => namespace === end.namespace && spec.policyTypes.includes(type) && selects(spec.podSelector, end.labels),
  );
  return (
    selecting.length === 0 || selecting.some((policy) => any((type === "Ingress" ? policy.spec.ingress : policy.spec.egress) ?? [], policy))
  );
}

function fits(rule: Rule, peers: Peer[] | undefined, policy: Policy, peer: End, to: End, port: number, protocol: Protocol): boolean {
  const rightPeer = peers === undefined || peers.length === 0 || peers.some((each) => isPeer(each, policy, peer));
  const rightPort = rule.ports === undefined || rule.ports.some((each) => isPort(each, to, port, protocol));
  return rightPeer && rightPort;
}

function isPeer({ podSelector, namespaceSelector, ipBlock }: Peer, policy: Policy, end: End): boolean {
  if (end.kind === "address") return ipBlock !== undefined && contains(ipBlock.cidr, end.ip);
  if (ipBlock !== undefined) return false;
  const rightNamespace =
    namespaceSelector === undefined ? end.namespace === policy.namespace : selects(namespaceSelector, end.namespaceLabels);
  return rightNamespace && (podSelector === undefined || selects(podSelector, end.labels));
}

function isPort(wanted: { protocol?: Protocol; port?: number | string }, to: End, port: number, protocol: Protocol): boolean {
  if ((wanted.protocol ?? "TCP") !== protocol) return false;
  if (wanted.port === undefined) return true;
  if (typeof wanted.port === "number") return wanted.port === port;
  return to.kind === "pod" && to.ports[wanted.port] === port;
}

function selects({ matchLabels = {} }: Selector, labels: Record<string, string>): boolean {
  return Object.entries(matchLabels).every(([name, value]) => labels[name] === value);
}

function contains(cidr: string, ip: string): boolean {
  const [base = "", bits = "32"] = cidr.split("/");
  const mask = bits === "0" ? 0 : (-1 << (32 - Number(bits))) >>> 0;
  return (numberOf(base) & mask) >>> 0 === (numberOf(ip) & mask) >>> 0;
}

function numberOf(ip: string): number {
  return ip.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);
}
