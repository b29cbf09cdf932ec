import type { Options } from "./options.ts";
import { succeeded, type Call } from "./shell.ts";
import { must, type Failure, type Lab } from "./step.ts";

/** Is every image that this project builds, with its Dockerfile. */
export const ownImages = [
  { image: "plimsoll-target:dev", dockerfile: "deploy/images/target.Dockerfile" },
  { image: "plimsoll:dev", dockerfile: "deploy/images/plimsoll.Dockerfile" },
] as const;

/** Builds our images; what did not change comes out of Docker's cache. */
export async function buildImages(lab: Lab): Promise<{ kind: "fine" } | Failure> {
  for (const { image, dockerfile } of ownImages) {
    const began = lab.now();
    lab.say(`image ${image}: building`);
    const call = {
      command: "docker",
      args: ["build", "--file", dockerfile, "--tag", image, "."],
      folder: lab.project,
      limitSeconds: 1_800,
    };
    const built = await must(
      lab,
      call,
      `the image ${image} was not built`,
      `run \`docker build --file ${dockerfile} --tag ${image} .\` to see all of it`,
    );
    if (built.kind === "failed") return built;
    lab.say(`image ${image}: built (${Math.round(lab.now() - began)} s)`);
  }
  return { kind: "fine" };
}

/** Gives the id of an image in this machine's Docker; undefined when it is not there. */
async function localId(lab: Lab, image: string): Promise<string | undefined> {
  const result = await lab.run({ command: "docker", args: ["image", "inspect", "--format", "{{.Id}}", image], limitSeconds: 60 });
  return succeeded(result) ? result.stdout.trim() : undefined;
}

/** Reads `minikube image ls --format json` as the images' ids by their short names. */
export function readImageIds(json: string): Map<string, string> {
  const listed = JSON.parse(json) as { id: string; repoTags?: string[] | null }[] | null;
  const pairs = (listed ?? []).flatMap(({ id, repoTags }) =>
    (repoTags ?? []).map((tag): [string, string] => [tag.replace(/^(docker\.io\/)?(library\/)?/, ""), id.replace(/^sha256:/, "")]),
  );
  return new Map(pairs);
}

function loadCall(options: Options, image: string): Call | undefined {
  const { cluster, imageLoad } = options;
  // The image is an argument of its own, so that nothing in its name is read as a command.
  if (imageLoad !== undefined) return { command: "sh", args: ["-c", `${imageLoad} "$1"`, "image-load", image], limitSeconds: 900 };
  if (cluster.kind === "context") return undefined;
  return { command: "minikube", args: ["--profile", cluster.profile, "image", "load", image], limitSeconds: 900 };
}

/**
 * Brings our images, and those of others that this machine happens to have, into the cluster; what is there already is left.
 * Gives the images that the cluster has now and had otherwise before.
 */
export async function loadImages(
  lab: Lab,
  options: Options,
  named: readonly string[],
): Promise<{ kind: "loaded"; changed: string[] } | Failure> {
  const there = await idsInCluster(lab, options);
  const changed: string[] = [];
  const own: string[] = ownImages.map(({ image }) => image);
  for (const image of new Set([...own, ...named])) {
    const id = await localId(lab, image);
    // The cluster pulls what others made.
    if (id === undefined && !own.includes(image)) continue;
    if (id !== undefined && there.get(image) === id.replace(/^sha256:/, "")) {
      lab.say(`image ${image}: in the cluster already`);
      continue;
    }
    const call = loadCall(options, image);
    if (call === undefined) continue;
    lab.say(`image ${image}: loading into the cluster`);
    const remedy = `see that the cluster runs and has room, then run it by hand: ${[call.command, ...call.args].join(" ")}`;
    const loaded = await must(lab, call, `the image ${image} did not get into the cluster`, remedy);
    if (loaded.kind === "failed") return loaded;
    changed.push(image);
  }
  return { kind: "loaded", changed };
}

async function idsInCluster(lab: Lab, { cluster, imageLoad }: Options): Promise<Map<string, string>> {
  if (cluster.kind === "context" || imageLoad !== undefined) return new Map();
  const result = await lab.run({
    command: "minikube",
    args: ["--profile", cluster.profile, "image", "ls", "--format", "json"],
    limitSeconds: 60,
  });
  // Not knowing only costs the time of loading again.
  return succeeded(result) && result.stdout.trim().startsWith("[") ? readImageIds(result.stdout) : new Map();
}
