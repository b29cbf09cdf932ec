import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { kubectl } from "./kubectl.ts";
import { jobOf, type JobPlan } from "./manifests.ts";
import { withPodTemplate } from "./pod-template.ts";

const { context } = inject("cluster");
const plan: JobPlan = {
  name: "load-shaped",
  testid: "shaped-1",
  namespace: "plimsoll",
  image: "plimsoll:dev",
  target: "http://a:1",
  pods: 2,
  deadlineSeconds: 100,
  secrets: {},
};

async function shaped(template: string) {
  const file = join(mkdtempSync(join(tmpdir(), "plimsoll-template-")), "pods.yaml");
  writeFileSync(file, template);
  return withPodTemplate(jobOf(plan, ["load-shaped-0"]), file);
}

test("a template gives pods their place, account and resources, and takes nothing away that a run rests on; the server takes it, strictly", async () => {
  const got = await shaped(`
metadata:
  labels: { team: sre, plimsoll.testid: other, sidecar.istio.io/inject: "true" }
  annotations: { linkerd.io/inject: enabled }
spec:
  restartPolicy: OnFailure
  activeDeadlineSeconds: 7
  nodeSelector: { pool: load }
  tolerations: [{ key: load, operator: Exists }]
  imagePullSecrets: [{ name: registry }]
  serviceAccountName: loader
  topologySpreadConstraints: [{ topologyKey: kubernetes.io/hostname, maxSkew: 2 }]
  containers:
    - name: load
      command: [/bin/true]
      args: [load, --scenario, smoke]
      env: [{ name: HTTPS_PROXY, value: "http://proxy:3128" }, { name: JOB_COMPLETION_INDEX, value: "1" }]
      resources: { limits: { cpu: "4", memory: 2Gi } }
`);
  if (got.kind === "failed") throw new Error(got.message);
  const { template } = got.job["spec"] as {
    template: { metadata: { labels: object; annotations: object }; spec: Record<string, unknown> };
  };
  expect(template.metadata.labels).toMatchObject({ team: "sre", "plimsoll.testid": "shaped-1", "sidecar.istio.io/inject": "true" });
  expect(template.metadata.annotations).toMatchObject({ "linkerd.io/inject": "enabled" });
  expect(JSON.stringify(template.spec)).not.toMatch(/activeDeadlineSeconds|JOB_COMPLETION_INDEX|bin.true/);
  expect(template.spec).toMatchObject({
    restartPolicy: "Never",
    nodeSelector: { pool: "load" },
    serviceAccountName: "loader",
    automountServiceAccountToken: false,
    topologySpreadConstraints: [{ maxSkew: 2, whenUnsatisfiable: "ScheduleAnyway" }],
    containers: [
      {
        args: ["pod", "--config", "/run/plimsoll"],
        env: [{ name: "HTTPS_PROXY" }],
        resources: { requests: { cpu: "100m" }, limits: { cpu: "4", memory: "2Gi", "ephemeral-storage": "3Gi" } },
      },
    ],
  });
  const dryRun = ["--context", context, "create", "--dry-run=server", "--validate=strict", "-f", "-"];
  expect(await kubectl(dryRun, { input: JSON.stringify(got.job) })).toMatchObject({ kind: "answer" });
});

test.each<[string, string, RegExp]>([
  ["that is no YAML", "spec: [", /the pod template .*pods\.yaml: .*yaml/i],
  ["with a list for a map", "spec: [1]", /the pod template .*pods\.yaml leaves no pod/],
])("a template %s is told with its file", async (_sentence, template, message) => {
  expect(await shaped(template)).toEqual({ kind: "failed", message: expect.stringMatching(message) as string });
});
