import { join } from "node:path";
import { imagesOf, readObjects, templateOf, type Manifest } from "../kubernetes/manifests.ts";
import { contextOf, type Options } from "./options.ts";
import { readState } from "./ready.ts";
import { must, type Failure, type Lab } from "./step.ts";

/** Is an overlay as kustomize renders it. */
export interface Rendered {
  kind: "rendered";
  folder: string;
  objects: Manifest[];
  images: string[];
}

/** Renders the overlay, without asking the cluster. */
export async function renderOverlay(lab: Lab, overlay: string): Promise<Rendered | Failure> {
  const folder = join(lab.project, "deploy/kubernetes/overlays", overlay);
  const call = { command: "kubectl", args: ["kustomize", folder], limitSeconds: 60 };
  const done = await must(
    lab,
    call,
    `the overlay ${overlay} cannot be rendered`,
    "the overlays are the folders of deploy/kubernetes/overlays",
  );
  if (done.kind === "failed") return done;
  const objects = readObjects(done.stdout);
  return { kind: "rendered", folder, objects, images: imagesOf(objects) };
}

/** Applies the overlay; pods that ran a former image under the same name are replaced, since their manifest says nothing new. */
export async function applyOverlay(
  lab: Lab,
  options: Options,
  rendered: Rendered,
  changed: readonly string[],
): Promise<{ kind: "fine" } | Failure> {
  const context = contextOf(options.cluster);
  const before = (await readState(lab, context))?.workloads ?? [];
  const remedy = `see that \`kubectl --context ${context} get namespaces\` answers and that you may create what the overlay ${options.overlay} holds; then run this again`;
  const args = ["--context", context, "apply", "--kustomize", rendered.folder, "--validate=strict"];
  const applied = await must(lab, { command: "kubectl", args, limitSeconds: 120 }, "the manifests were not applied", remedy);
  if (applied.kind === "failed") return applied;
  for (const object of rendered.objects) {
    const { kind, metadata } = object;
    const images = templateOf(object) === undefined ? [] : imagesOf([object]);
    const ran = before.some(({ namespace, name }) => namespace === metadata.namespace && name === metadata.name);
    if (!ran || !images.some((image) => changed.includes(image))) continue;
    lab.say(`${metadata.name}: its image is another one now; replacing the pods`);
    const restart = [
      "--context",
      context,
      "--namespace",
      metadata.namespace ?? "default",
      "rollout",
      "restart",
      `${kind.toLowerCase()}/${metadata.name}`,
    ];
    const restarted = await must(
      lab,
      { command: "kubectl", args: restart, limitSeconds: 60 },
      `${metadata.name} was not restarted`,
      remedy,
    );
    if (restarted.kind === "failed") return restarted;
  }
  return { kind: "fine" };
}

/** Removes what the overlay made, on a cluster that is not ours to delete; the namespaces go with it. */
export async function removeOverlay(lab: Lab, options: Options, rendered: Rendered): Promise<{ kind: "fine" } | Failure> {
  const context = contextOf(options.cluster);
  const args = ["--context", context, "delete", "--kustomize", rendered.folder, "--ignore-not-found", "--wait", "--timeout=180s"];
  const remedy = `see what is left: \`kubectl --context ${context} get all -A -l app.kubernetes.io/part-of=plimsoll\``;
  const removed = await must(lab, { command: "kubectl", args, limitSeconds: 240 }, "not everything was removed", remedy);
  return removed.kind === "failed" ? removed : { kind: "fine" };
}
