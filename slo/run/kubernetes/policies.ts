import { z } from "zod";
import { kubectl, placeOf, type Cluster } from "./kubectl.ts";
import { loadLabels } from "./manifests.ts";
import { serviceIn } from "./port-forward.ts";

const policyList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({
        podSelector: z.object({ matchLabels: z.record(z.string(), z.string()).optional() }),
        policyTypes: z.array(z.string()).optional(),
      }),
    }),
  ),
});

/** Names the NetworkPolicies of a direction that may be about pods with these labels, or about any; none where the caller may not look. */
async function policiesOf(cluster: Cluster, direction: "Ingress" | "Egress", labels?: Record<string, string>): Promise<string[]> {
  const got = await kubectl([...placeOf(cluster), "get", "networkpolicies", "-o", "json"]);
  const policies = got.kind === "answer" ? policyList.parse(JSON.parse(got.text)).items : [];
  return policies.flatMap(({ metadata: { name }, spec: { podSelector, policyTypes = ["Ingress"] } }) => {
    const wanted = Object.entries(podSelector.matchLabels ?? {});
    const isAbout = labels === undefined || wanted.every(([key, value]) => labels[key] === value);
    return isAbout && policyTypes.includes(direction) ? [name] : [];
  });
}

/** Says which NetworkPolicies may stand between load pods and a target that did not answer them. */
export async function policySentence(cluster: Cluster, target: string): Promise<string> {
  const there = serviceIn(target, cluster.namespace)?.namespace;
  const [out, into] = await Promise.all([
    policiesOf(cluster, "Egress", loadLabels),
    there === undefined ? [] : policiesOf({ ...cluster, namespace: there }, "Ingress"),
  ]);
  const found = [
    ...(out.length === 0 ? [] : [`out of ${cluster.namespace} load pods may go only where ${out.join(" or ")} lets them`]),
    ...(into.length === 0 ? [] : [`into ${there} only what ${into.join(" or ")} lets in`]),
  ];
  return found.length === 0 ? "" : `\nNetworkPolicies may stand in the way: ${found.join(", ")}`;
}
