import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parse, parseAllDocuments } from "yaml";

/** Is one Kubernetes object, as far as it is read here. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  spec?: unknown;
}

/** Is a pod template's part that the checks read. */
export interface PodTemplate {
  metadata: { labels: Record<string, string>; annotations?: Record<string, string> };
  spec: PodSpec;
}

export interface PodSpec {
  automountServiceAccountToken?: boolean;
  hostNetwork?: boolean;
  terminationGracePeriodSeconds?: number;
  securityContext?: { runAsNonRoot?: boolean; runAsUser?: number; seccompProfile?: { type: string } };
  containers: Container[];
  initContainers?: Container[];
}

export interface Container {
  name: string;
  image: string;
  env?: { name: string; value?: string }[];
  ports?: { name: string; containerPort: number; protocol?: string }[];
  lifecycle?: { preStop?: { sleep?: { seconds: number } } };
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  securityContext?: { allowPrivilegeEscalation?: boolean; readOnlyRootFilesystem?: boolean; capabilities?: { drop?: string[] } };
}

interface Kustomization {
  namespace?: string;
  resources: string[];
}

/** Reads YAML of one or more objects; throws on what is no YAML. */
export function readObjects(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    const value = document.toJS() as Manifest | null;
    return value === null ? [] : [value];
  });
}

/** Reads every object that a kustomization names, in its folder and in others, with its namespace; patches are not applied (`kubectl kustomize` does that). */
export function readManifests(folder: string): Manifest[] {
  const { namespace, resources } = parse(readFileSync(join(folder, "kustomization.yaml"), "utf8")) as Kustomization;
  const objects = resources.flatMap((path) => {
    const whole = join(folder, path);
    return statSync(whole).isDirectory() ? readManifests(whole) : readObjects(readFileSync(whole, "utf8"));
  });
  if (namespace === undefined) return objects;
  return objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));
}

/** Gives the pod template of a workload; undefined for every other kind. */
export function templateOf({ spec }: Manifest): PodTemplate | undefined {
  return (spec as { template?: PodTemplate } | undefined)?.template;
}

/** Lists the images that objects name, each once, in order. */
export function imagesOf(objects: readonly Manifest[]): string[] {
  const specs = objects.flatMap((object) => templateOf(object)?.spec ?? []);
  return [...new Set(specs.flatMap(({ containers, initContainers = [] }) => [...initContainers, ...containers].map(({ image }) => image)))];
}
