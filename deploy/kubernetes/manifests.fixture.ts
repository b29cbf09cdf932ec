import { readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { parse, parseAllDocuments } from "yaml";

/** One Kubernetes object, as far as it is read here. */
export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  spec?: unknown;
  /** What a ConfigMap holds: file names to contents, or settings. */
  data?: Record<string, string>;
}

/** A pod template's part that the checks read. */
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
  volumes?: Volume[];
}

export interface Volume {
  name: string;
  configMap?: { name: string };
  projected?: { sources: { configMap: { name: string } }[] };
  emptyDir?: { sizeLimit?: string };
}

interface Probe {
  httpGet?: { path: string; port: string };
}

export interface Container {
  name: string;
  image: string;
  env?: { name: string; value?: string }[];
  envFrom?: { configMapRef: { name: string } }[];
  volumeMounts?: { name: string; mountPath: string; readOnly?: boolean }[];
  startupProbe?: Probe;
  readinessProbe?: Probe;
  livenessProbe?: Probe;
  ports?: { name: string; containerPort: number; protocol?: string }[];
  lifecycle?: { preStop?: { sleep?: { seconds: number } } };
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
  securityContext?: { allowPrivilegeEscalation?: boolean; readOnlyRootFilesystem?: boolean; capabilities?: { drop?: string[] } };
}

interface Kustomization {
  namespace?: string;
  resources?: string[];
  components?: string[];
  configMapGenerator?: Generator[];
}

interface Generator {
  name: string;
  namespace?: string;
  files?: string[];
  envs?: string[];
}

/** Reads YAML of one or more objects; throws on what is no YAML. */
export function readObjects(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    if (document.errors[0] !== undefined) throw document.errors[0];
    const value = document.toJS() as Manifest | null;
    return value === null ? [] : [value];
  });
}

/**
 * Reads every object that a kustomization names or generates, in its folder and in others, with its namespace.
 * Components add theirs, and what they merge into a ConfigMap. Patches are not applied, and generated names get no hash (`kubectl kustomize` does both).
 */
export function readManifests(folder: string): Manifest[] {
  const kustomization = parse(readFileSync(join(folder, "kustomization.yaml"), "utf8")) as Kustomization;
  const { namespace, resources = [], components = [], configMapGenerator = [] } = kustomization;
  const named = [...resources, ...components].flatMap((path) => {
    const whole = join(folder, path);
    return statSync(whole).isDirectory() ? readManifests(whole) : readObjects(readFileSync(whole, "utf8"));
  });
  const objects = mergeMaps([...named, ...configMapGenerator.map((generator) => generate(folder, generator))]);
  if (namespace === undefined) return objects;
  return objects.map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));
}

/** Makes one of ConfigMaps of one name, which only `behavior: merge` allows. */
function mergeMaps(objects: readonly Manifest[]): Manifest[] {
  const key = ({ kind, metadata: { name, namespace } }: Manifest): string | undefined =>
    kind === "ConfigMap" ? `${namespace}/${name}` : undefined;
  return objects.flatMap((object, index) => {
    const same = objects.filter((other) => other === object || (key(object) !== undefined && key(other) === key(object)));
    if (objects.indexOf(same[0] ?? object) !== index) return [];
    if (same.length === 1) return [object];
    return [{ ...object, data: Object.assign({}, ...same.map(({ data }) => data)) as Record<string, string> }];
  });
}

function generate(folder: string, { name, namespace, files = [], envs = [] }: Generator): Manifest {
  const read = (path: string): string => readFileSync(join(folder, path), "utf8");
  const data = [
    ...files.map((path): [string, string] => [basename(path), read(path)]),
    ...envs.flatMap((path) => readSettings(read(path))),
  ];
  const metadata = namespace === undefined ? { name } : { name, namespace };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data: Object.fromEntries(data) };
}

/** Reads lines of NAME=value; empty lines and those that begin with # say nothing. */
function readSettings(text: string): [string, string][] {
  return text.split("\n").flatMap((line): [string, string][] => {
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) return [[name, value]];
    if (line.trim() === "" || line.startsWith("#")) return [];
    throw new Error(`"${line}" is not NAME=value`);
  });
}

/** Gives the pod template of a workload; undefined for every other kind. */
export function templateOf({ spec }: Manifest): PodTemplate | undefined {
  return (spec as { template?: PodTemplate } | undefined)?.template;
}

/** Reads a quantity of Kubernetes: CPUs or bytes. */
export function quantity(text: string): number {
  const [, number = "0", unit = ""] = /^([\d.]+)(m|Ki|Mi|Gi)?$/.exec(text) ?? [];
  return Number(number) * ({ m: 0.001, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 }[unit] ?? 1);
}

/** Lists the images that objects name, each once, in order. */
export function imagesOf(objects: readonly Manifest[]): string[] {
  const specs = objects.flatMap((object) => templateOf(object)?.spec ?? []);
  return [...new Set(specs.flatMap(({ containers, initContainers = [] }) => [...initContainers, ...containers].map(({ image }) => image)))];
}
