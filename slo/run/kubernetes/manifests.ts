import { gzipSync } from "node:zlib";
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
  /** For a destination that wants them; they go into a Secret. */
  secrets: Record<string, string>;
  caCertificate: string | undefined;
}

export type Manifest = { apiVersion: string; kind: string; metadata: { name: string; [key: string]: unknown }; [key: string]: unknown };

const configFolder = "/run/plimsoll";
/** A ConfigMap holds 1 MiB, counted with base64's third more. */
const partBytes = 700 * 1024;
/** How long what a caller left behind stays for a later `gate`. */
const keptSeconds = 86_400;
/** k6 finishes its iterations, the relay what it holds. */
const graceSeconds = 75;
/** Marks what we made, so that it is found again. */
export const ownLabels = { "app.kubernetes.io/name": "plimsoll-load", "app.kubernetes.io/managed-by": "plimsoll" } as const;
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
  if (Object.keys(plan.secrets).length === 0 && plan.caCertificate === undefined) return [];
  const ca = plan.caCertificate === undefined ? {} : { "ca.crt": plan.caCertificate };
  return [{ apiVersion: "v1", kind: "Secret", metadata: metadataOf(plan, plan.name), stringData: { ...plan.secrets, ...ca } }];
}

function metadataOf({ namespace, testid }: JobPlan, name: string): Manifest["metadata"] {
  return { name, namespace, labels: { ...ownLabels, [testidLabel]: testid } };
}

/** A mesh's proxy would go on when the load has ended, and the Job with it; and it would be measured as well. */
const outsideMesh = { labels: { "sidecar.istio.io/inject": "false" }, annotations: { "linkerd.io/inject": "disabled" } };
const user = { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000 };
const spread = { maxSkew: 1, topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "ScheduleAnyway" };

/** Makes the Job: one pod for each part of the load, none of which is ever started twice; suspended until its ConfigMaps are there. */
export function jobOf(plan: JobPlan, configMapNames: readonly string[]): Manifest {
  // The policies let out what has this label.
  const podLabels = { ...outsideMesh.labels, ...ownLabels, "app.kubernetes.io/component": "load", [testidLabel]: plan.testid };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { ...metadataOf(plan, plan.name), annotations: { [targetAnnotation]: plan.target } },
    spec: {
      suspend: true,
      completionMode: "Indexed",
      completions: plan.pods,
      parallelism: plan.pods,
      // A second pod would count from 0 again; the others go on, because what they find is evidence.
      backoffLimitPerIndex: 0,
      podReplacementPolicy: "Failed",
      activeDeadlineSeconds: Math.ceil(plan.deadlineSeconds),
      ttlSecondsAfterFinished: keptSeconds,
      template: {
        metadata: {
          labels: podLabels,
          annotations: { ...outsideMesh.annotations, "cluster-autoscaler.kubernetes.io/safe-to-evict": "false" },
        },
        spec: {
          restartPolicy: "Never",
          serviceAccountName: plan.account,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          terminationGracePeriodSeconds: graceSeconds,
          securityContext: { ...user, seccompProfile: { type: "RuntimeDefault" } },
          topologySpreadConstraints: [{ ...spread, labelSelector: { matchLabels: { [testidLabel]: plan.testid } } }],
          containers: [containerOf(plan)],
          volumes: [
            { name: "work", emptyDir: { sizeLimit: "2Gi" } },
            { name: "pod-config", projected: { sources: sourcesOf(plan, configMapNames) } },
          ],
        },
      },
    },
  };
}

function sourcesOf({ name, caCertificate }: JobPlan, configMapNames: readonly string[]): object[] {
  const authority = { secret: { name, items: [{ key: "ca.crt", path: "ca.crt" }] } };
  return [...configMapNames.map((map) => ({ configMap: { name: map } })), ...(caCertificate === undefined ? [] : [authority])];
}

function containerOf(plan: JobPlan): object {
  return {
    name: "load",
    image: plan.image,
    imagePullPolicy: "IfNotPresent",
    args: ["pod", "--config", configFolder],
    env: [
      ...(plan.caCertificate === undefined ? [] : [{ name: "PLIMSOLL_PROMETHEUS_CA_FILE", value: `${configFolder}/ca.crt` }]),
      ...Object.keys(plan.secrets).map((name) => ({ name, valueFrom: { secretKeyRef: { name: plan.name, key: name } } })),
    ],
    terminationMessagePolicy: "FallbackToLogsOnError",
    // No limit of CPU: a throttled generator measures itself.
    resources: {
      requests: { cpu: "100m", memory: "128Mi", "ephemeral-storage": "256Mi" },
      limits: { memory: "1Gi", "ephemeral-storage": "3Gi" },
    },
    securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
    volumeMounts: [
      { name: "work", mountPath: "/work" },
      { name: "pod-config", mountPath: configFolder, readOnly: true },
    ],
  };
}
