import { parseAllDocuments } from "yaml";
import { endingText } from "../../slo/host/process.ts";
import stated from "./lab.json" with { type: "json" };
import type { Options } from "./options.ts";
import { ask, type Lab, lastLines, must, StepError, succeeded, waitUntilReady } from "./step.ts";

/** Names every image that this project builds, with its Dockerfile. */
export const { ownImages } = stated;

/**
 * Builds our images and brings them into the cluster, and those of `named` that this machine's Docker happens to have; the others the cluster pulls.
 * Gives those that were not there already. What did not change comes out of Docker's cache.
 */
async function bringImages(lab: Lab, options: Options, named: readonly string[]): Promise<string[]> {
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

/** The tools, each with what it must answer and what to do when it does not; the services that a person or a program of theirs asks. */
const { tools, pages } = stated;
const overlays = "deploy/kubernetes/overlays";

/** Brings the lab up: tools, cluster, images, manifests, pods; each step may find its work done. Gives the seconds from there to all pods ready, and each service as `name.namespace`. */
export async function bringUp(lab: Lab, options: Options) {
  const { context, minikube, imageLoad } = options;
  await checkTools(lab, minikube ? ["minikube", "docker", "kubectl"] : imageLoad ? ["docker", "kubectl"] : ["kubectl"]);
  const folder = layOut(lab, options);
  const remedy = `the overlays are the folders of ${overlays}, the parts those of deploy/kubernetes/with`;
  const rendered = await must(lab, ["kubectl", "kustomize", folder], `${folder} cannot be rendered`, remedy);
  const named = [...rendered.matchAll(/\bimage: "?([^\s",]+)/g)].map(([, image = ""]) => image);
  if (minikube) await startProfile(lab, context, minikube);
  const loads = minikube !== undefined || imageLoad !== undefined;
  if (!loads) lab.say("images: none is built or loaded without --image-load; the cluster must be able to pull them");
  const loaded = loads ? await bringImages(lab, options, named) : [];
  await applyOverlay(lab, context, folder, loaded);
  const readySeconds = await waitUntilReady(lab, context, options.limitSeconds);
  return { readySeconds, services: servicesOf(rendered) };
}

/** Gives the folder of what is applied; where there are parts, a kustomization that lays them over the overlay is written first. */
function layOut({ write }: Lab, { overlay, parts }: Options): string {
  if (parts.length === 0) return `${overlays}/${overlay}`;
  const head = ["# Written by npm run minikube -- --with.", "apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization"];
  const list = ["components:", ...parts.map((part) => `  - ../../with/${part}`)];
  write(`${overlays}/.with/kustomization.yaml`, [...head, `resources: [../${overlay}, ../../agents]`, ...list, ""].join("\n"));
  return `${overlays}/.with`;
}

function servicesOf(rendered: string): string[] {
  return parseAllDocuments(rendered).flatMap((document) => {
    const { kind, metadata } = document.toJS() as { kind: string; metadata: { name: string; namespace?: string } };
    return kind === "Service" ? [`${metadata.name}.${metadata.namespace ?? "default"}`] : [];
  });
}

/** Takes the lab down: the profile that was made for it, or, elsewhere, only what was applied; the namespaces go with it. Tells whether there was anything. */
export async function takeDown(lab: Lab, options: Options): Promise<boolean> {
  const { context, minikube } = options;
  await checkTools(lab, [minikube ? "minikube" : "kubectl"]);
  if (minikube) {
    const remedy = `run \`minikube delete --profile ${context} --purge\` and read what it says`;
    const said = await must(lab, ["minikube", "delete", "--profile", context], "the profile was not deleted", remedy, 300, "output");
    return !/does not exist/.test(said);
  }
  const words = ["delete", "--kustomize", layOut(lab, options), "--ignore-not-found", "--wait", "--timeout=180s"];
  const remedy = `see what is left: \`kubectl --context ${context} get all -A -l app.kubernetes.io/part-of=plimsoll\``;
  return /deleted/.test(await must(lab, ["kubectl", "--context", context, ...words], "not everything was removed", remedy, 240));
}

/** Asks every tool that is needed whether it answers; all that is missing is named at once. */
async function checkTools(lab: Lab, needed: readonly (keyof typeof tools)[]): Promise<void> {
  const answers = await Promise.all(needed.map(async (name) => ({ name, ran: await ask(lab, [name, ...tools[name].ask.split(" ")]) })));
  const silent = answers.filter(({ ran }) => !succeeded(ran));
  if (silent.length === 0) return;
  const words = silent.flatMap(({ name, ran }) =>
    [endingText({ command: name, limitSeconds: 60 }, ran.ending), ...lastLines(ran.output)].map((line) => `${name}: ${line}`),
  );
  const remedy = silent.map(({ name }) => tools[name].remedy).join("; ");
  throw new StepError(`what is needed does not answer: ${silent.map(({ name }) => name).join(", ")}`, words, remedy);
}

/** Starts the profile where it is not running; one that runs is used as it is, and a size other than the stated one is said. */
async function startProfile(lab: Lab, profile: string, { cpus, memory }: NonNullable<Options["minikube"]>): Promise<void> {
  // Minikube ends with an error when there is no profile at all; its answer is still JSON.
  const { stdout } = await ask(lab, ["minikube", "profile", "list", "--output", "json"]);
  const list = JSON.parse(stdout.trim().startsWith("{") ? stdout : "{}") as {
    valid?: { Name: string; Status: string; Config?: { CPUs: number; Memory: number } }[];
  };
  const present = list.valid?.find(({ Name }) => Name === profile);
  const mebibytes = Number.parseInt(memory, 10) * (/g/i.test(memory) ? 1_024 : 1);
  if (present?.Config && (present.Config.CPUs !== Number(cpus) || present.Config.Memory !== mebibytes)) {
    const made = `the profile ${profile} was made with ${present.Config.CPUs} CPUs and ${present.Config.Memory} MiB, and keeps them`;
    lab.say(`${made}; for ${cpus} and ${memory}: npm run minikube -- down, then again`);
  }
  if (/^(Running|OK)$/.test(present?.Status ?? "")) return lab.say(`cluster: the profile ${profile} runs already`);
  lab.say(`cluster: starting the profile ${profile} with ${cpus} CPUs and ${memory} of memory (a minute or two the first time)`);
  const start = ["minikube", "start", "--profile", profile, `--cpus=${cpus}`, `--memory=${memory}`, "--interactive=false"];
  const remedy = `look at \`minikube logs --profile ${profile}\`; a profile that is broken is removed by \`npm run minikube -- down --profile ${profile}\``;
  await must(lab, start, "Minikube did not start", remedy, 900);
}

/** Applies the overlay; pods that run a former image under the same name are replaced, since their manifest says nothing new. */
async function applyOverlay(lab: Lab, context: string, folder: string, loaded: readonly string[]): Promise<void> {
  lab.say(`applying ${folder}`);
  const kubectl = ["kubectl", "--context", context];
  const remedy = `see that \`${kubectl.join(" ")} get namespaces\` answers and that you may create what ${folder} holds; then run this again`;
  const apply = [...kubectl, "apply", "--kustomize", folder, "--validate=strict"];
  const applied = await must(lab, apply, "the manifests were not applied", remedy, 120);
  if (!loaded.includes("plimsoll-target:dev") || applied.includes("deployment.apps/storage-api created")) return;
  lab.say("storage-api: its image is another one now; replacing the pods");
  const restart = [...kubectl, "--namespace", "plimsoll", "rollout", "restart", "deployment/storage-api"];
  await must(lab, restart, "storage-api was not restarted", remedy);
}

/** Says where things are and what comes next. */
export function addresses({ context, minikube, parts }: Options, services: readonly string[]): string {
  const kind = minikube ? "profile" : "context";
  const named = minikube && context === "plimsoll" ? "" : ` --${kind} ${context}`;
  const back = minikube || parts.length === 0 ? named : `${named} --with ${parts.join(",")}`;
  const there = pages.filter(({ service }) => services.includes(service));
  const inside = there.map(({ service, title, port }) => `  ${title.padEnd(14)}http://${service}:${port}`);
  const forwards = there.map(({ service, port }) => {
    const [name = "", namespace = ""] = service.split(".");
    const forward = `kubectl --context ${context} --namespace ${namespace} port-forward service/${name} ${port}:${port}`;
    return `  ${forward.padEnd(91)}http://127.0.0.1:${port}`;
  });
  return `in the cluster
${inside.join("\n")}

on this machine, each in a terminal of its own
${forwards.join("\n")}

next
  npm run load -- --scenario smoke --in kubernetes --context ${context}              a load from pods, judged here
  kubectl --context ${context} apply -k deploy/kubernetes/load                       the same without this command: see job/smoke

to remove it all
  npm run minikube -- down${back}
`;
}
