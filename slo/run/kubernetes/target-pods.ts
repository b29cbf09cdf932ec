import { z } from "zod";
import { kubectl, placeOf, type Cluster } from "./kubectl.ts";
import { serviceIn } from "./port-forward.ts";

const running = z.object({ running: z.object({ startedAt: z.string() }).optional() });
const podList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), deletionTimestamp: z.string().optional() }),
      status: z.object({
        podIP: z.string().optional(),
        containerStatuses: z.array(z.object({ state: running.optional() })).optional(),
      }),
    }),
  ),
});

/** Lists the pods that run, out of what `kubectl get pods -o json` printed; one that is being taken away is none of them. */
export function readTargetPods(json: string) {
  return podList.parse(JSON.parse(json)).items.flatMap(({ metadata, status: { podIP, containerStatuses = [] } }) => {
    const started = containerStatuses.flatMap(({ state }) => (state?.running ? [Date.parse(state.running.startedAt) / 1000] : []));
    if (podIP === undefined || metadata.deletionTimestamp !== undefined || started.length === 0) return [];
    return [{ name: metadata.name, ip: podIP, startedSeconds: Math.max(...started) }];
  });
}
/** A pod that runs behind a Service; when its youngest container began, Unix seconds of the cluster's clock. */
export type TargetPod = ReturnType<typeof readTargetPods>[number];

/** Lists the pods behind the Service that a target's URL means, each time anew; none where it means none, or the caller may not look. */
export function targetPods(cluster: Cluster, target: string): () => Promise<TargetPod[]> {
  const service = serviceIn(target, cluster.namespace);
  const place = placeOf({ ...cluster, namespace: service?.namespace ?? cluster.namespace });
  const selected = service && kubectl([...place, "get", "service", service.name, "-o", "jsonpath={.spec.selector}"]);
  return async () => {
    const selector = await selected;
    if (selector?.kind !== "answer" || selector.text === "") return [];
    const labels = Object.entries(z.record(z.string(), z.string()).parse(JSON.parse(selector.text)));
    const got = await kubectl([...place, "get", "pods", "-l", labels.map((label) => label.join("=")).join(","), "-o", "json"]);
    return got.kind === "answer" ? readTargetPods(got.text) : [];
  };
}
