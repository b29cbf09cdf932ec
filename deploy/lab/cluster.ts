import { endingText } from "../../slo/host/process.ts";
import { type Lab, lastLines, StepError } from "./lab.ts";

/** Where each part answers, as Kubernetes names it for its own proxy: namespace, service, port. */
const services = {
  prometheus: ["monitoring", "prometheus:9090"],
  alertmanager: ["monitoring", "alertmanager:9093"],
  jaeger: ["monitoring", "jaeger:16686"],
  loki: ["monitoring", "loki:3100"],
} as const;

export type Part = keyof typeof services;

/** Asks a cluster that holds the whole lab. */
export type Cluster = ReturnType<typeof openCluster>;

/** One series of an answer of Prometheus over a time: its labels, and its values in order. */
export interface Series {
  metric: Record<string, string>;
  values: [number, string][];
}

/** Opens the way to the lab's parts through kubectl; each call is bounded. */
export function openCluster(lab: Lab, context: string) {
  const remedy = `see that \`kubectl --context ${context} get pods -A\` answers, and that the lab is up with all parts: npm run minikube -- --with all`;
  const kubectl = async (words: readonly string[], what: string, limitSeconds = 60): Promise<string> => {
    const command = { command: "kubectl", args: ["--context", context, ...words], limitSeconds };
    const { ending, stdout, output } = await lab.run({ ...command, folder: lab.project, signal: lab.signal, graceSeconds: 10 });
    if (ending.kind === "exited" && ending.code === 0) return stdout;
    throw new StepError(`${what}: ${words.join(" ")}: ${endingText(command, ending)}`, lastLines(output), remedy);
  };
  const get = async (part: Part, path: string, query: Record<string, string> = {}): Promise<unknown> => {
    const [namespace, service] = services[part];
    const url = `/api/v1/namespaces/${namespace}/services/${service}/proxy${path}?${new URLSearchParams(query).toString()}`;
    return JSON.parse(await kubectl(["get", "--raw", url], `${part} does not answer`, 30)) as unknown;
  };
  return {
    lab,
    context,
    kubectl,
    get,
    /** Names the parts that are asked and are not there. */
    missing: async (): Promise<Part[]> => {
      const format = 'jsonpath={range .items[*]}{.metadata.name}{"\\n"}{end}';
      const there = await kubectl(["--namespace", "monitoring", "get", "services", "-o", format], "the cluster does not answer");
      return (Object.keys(services) as Part[]).filter((part) => !there.split("\n").includes(part));
    },
    /** Asks Prometheus over a time, Unix seconds. */
    range: async (query: string, start: number, end: number): Promise<Series[]> => {
      const times = { start: String(Math.floor(start)), end: String(Math.ceil(end)), step: "2" };
      const answer = (await get("prometheus", "/api/v1/query_range", { query, ...times })) as { data: { result: Series[] } };
      return answer.data.result;
    },
  };
}

/** Asks until there is an answer, at most `limitSeconds`; an attempt that fails is one without an answer, unless none succeeded. */
export async function poll<T>({ lab }: Cluster, ask: () => Promise<T | undefined>, limitSeconds: number): Promise<T | undefined> {
  const began = lab.now();
  let failure: StepError | undefined;
  let succeeded = false;
  for (;;) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
      succeeded = true;
    } catch (error) {
      if (!(error instanceof StepError) || lab.signal.aborted) throw error;
      failure = error;
    }
    if (lab.now() - began >= limitSeconds) break;
    await lab.pause(2);
  }
  if (failure !== undefined && !succeeded) throw failure;
  return undefined;
}
