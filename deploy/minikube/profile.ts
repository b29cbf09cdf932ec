import type { Cluster } from "./options.ts";
import { must, type Failure, type Lab } from "./step.ts";

type Minikube = Extract<Cluster, { kind: "minikube" }>;

/** Is a profile that Minikube knows, with the size that it was made with. */
export interface Profile {
  running: boolean;
  cpus: number;
  memoryMiB: number;
}

interface ProfileList {
  valid?: { Name: string; Status: string; Config?: { CPUs?: number; Memory?: number } }[];
}

/** Finds a profile in what `minikube profile list --output json` prints. */
export function readProfile(json: string, name: string): Profile | undefined {
  const { valid = [] } = JSON.parse(json) as ProfileList;
  const found = valid.find(({ Name }) => Name === name);
  if (found === undefined) return undefined;
  return { running: /^(Running|OK)$/.test(found.Status), cpus: found.Config?.CPUs ?? 0, memoryMiB: found.Config?.Memory ?? 0 };
}

/** Reads "4g" or "4096mb" as MiB. */
export function mebibytes(size: string): number {
  return Number.parseInt(size, 10) * (/g/i.test(size) ? 1_024 : 1);
}

/** Starts the profile where it is not running; one that runs is used as it is, and a size other than the stated one is said. */
export async function startProfile(lab: Lab, wanted: Minikube): Promise<{ kind: "fine" } | Failure> {
  const { profile, cpus, memory } = wanted;
  const listed = await lab.run({ command: "minikube", args: ["profile", "list", "--output", "json"], limitSeconds: 60 });
  // Minikube ends with an error when there is no profile at all; its answer is still JSON.
  const present = listed.kind === "ended" && listed.stdout.trim().startsWith("{") ? readProfile(listed.stdout, profile) : undefined;
  if (present !== undefined && (present.cpus !== cpus || present.memoryMiB !== mebibytes(memory))) {
    const size = `${present.cpus} CPUs and ${present.memoryMiB} MiB`;
    lab.say(
      `the profile ${profile} was made with ${size}, and keeps them; for ${cpus} and ${memory}: npm run minikube -- down, then again`,
    );
  }
  if (present?.running === true) {
    lab.say(`cluster: the profile ${profile} runs already`);
    return { kind: "fine" };
  }
  lab.say(`cluster: starting the profile ${profile} with ${cpus} CPUs and ${memory} of memory (a minute or two the first time)`);
  const args = ["start", "--profile", profile, `--cpus=${cpus}`, `--memory=${memory}`, "--interactive=false"];
  const remedy = `look at \`minikube logs --profile ${profile}\`; a profile that is broken is removed by \`npm run minikube -- down --profile ${profile}\``;
  const started = await must(lab, { command: "minikube", args, limitSeconds: 900 }, "Minikube did not start", remedy);
  return started.kind === "failed" ? started : { kind: "fine" };
}

/** Deletes the profile; one that is not there is no failure. */
export async function deleteProfile(lab: Lab, { profile }: Minikube): Promise<{ kind: "fine" } | Failure> {
  const call = { command: "minikube", args: ["delete", "--profile", profile], limitSeconds: 300 };
  const deleted = await must(
    lab,
    call,
    "the profile was not deleted",
    `run \`minikube delete --profile ${profile} --purge\` and read what it says`,
  );
  return deleted.kind === "failed" ? deleted : { kind: "fine" };
}
