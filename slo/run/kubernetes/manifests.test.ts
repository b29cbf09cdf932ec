import { randomBytes } from "node:crypto";
import { gunzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { serviceIn } from "./port-forward.ts";
import { configMaps, jobName, jobOf, secretOf, type JobPlan } from "./manifests.ts";
import type { PodConfig } from "./message.ts";

const plan: JobPlan = {
  name: "load-smoke",
  testid: "smoke-1",
  namespace: "plimsoll",
  image: "plimsoll:dev",
  target: "http://a:1",
  pods: 4,
  deadlineSeconds: 100.5,
  secrets: {},
};
const config: PodConfig = {
  version: 2,
  testid: "smoke-1",
  pods: 4,
  script: "bundle.js",
  isUserScript: false,
  inspected: "{}",
  environment: {},
  target: "http://a:1",
  prometheus: "http://b:2",
  barrierSeconds: 60,
  settleLimitSeconds: 60,
};

test.each([
  ["a scenario's run keeps its name", "smoke-20261121T081549-d587", "load-smoke-20261121t081549-d587"],
  [
    "a long script's name is cut, its time and number are not",
    `${"very-".repeat(8)}long-20261121T081549-d587`,
    "load-very-very-very-very-very-20261121t081549-d587",
  ],
  ["what Kubernetes takes no name with becomes a dash", "My_Script.Two-20261121T081549-d587", "load-my-script-two-20261121t081549-d587"],
])("%s", (_, testid, expected) => {
  expect(jobName(testid)).toBe(expected);
  expect(jobName(testid).length, "Kubernetes adds the index and five letters, and takes 63").toBeLessThanOrEqual(54);
});

test("a script above what a ConfigMap holds is cut into several, and comes out whole", () => {
  const script = randomBytes(2_000_000);
  const maps = configMaps(plan, config, script);
  expect(maps.length).toBe(3);
  for (const map of maps) expect(JSON.stringify(map).length).toBeLessThan(1024 * 1024);
  const parts = maps.flatMap((map) => Object.entries(map["binaryData"] as Record<string, string>)).toSorted(([a], [b]) => (a < b ? -1 : 1));
  expect(gunzipSync(Buffer.concat(parts.map(([, text]) => Buffer.from(text, "base64")))).equals(script)).toBe(true);
});

test("credentials stand in the Secret and nowhere else", () => {
  const secret = { ...plan, secrets: { PLIMSOLL_PROMETHEUS_BEARER_TOKEN: "t0p-secret", "ca.crt": "-----BEGIN" } };
  expect(JSON.stringify(secretOf(secret))).toContain("t0p-secret");
  const rest = JSON.stringify([jobOf(secret, ["load-smoke-0"]), ...configMaps(secret, config, Buffer.from("x"))]);
  expect(rest).not.toContain("t0p-secret");
  expect(rest).toContain('"secretKeyRef":{"name":"load-smoke","key":"PLIMSOLL_PROMETHEUS_BEARER_TOKEN"}');
  expect(rest).toContain('{"name":"PLIMSOLL_PROMETHEUS_CA_FILE","value":"/run/plimsoll/ca.crt"}');
  expect(rest).toContain('{"secret":{"name":"load-smoke","items":[{"key":"ca.crt","path":"ca.crt"}]}}');
  expect(rest).not.toContain("-----BEGIN");
  expect(secretOf(plan), "none where there is nothing to keep").toEqual([]);
});

test("no pod is ever started twice, and the cluster ends the Job by itself", () => {
  expect(jobOf(plan, ["load-smoke-0"])["spec"]).toMatchObject({
    suspend: true,
    completionMode: "Indexed",
    completions: 4,
    parallelism: 4,
    backoffLimitPerIndex: 0,
    activeDeadlineSeconds: 101,
    template: { spec: { restartPolicy: "Never" } },
  });
});

test.each([
  ["the namespace's own", undefined],
  ["that of load pods where it is there", "plimsoll-load"],
])("a pod's account is %s, and it gets no token", (_sentence, account) => {
  const { template } = jobOf({ ...plan, account }, [])["spec"] as { template: { spec: Record<string, unknown> } };
  expect(template.spec["serviceAccountName"]).toBe(account);
  expect(template.spec["automountServiceAccountToken"]).toBe(false);
});

test.each<[string, string, ReturnType<typeof serviceIn>]>([
  ["a service with its namespace", "http://prometheus.monitoring:9090", { name: "prometheus", namespace: "monitoring", port: 9090 }],
  ["a service of the run's own namespace", "http://prometheus:9090", { name: "prometheus", namespace: "plimsoll", port: 9090 }],
  [
    "a service by its long name",
    "http://prometheus.monitoring.svc.cluster.local",
    { name: "prometheus", namespace: "monitoring", port: 80 },
  ],
  ["a host elsewhere is none", "http://prometheus.example.com:9090", undefined],
  ["an address is none", "http://10.1.2.3:9090", undefined],
  ["TLS is spoken to the name in the certificate, so it is not forwarded", "https://prometheus.monitoring:9090", undefined],
])("%s", (_, url, expected) => {
  expect(serviceIn(url, "plimsoll")).toEqual(expected);
});
