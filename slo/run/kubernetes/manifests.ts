import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { parse } from "yaml";
import type { PodConfig } from "./message.ts";

export interface JobPlan {
  name: string;
  testid: string;
  namespace: string;
  image: string;
  target: string;
  pods: number;
  /** Whose account the pods have; the namespace's own where none is said. */
  account?: string | undefined;
  podTemplate?: string | undefined;
  /** After this the cluster ends the Job by itself. */
  deadlineSeconds: number;
  /** For a destination that wants them, by variable, and its authority's certificate by `caKey`; they go into a Secret. */
  secrets: Record<string, string>;
}

export type Manifest = { apiVersion: string; kind: string; metadata: { name: string; [key: string]: unknown }; [key: string]: unknown };

const configFolder = "/run/plimsoll";
export const caKey = "ca.crt";
/** A ConfigMap holds 1 MiB, counted with base64's third more. */
const partBytes = 700 * 1024;
/** Marks what we made, so that it is found again. */
export const ownLabels = { "app.kubernetes.io/name": "plimsoll-load", "app.kubernetes.io/managed-by": "plimsoll" } as const;
/** Labels load pods; the policies let out what has the last one. */
export const loadLabels = { ...ownLabels, "app.kubernetes.io/component": "load" } as const;
export const testidLabel = "plimsoll.testid";
/** Says what a Job loads, so that loads of different targets may go on in one namespace. */
export const targetAnnotation = "plimsoll.target";

/** Makes a Job's name of a testid: lower case, and short enough for Kubernetes to add a pod's own part. */
export function jobName(testid: string): string {
  const [, name = testid, time = ""] = /^(.*?)(-\d{8}T\d{6}-[0-9a-f]+)$/i.exec(testid) ?? [];
  const plain = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .slice(0, 24);
  return `load-${plain}${time.toLowerCase()}`.replace(/-+/g, "-").replace(/-$/, "");
}

/** Cuts a pod config and its script into ConfigMaps, which the pods see as one folder. */
export function configMaps(plan: JobPlan, config: PodConfig, script: Buffer): Manifest[] {
  const packed = gzipSync(script);
  const parts = Array.from({ length: Math.ceil(packed.length / partBytes) }, (_, i) => packed.subarray(i * partBytes, (i + 1) * partBytes));
  return parts.map((part, i) => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadataOf(plan, `${plan.name}-${i}`),
    binaryData: { [`script-${String(i).padStart(3, "0")}.gz`]: part.toString("base64") },
    ...(i === 0 ? { data: { "pod-config.json": JSON.stringify(config) } } : {}),
  }));
}

/** Makes the Secret with the credentials for Prometheus; none where there are none. */
export function secretOf(plan: JobPlan): Manifest[] {
  if (Object.keys(plan.secrets).length === 0) return [];
  return [{ apiVersion: "v1", kind: "Secret", metadata: metadataOf(plan, plan.name), stringData: plan.secrets }];
}

function metadataOf({ namespace, testid }: JobPlan, name: string): Manifest["metadata"] {
  return { name, namespace, labels: { ...ownLabels, [testidLabel]: testid } };
}

/** Makes the Job of its fixed parts in `job.yaml`, with the plan in its gaps; a gap that nothing fills has no key. */
export function jobOf(plan: JobPlan, configMapNames: readonly string[]): Manifest {
  const { name, testid, pods, account, image, secrets } = plan;
  const authority = { secret: { name, items: [{ key: caKey, path: caKey }] } };
  const ownPods = { [testidLabel]: testid };
  const gaps: Record<string, unknown> = {
    metadata: { ...metadataOf(plan, name), annotations: { [targetAnnotation]: plan.target } },
    pods,
    deadlineSeconds: Math.ceil(plan.deadlineSeconds),
    // The policies let out what has the component's label; a mesh's proxy would be measured as well.
    podLabels: { "sidecar.istio.io/inject": "false", ...loadLabels, ...ownPods },
    account,
    ownPods,
    image,
    configFolder,
    env: Object.keys(secrets).map((key) =>
      key === caKey
        ? { name: "PLIMSOLL_PROMETHEUS_CA_FILE", value: `${configFolder}/${caKey}` }
        : { name: key, valueFrom: { secretKeyRef: { name, key } } },
    ),
    sources: [...configMapNames.map((map) => ({ configMap: { name: map } })), ...(caKey in secrets ? [authority] : [])],
  };
  const fixed = readFileSync(new URL("job.yaml", import.meta.url), "utf8");
  const filled = (value: unknown): unknown => (typeof value === "string" && value.startsWith("$") ? gaps[value.slice(1)] : value);
  return parse(fixed, (_, value) => filled(value)) as Manifest;
}
