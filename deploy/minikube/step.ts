import { stripVTControlCharacters } from "node:util";
import { endingText, type Ran, type RunProcess } from "../../slo/host/process.ts";

/** What the steps need of the outside: programs, words for the person, a clock and a pause in seconds. */
export interface Lab {
  run: RunProcess;
  say: (line: string) => void;
  /** Writes a file below the project's root folder. */
  write: (path: string, text: string) => void;
  now: () => number;
  pause: (seconds: number) => Promise<void>;
  /** Ends what is under way. */
  signal: AbortSignal;
  /** The project's root folder. */
  project: string;
}

/** A step that failed: what it was, the tool's last words, and how to mend it. */
export class StepError extends Error {
  constructor(what: string, words: readonly string[], remedy: string) {
    super([`failed: ${what}`, ...words.map((line) => `    ${line}`), `to mend it: ${remedy}`].join("\n"));
  }
}

/** Runs a command of several words, in the project's folder. */
export function ask({ run, signal, project }: Lab, [command = "", ...args]: readonly string[], limitSeconds = 60): Promise<Ran> {
  return run({ command, args, limitSeconds, folder: project, signal, graceSeconds: 10 });
}

export function succeeded({ ending }: Ran): boolean {
  return ending.kind === "exited" && ending.code === 0;
}

/** How often it is said of a command that it is still at work. */
const tellMillis = 15_000;

/** Runs a command that must succeed and gives its stdout, or all that it said; throws a `StepError`. */
export async function must(
  lab: Lab,
  words: readonly string[],
  what: string,
  remedy: string,
  limitSeconds = 60,
  gives: "stdout" | "output" = "stdout",
): Promise<string> {
  const began = lab.now();
  const tell = (): void => lab.say(`  ${words.slice(0, 4).join(" ")} …: ${(lab.now() - began).toFixed(0)} s so far`);
  const timer = setInterval(tell, tellMillis);
  const ran = await ask(lab, words, limitSeconds).finally(() => clearInterval(timer));
  if (succeeded(ran)) return ran[gives];
  const ending = endingText({ command: words.join(" "), limitSeconds }, ran.ending);
  throw new StepError(`${what}: ${ending}`, lastLines(ran.output), remedy);
}

/** Gives the last lines of a text, and before them the first that speak of an error; colours and empty lines taken out. */
export function lastLines(text: string): string[] {
  const lines = stripVTControlCharacters(text)
    .split(/[\r\n]+/)
    .filter((line) => line.trim() !== "");
  const errors = lines.slice(0, -12).filter((line) => /\berror\b/i.test(line));
  return [...errors.slice(0, 3), ...lines.slice(-12)];
}

/** How long a trouble must last before it is believed: a volume is bound and an image found again within seconds. Some never go by themselves. */
const patienceSeconds = 25;
const isFinal = ({ status }: Stuck): boolean => /ErrImageNeverPull|InvalidImageName/.test(status);
const lacksImage = ({ status }: Stuck): boolean => status.includes("Image");
const ours = ["-A", "-l", "app.kubernetes.io/part-of=plimsoll"];

interface Stuck {
  namespace: string;
  pod: string;
  status: string;
}

/** Finds the pods that cannot go on by themselves, in the lines of `kubectl get pods -A`: not scheduled, without their image, crashing, refused. */
export function stuckPods(table: string): Stuck[] {
  return table.split("\n").flatMap((line) => {
    const [namespace = "", pod = "", , status = ""] = line.trim().split(/\s+/);
    return /^Pending$|Err|BackOff|Invalid/.test(status) ? [{ namespace, pod, status }] : [];
  });
}

/** Waits until every rollout of ours is through, says each change, and gives up when the time is over or a pod cannot go on; gives the seconds. */
export async function waitUntilReady(lab: Lab, context: string, limitSeconds: number): Promise<number> {
  const kubectl = ["kubectl", "--context", context];
  const began = lab.now();
  let since = new Map<string, number>();
  const format = 'jsonpath={range .items[*]}{.metadata.namespace} {.kind}/{.metadata.name}{"\\n"}{end}';
  const remedy = `see that \`${kubectl.join(" ")} get pods -A\` answers; then run this again`;
  const get = [...kubectl, "get", "deployments,statefulsets,daemonsets", ...ours, "-o", format];
  const list = await must(lab, get, "the cluster does not answer", remedy);
  for (const line of list.trim().split("\n")) {
    const [namespace = "", workload = ""] = line.toLowerCase().split(" ");
    const rollout = [...kubectl, "--namespace", namespace, "rollout", "status", workload, "--timeout=5s"];
    let said = "";
    for (let status = await ask(lab, rollout); !succeeded(status); status = await ask(lab, rollout)) {
      const words = `${workload}: ${lastLines(status.output)[0] ?? "no answer"}`;
      const seconds = lab.now() - began;
      if (words !== said) lab.say(`${words} (${seconds.toFixed(0)} s)`);
      said = words;
      const pods = await ask(lab, [...kubectl, "get", "pods", ...ours, "--no-headers"]);
      const stuck = succeeded(pods) ? stuckPods(pods.stdout) : [];
      for (const one of stuck.filter((each) => lacksImage(each) && !since.has(each.pod)))
        lab.say(`${one.pod}: ${one.status}: ${await imageHint(lab, kubectl, one)}`);
      // By pod alone: a missing image is ErrImagePull and ImagePullBackOff by turns.
      since = new Map(stuck.map(({ pod }) => [pod, since.get(pod) ?? lab.now()]));
      const hopeless = stuck.filter((one) => isFinal(one) || lab.now() - (since.get(one.pod) ?? 0) >= patienceSeconds);
      const lost = seconds >= limitSeconds ? stuck : await cannotGoOn(lab, kubectl, hopeless);
      if (seconds >= limitSeconds || lost.length > 0) throw await givenUp(lab, kubectl, `${seconds.toFixed(0)} s (${words})`, lost);
      await lab.pause(1);
    }
  }
  return lab.now() - began;
}

const warnings = ({ pod }: Stuck): string[] => ["events", "--for", `pod/${pod}`, "--types=Warning"];
const waitsForVolume = (events: string): boolean => /unbound immediate PersistentVolumeClaims/.test(lastLines(events).at(-1) ?? "");

/** Leaves out the pods that wait for a volume: on a cluster that has just been started its provisioner may come a minute later. */
async function cannotGoOn(lab: Lab, kubectl: string[], stuck: readonly Stuck[]): Promise<Stuck[]> {
  const lost: Stuck[] = [];
  for (const one of stuck) {
    const events = one.status === "Pending" ? (await ask(lab, [...kubectl, "--namespace", one.namespace, ...warnings(one)])).output : "";
    if (!waitsForVolume(events)) lost.push(one);
  }
  return lost;
}

/** Names the image that a pod waits for, and says how it can be had. */
async function imageHint(lab: Lab, kubectl: string[], { namespace, pod }: Stuck): Promise<string> {
  const waiting = ["initContainerStatuses", "containerStatuses"].map((list) => `{.status.${list}[?(@.state.waiting)].image}`).join(" ");
  const { stdout } = await ask(lab, [...kubectl, "--namespace", namespace, "get", "pod", pod, "-o", `jsonpath=${waiting}`]);
  const [image = "its image"] = stdout.split(/\s+/).filter((word) => word !== "");
  const load = `\`minikube --profile ${kubectl[2]} image load ${image}\`, --image-load, or a registry that the cluster can pull from`;
  const instead = image.startsWith("mongo:") ? "; or FerretDB in its place: --with …,mongodb/ferretdb" : "";
  return `the image ${image} is not in the cluster, which cannot pull it: have it in this machine's Docker and run this again, or ${load}${instead}`;
}

async function givenUp(lab: Lab, kubectl: string[], reached: string, stuck: readonly Stuck[]): Promise<StepError> {
  const one = stuck.find(lacksImage) ?? stuck[0] ?? { namespace: "plimsoll", pod: "", status: "" };
  const { namespace, pod, status } = one;
  const said = stuck.map(({ pod, status }) => `${pod}: ${status}`);
  const tell = async (...words: string[]): Promise<void> => {
    const { output } = await ask(lab, [...kubectl, "--namespace", namespace, ...words]);
    said.push(...lastLines(output).slice(-5));
  };
  if (pod !== "") await tell(...warnings(one));
  if (status === "CrashLoopBackOff") await tell("logs", "--previous", "--tail=5", pod);
  const room = "the cluster has no room: give it more with --cpus and --memory, or remove what else runs there; ";
  const volume = `no volume was made for its claim: \`${kubectl.join(" ")} --namespace kube-system get pods\` shows whether the storage provisioner runs; `;
  const pending = waitsForVolume(said.join("\n")) ? volume : room;
  const image = /Image/.test(status) ? `${await imageHint(lab, kubectl, { namespace, pod, status })}; ` : "";
  const describe = `\`${kubectl.join(" ")} --namespace ${namespace} describe pod ${pod}\` shows more`;
  return new StepError(`not all pods were ready after ${reached}`, said, (status === "Pending" ? pending : image) + describe);
}
