import { z } from "zod";
import { failure, kubectl, type Failed } from "./kubectl.ts";
import type { Manifest } from "./manifests.ts";

const metadata = z.looseObject({ labels: z.record(z.string(), z.string()).default({}) });
const named = z.looseObject({ name: z.string() });
const spec = z.looseObject({ containers: z.array(named.extend({ env: z.array(named).optional() })) });
const jobShape = z.looseObject({ spec: z.looseObject({ template: z.object({ metadata, spec }) }) });
const podShape = z.object({ metadata, spec });

/**
 * Merges a file into what a Job's pods are made of, as `kubectl patch` would (a strategic merge). What a run rests on stays: that no pod is started
 * twice or ended early, what the container `load` runs and is told, and the labels by which pods are found.
 */
export async function withPodTemplate(job: Manifest, file: string): Promise<{ kind: "job"; job: Manifest } | Failed> {
  const { spec: jobSpec } = jobShape.parse(job);
  const { template } = jobSpec;
  const pod = { apiVersion: "v1", kind: "Pod", metadata: { ...template.metadata, name: "load" }, spec: template.spec };
  const args = ["patch", "--local", "-f", "-", "--type=strategic", "--patch-file", file, "-o", "json"];
  const got = await kubectl(args, { input: JSON.stringify(pod) });
  if (got.kind === "failed") return failure(`the pod template ${file}: ${got.message}`);
  const { data: merged } = podShape.safeParse(JSON.parse(got.text));
  if (merged === undefined) return failure(`the pod template ${file} leaves no pod: it holds metadata and spec, as a pod does`);
  const [load] = template.spec.containers;
  const own = ({ env, ...one }: (typeof merged.spec.containers)[number]) =>
    one.name === load?.name
      ? { ...one, command: load["command"], args: load["args"], env: env?.filter(({ name }) => name !== "JOB_COMPLETION_INDEX") }
      : { ...one, env };
  const containers = merged.spec.containers.map(own);
  const { name: _, ...patched } = merged.metadata;
  const { "sidecar.istio.io/inject": _mesh, ...labels } = template.metadata.labels; // whether a mesh takes part is the template's to say
  const merging = {
    metadata: { ...patched, labels: { ...merged.metadata.labels, ...labels } },
    spec: { ...merged.spec, restartPolicy: "Never", activeDeadlineSeconds: undefined, containers },
  };
  return { kind: "job", job: { ...job, spec: { ...jobSpec, template: merging } } };
}
