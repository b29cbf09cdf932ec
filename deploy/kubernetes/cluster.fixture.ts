import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { run, type Result } from "../minikube/shell.ts";

/** Is the project's folder of manifests. */
export const manifests = fileURLToPath(new URL(".", import.meta.url));

/** Asks a cluster through kubectl. */
export interface Kubectl {
  /** Gives stdout; throws with kubectl's last words. */
  (...args: string[]): Promise<string>;
  /** Gives the result, whatever it is. */
  try: (...args: string[]) => Promise<Result>;
}

/** Makes the kubectl of one context; each call is bounded. */
export function kubectlOf(context: string): Kubectl {
  const attempt = (...args: string[]) => run({ command: "kubectl", args: ["--context", context, ...args], limitSeconds: 200 });
  const must = async (...args: string[]): Promise<string> => {
    const result = await attempt(...args);
    if (result.kind !== "ended" || result.code !== 0)
      throw new Error(`kubectl ${args.join(" ")}: ${result.kind}\n${result.tail.join("\n")}`);
    return result.stdout;
  };
  return Object.assign(must, { try: attempt });
}

/** Makes the `kubectl apply` of one context, for an object that is in no file; gives the result, whatever it is. */
export function applyOf(context: string): (object: object, ...flags: string[]) => Promise<Result> {
  const script = 'object=$1; shift; printf %s "$object" | kubectl "$@" -f -';
  return (object, ...flags) =>
    run({
      command: "sh",
      args: ["-c", script, "apply", JSON.stringify(object), "--context", context, "apply", ...flags],
      limitSeconds: 60,
    });
}

/** Asks until the answer satisfies, at most `limitSeconds`; then gives the last answer. */
export async function until<T>(ask: () => Promise<T>, satisfied: (answer: T) => boolean, limitSeconds: number): Promise<T> {
  const began = performance.now();
  for (;;) {
    const answer = await ask();
    if (satisfied(answer) || performance.now() - began > limitSeconds * 1_000) return answer;
    await sleep(1_000);
  }
}

/** Asks the Prometheus of the cluster from inside it, by its own container's promtool. */
export async function query(kubectl: Kubectl, promql: string): Promise<{ metric: Record<string, string>; value: number }[]> {
  const inside = ["promtool", "query", "instant", "--format=json", "http://127.0.0.1:9090", promql];
  const answer = await kubectl("--namespace", "monitoring", "exec", "prometheus-0", "--", ...inside);
  const samples = JSON.parse(answer) as { metric: Record<string, string>; value: [number, string] }[];
  return samples.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}
