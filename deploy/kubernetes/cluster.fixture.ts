import { tmpdir } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { endingText, runProcess, type Command, type Ran } from "../../slo/host/process.ts";

/** The project's folder of manifests. */
export const manifests = fileURLToPath(new URL(".", import.meta.url));

/** A program that ended well, for `toMatchObject`. */
export const fine = { ending: { kind: "exited", code: 0 } };

/** Asks a cluster through kubectl. */
export interface Kubectl {
  /** Gives stdout; throws with kubectl's last words. */
  (...args: string[]): Promise<string>;
  /** Gives the result, whatever it is. */
  try: (...args: string[]) => Promise<Ran>;
}

/** Runs a program that must succeed and gives its stdout; throws with its last words. */
export async function output(command: Command): Promise<string> {
  const { ending, stdout, output } = await runProcess(command);
  if (ending.kind === "exited" && ending.code === 0) return stdout;
  throw new Error(`${command.args.join(" ")}: ${endingText(command, ending)}\n${output.slice(-2_000)}`);
}

/** Makes the kubectl of one context; each call is bounded. */
export function kubectlOf(context: string): Kubectl {
  const call = (args: string[]): Command => ({ command: "kubectl", args: ["--context", context, ...args], limitSeconds: 200 });
  return Object.assign((...args: string[]) => output(call(args)), { try: (...args: string[]) => runProcess(call(args)) });
}

/** Makes the `kubectl apply` of one context, for objects that are in no file (JSON, or the text of several); gives the result, whatever it is. */
export function applyOf(context: string): (objects: object | string, ...flags: string[]) => Promise<Ran> {
  return (objects, ...flags) => {
    const input = typeof objects === "string" ? objects : JSON.stringify(objects);
    return runProcess({ command: "kubectl", args: ["--context", context, "apply", ...flags, "-f", "-"], limitSeconds: 120, input });
  };
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

/** Has a Go module downloaded, from which an operator's definitions are taken; gives its folder. */
export async function goModule(name: string): Promise<string> {
  const environment = { ...process.env, GOFLAGS: "-mod=mod", GOWORK: "off" };
  const args = ["mod", "download", "-json", name];
  return (JSON.parse(await output({ command: "go", args, limitSeconds: 180, folder: tmpdir(), environment })) as { Dir: string }).Dir;
}

const ofTheLab = ["--namespace", "monitoring", "exec", "prometheus-0", "--"];

/** Asks a Prometheus of the cluster, the lab's if no other is named, from inside it, by its own container's promtool. */
export async function query(
  kubectl: Kubectl,
  promql: string,
  prometheus: readonly string[] = ofTheLab,
): Promise<{ metric: Record<string, string>; value: number }[]> {
  const inside = ["promtool", "query", "instant", "--format=json", "http://127.0.0.1:9090", promql];
  const answer = await kubectl(...prometheus, ...inside);
  const samples = JSON.parse(answer) as { metric: Record<string, string>; value: [number, string] }[];
  return samples.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}
