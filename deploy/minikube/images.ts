import type { Options } from "./options.ts";
import { ask, must, succeeded, type Lab } from "./step.ts";

/** Every image that this project builds, with its Dockerfile. */
export const ownImages = [
  { image: "plimsoll-target:dev", dockerfile: "deploy/images/target.Dockerfile" },
  { image: "plimsoll:dev", dockerfile: "deploy/images/plimsoll.Dockerfile" },
] as const;

/**
 * Builds our images and brings them into the cluster, and those of `named` that this machine's Docker happens to have; the others the cluster pulls.
 * Gives those that were not there already. What did not change comes out of Docker's cache.
 */
export async function bringImages(lab: Lab, options: Options, named: readonly string[]): Promise<string[]> {
  for (const { image, dockerfile } of ownImages) {
    lab.say(`image ${image}: building`);
    const build = ["docker", "build", "--file", dockerfile, "--tag", image, "."];
    await must(lab, build, `the image ${image} was not built`, `run \`${build.join(" ")}\` to see all of it`, 1_800);
  }
  const there = await idsInCluster(lab, options);
  const loaded: string[] = [];
  for (const image of new Set([...ownImages.map(({ image }) => image), ...named])) {
    const local = await ask(lab, ["docker", "image", "inspect", "--format", "{{.Id}}", image]);
    if (!succeeded(local)) continue;
    const isThere = there.has(`${image} ${local.stdout.trim().replace(/^sha256:/, "")}`);
    lab.say(`image ${image}: ${isThere ? "in the cluster already" : "loading into the cluster"}`);
    if (isThere) continue;
    const load = loadCommand(options, image);
    const remedy = `see that the cluster runs and has room, then run it by hand: ${load.join(" ")}`;
    await must(lab, load, `the image ${image} did not get into the cluster`, remedy, 900);
    loaded.push(image);
  }
  return loaded;
}

function loadCommand({ context, imageLoad }: Options, image: string): string[] {
  if (imageLoad === undefined) return ["minikube", "--profile", context, "image", "load", image];
  // The image is an argument of its own, so that nothing in its name is read as a command.
  return ["sh", "-c", `${imageLoad} "$1"`, "image-load", image];
}

/** Lists what Minikube holds as "short name id". Not knowing it only costs the time of loading again. */
async function idsInCluster(lab: Lab, { context, imageLoad }: Options): Promise<Set<string>> {
  if (imageLoad !== undefined) return new Set();
  const listed = await ask(lab, ["minikube", "--profile", context, "image", "ls", "--format", "json"]);
  if (!succeeded(listed) || !listed.stdout.trim().startsWith("[")) return new Set();
  const images = JSON.parse(listed.stdout) as { id: string; repoTags?: string[] | null }[];
  const shortName = (tag: string): string => tag.replace(/^(docker\.io\/)?(library\/)?/, "");
  return new Set(images.flatMap(({ id, repoTags }) => (repoTags ?? []).map((tag) => `${shortName(tag)} ${id.replace(/^sha256:/, "")}`)));
}
