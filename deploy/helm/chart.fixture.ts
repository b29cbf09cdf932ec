import { fileURLToPath } from "node:url";
import { runProcess, type Ran } from "../../slo/host/process.ts";
import { applyOf, kubectlOf, until } from "../kubernetes/cluster.fixture.ts";
import { readObjects, type Manifest } from "../kubernetes/manifests.fixture.ts";

/** The chart's folder. */
export const chart = fileURLToPath(new URL("plimsoll", import.meta.url));

/** Runs Helm with a home of its own words only; gives the result, whatever it is. */
export const helmOf =
  (helm: string) =>
  (...args: string[]): Promise<Ran> =>
    runProcess({ command: helm, args, limitSeconds: 240 });

/** What a load's pod said, without the report's JSON, which is long. */
export const saidBy = ({ output }: Ran): string => output.replace(/-----BEGIN PLIMSOLL REPORT[^]*?-----END PLIMSOLL REPORT.*/g, "");

type Loose = Manifest & { metadata: { annotations?: Record<string, string> } };

/** What Helm has of its own: labels that say whose the object is, and annotations of hooks and of what pods restart for. */
const ofHelm = (name: string, value: string): boolean =>
  /^(helm\.sh\/|checksum\/|app\.kubernetes\.io\/instance$)/.test(name) || (name === "app.kubernetes.io/managed-by" && value === "Helm");

function withoutHelm(entries: Record<string, string> | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(entries ?? {}).filter(([name, value]) => !ofHelm(name, value)));
}

/**
 * Makes objects of Helm and of kustomize comparable, each under its kind, namespace and name. Left out are namespaces, which a release is put into;
 * labels and annotations that Helm has of its own; and the hash in the name of a ConfigMap that kustomize generates.
 */
export function comparable(yaml: string): Record<string, Manifest> {
  const objects = readObjects(yaml) as Loose[];
  const hashed = objects.filter(({ kind, metadata }) => kind === "ConfigMap" && /-[a-z0-9]{10}$/.test(metadata.name));
  const names = new Map(hashed.map(({ metadata: { name } }) => [name, name.slice(0, -11)]));
  const entries = objects
    .filter(({ kind }) => kind !== "Namespace")
    .map((object): [string, Manifest] => {
      const plain = JSON.parse(JSON.stringify(object), (_key, value: unknown) => {
        if (typeof value === "string") return names.get(value) ?? value;
        if (typeof value !== "object" || value === null || !("labels" in value || "annotations" in value)) return value;
        const { labels, annotations, ...rest } = value as { labels?: Record<string, string>; annotations?: Record<string, string> };
        const own = Object.entries({ labels: withoutHelm(labels), annotations: withoutHelm(annotations) });
        return { ...rest, ...Object.fromEntries(own.filter(([, entries]) => Object.keys(entries).length > 0)) };
      }) as Manifest;
      return [`${plain.kind} ${plain.metadata.namespace}/${plain.metadata.name}`, plain];
    });
  return Object.fromEntries(entries);
}

/** Brings images into a Minikube cluster where this machine's Docker has them; elsewhere the cluster pulls them. */
export async function bringImages(context: string, images: readonly string[]): Promise<void> {
  const listed = await runProcess({ command: "minikube", args: ["--profile", context, "image", "ls"], limitSeconds: 60 });
  for (const image of images.filter((name) => !listed.stdout.includes(name))) {
    const here = await runProcess({ command: "docker", args: ["image", "inspect", image], limitSeconds: 20 });
    if (here.ending.kind !== "exited" || here.ending.code !== 0) continue;
    await runProcess({ command: "minikube", args: ["--profile", context, "image", "load", image], limitSeconds: 120 });
  }
}

/** A namespace of a test's own, which enforces the restricted standard as the lab's do. */
export function namespaceOf(context: string, name: string) {
  const kubectl = kubectlOf(context);
  const labels = { "pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "v1.33" };
  const remove = (): Promise<string> => kubectl("delete", "namespace", name, "--ignore-not-found", "--wait", "--timeout=120s");
  return {
    remove,
    make: async (): Promise<void> => {
      await remove();
      const made = await applyOf(context)({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
      if (made.stdout === "") throw new Error(made.output);
    },
    /** Lists what is in it, but for what every namespace has; pods and volumes that are going are waited for. */
    left: async (): Promise<string[]> => {
      const kinds = (await kubectl("api-resources", "--namespaced", "--verbs=list", "-o", "name")).trim().split("\n");
      const looked = kinds.filter((kind) => !/^(events|podmetrics)/.test(kind)).join(",");
      const list = async (): Promise<string[]> =>
        (await kubectl("--namespace", name, "get", looked, "-o", "name", "--ignore-not-found")).split("\n").filter((line) => line !== "");
      const own = (found: string[]): string[] =>
        found.filter((line) => !/^(configmap\/kube-root-ca\.crt|serviceaccount\/default)$/.test(line));
      return own(await until(list, (found) => own(found).length === 0, 60));
    },
  };
}
