import { z } from "zod";
import { failure, kubectl, placeOf, type Cluster, type Failed } from "./kubectl.ts";

const words = { reason: z.string().optional(), message: z.string().optional() };
const containerState = z.object({
  waiting: z.object(words).optional(),
  running: z.object({}).optional(),
  terminated: z.object({ ...words, exitCode: z.number() }).optional(),
});
const podSchema = z.object({
  metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()).optional() }),
  status: z.object({
    ...words,
    phase: z.string().optional(),
    conditions: z.array(z.object({ ...words, type: z.string(), status: z.string() })).optional(),
    containerStatuses: z.array(z.object({ name: z.string(), state: containerState.optional() })).optional(),
  }),
});
const podList = z.object({ items: z.array(podSchema) });

/** Of a container that ended without having begun. */
const neverBegan = /^(StartError|ContainerCannotRun)$/;
const stuck = /^(ErrImagePull|ImagePullBackOff|ErrImageNeverPull|InvalidImageName|CreateContainer(Config)?Error|RunContainerError)$/;

export const jobLabel = "batch.kubernetes.io/job-name";

/** Names the container that loads; others may stand beside it. */
export const loadContainer = "load";

/** Reads what `kubectl get pods -o json` printed; throws when it is not that. */
export function readPods(json: string) {
  const { items } = podList.parse(JSON.parse(json));
  return items.map(({ metadata: { name, labels }, status }) => {
    const state = status.containerStatuses?.find((one) => one.name === loadContainer)?.state;
    const ended = endingOf(status, state);
    return {
      name,
      /** Of the Job: 0 to pods − 1. */
      index: Number(labels?.["batch.kubernetes.io/job-completion-index"] ?? -1),
      phase: ended ? ("ended" as const) : state?.running ? ("running" as const) : ("waiting" as const),
      /** Why it cannot start, in Kubernetes' own words. */
      trouble: ended || state?.running ? undefined : troubleOf(status, state),
      ending: ended,
    };
  });
}
export type PodState = ReturnType<typeof readPods>[number];

type Status = z.infer<typeof podSchema>["status"];
type State = z.infer<typeof containerState> | undefined;

/** Says how a pod's container ended, or why the pod was taken away; exit code null where nobody knows. */
function endingOf({ phase, reason, message }: Status, state: State): { exitCode: number | null; reason: string } | undefined {
  if (neverBegan.test(state?.terminated?.reason ?? "")) return undefined;
  if (state?.terminated) return { exitCode: state.terminated.exitCode, reason: reason ?? state.terminated.reason ?? "ended" };
  if (phase === "Failed" || phase === "Succeeded") return { exitCode: null, reason: [reason, message].filter(Boolean).join(": ") || phase };
  return undefined;
}

function troubleOf({ conditions }: Status, state: State): string | undefined {
  const unscheduled = conditions?.find(({ type, status }) => type === "PodScheduled" && status === "False");
  if (unscheduled) return `${unscheduled.reason}: ${unscheduled.message}`;
  const { reason = "", message = "" } = state?.waiting ?? state?.terminated ?? {};
  return stuck.test(reason) || neverBegan.test(reason) ? `${reason}: ${message}` : undefined;
}

export async function podsOf(cluster: Cluster, job: string): Promise<{ kind: "pods"; pods: PodState[] } | Failed> {
  const got = await kubectl([...placeOf(cluster), "get", "pods", "-l", `${jobLabel}=${job}`, "-o", "json"]);
  if (got.kind === "failed") return got;
  try {
    return { kind: "pods", pods: readPods(got.text).toSorted((a, b) => a.index - b.index) };
  } catch {
    return failure("kubectl printed something else than pods");
  }
}
