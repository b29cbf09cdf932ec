import { applyOverlay, removeOverlay, renderOverlay } from "./apply.ts";
import { buildImages, loadImages } from "./images.ts";
import { contextOf, type Options } from "./options.ts";
import { deleteProfile, startProfile } from "./profile.ts";
import { waitUntilReady } from "./ready.ts";
import type { Failure, Lab } from "./step.ts";
import { checkTools } from "./tools.ts";

/** Is the lab as it stands, or what failed. */
export type Outcome = { kind: "up"; readySeconds: number } | { kind: "down" } | Failure;

/** Brings the lab up: tools, cluster, images, manifests, pods; each step may find its work done. */
export async function bringUp(lab: Lab, options: Options): Promise<Outcome> {
  const tools = await checkTools(lab, options);
  if (tools.kind === "failed") return tools;
  const rendered = await renderOverlay(lab, options.overlay);
  if (rendered.kind === "failed") return rendered;
  if (options.cluster.kind === "minikube") {
    const started = await startProfile(lab, options.cluster);
    if (started.kind === "failed") return started;
  }
  const carried = await carryImages(lab, options, rendered.images);
  if (carried.kind === "failed") return carried;
  lab.say(`applying deploy/kubernetes/overlays/${options.overlay}`);
  const applied = await applyOverlay(lab, options, rendered, carried.changed);
  if (applied.kind === "failed") return applied;
  const ready = await waitUntilReady(lab, contextOf(options.cluster), options.limitSeconds);
  return ready.kind === "failed" ? ready : { kind: "up", readySeconds: ready.seconds };
}

async function carryImages(lab: Lab, options: Options, named: readonly string[]): Promise<{ kind: "loaded"; changed: string[] } | Failure> {
  if (options.cluster.kind === "context" && options.imageLoad === undefined) {
    lab.say("images: none is built or loaded without --image-load; the cluster must be able to pull them");
    return { kind: "loaded", changed: [] };
  }
  const built = await buildImages(lab);
  return built.kind === "failed" ? built : loadImages(lab, options, named);
}

/** Takes the lab down: the profile that was made for it, or, elsewhere, only what was applied. */
export async function takeDown(lab: Lab, options: Options): Promise<Outcome> {
  const tools = await checkTools(lab, options);
  if (tools.kind === "failed") return tools;
  if (options.cluster.kind === "minikube") {
    const deleted = await deleteProfile(lab, options.cluster);
    return deleted.kind === "failed" ? deleted : { kind: "down" };
  }
  const rendered = await renderOverlay(lab, options.overlay);
  if (rendered.kind === "failed") return rendered;
  const removed = await removeOverlay(lab, options, rendered);
  return removed.kind === "failed" ? removed : { kind: "down" };
}

/** Says where things are and what comes next. */
export function addresses(options: Options): string {
  const context = contextOf(options.cluster);
  const forward = `kubectl --context ${context} --namespace`;
  const back =
    options.cluster.kind === "minikube"
      ? options.cluster.profile === "plimsoll"
        ? ""
        : ` --profile ${options.cluster.profile}`
      : ` --context ${context}`;
  const grafana =
    options.overlay === "grafana"
      ? `  ${forward} monitoring port-forward service/grafana 3000:3000            http://127.0.0.1:3000\n`
      : "";
  return `in the cluster
  storage API   http://storage-api.plimsoll:5000
  Prometheus    http://prometheus.monitoring:9090

on this machine, each in a terminal of its own
  ${forward} plimsoll port-forward service/storage-api 5000:5000       http://127.0.0.1:5000
  ${forward} monitoring port-forward service/prometheus 9090:9090      http://127.0.0.1:9090
${grafana}
next
  npm run load -- --scenario smoke --in kubernetes --context ${context}              a load from pods, judged here
  kubectl --context ${context} apply -k deploy/kubernetes/load                       the same without this command: see job/smoke

to remove it all
  npm run minikube -- down${back}
`;
}
