import { beforeAll, describe, expect, inject, test } from "vitest";
import { setTimeout as sleep } from "node:timers/promises";
import { applyOf, kubectlOf, query, until } from "./cluster.fixture.ts";

const { context } = inject("cluster");
const kubectl = kubectlOf(context);
const testid = `rollout-${Date.now()}`;
const ratePerSecond = 200;
const loadSeconds = 45;

/** A load of our own bundle from our own image, under the label by which the policies let it out. */
const job = {
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name: "rollout-load", namespace: "plimsoll" },
  spec: {
    backoffLimit: 0,
    activeDeadlineSeconds: 180,
    template: {
      metadata: { labels: { "app.kubernetes.io/component": "load" } },
      spec: {
        restartPolicy: "Never",
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, seccompProfile: { type: "RuntimeDefault" } },
        containers: [
          {
            name: "k6",
            image: "plimsoll:dev",
            imagePullPolicy: "IfNotPresent",
            command: [
              "k6",
              "run",
              "--no-usage-report",
              "--no-color",
              "--summary-mode",
              "compact",
              "--out",
              "experimental-prometheus-rw",
              "--features",
              "native-histograms,merge-run-tags",
              "--tag",
              `testid=${testid}`,
              "/plimsoll/bundles/load.js",
            ],
            env: [
              { name: "PLIMSOLL_TARGET", value: "http://storage-api:5000" },
              { name: "PLIMSOLL_RATE", value: String(ratePerSecond) },
              { name: "PLIMSOLL_DURATION", value: `${loadSeconds}s` },
              { name: "K6_PROMETHEUS_RW_SERVER_URL", value: "http://prometheus.monitoring:9090/api/v1/write" },
              { name: "K6_PROMETHEUS_RW_PUSH_INTERVAL", value: "1s" },
            ],
            resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { memory: "512Mi" } },
            securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
          },
        ],
      },
    },
  },
};

const served = 'sum(last_over_time(http_request_duration_seconds_count{job="storage-api", route=~"/api/.*"}[1h]))';
const total = async (promql: string): Promise<number> => (await query(kubectl, promql))[0]?.value ?? Number.NaN;

describe("a rolling restart under load", () => {
  let before = Number.NaN;
  let summary = "";

  beforeAll(async () => {
    await kubectl("--namespace", "plimsoll", "delete", "job", "rollout-load", "--ignore-not-found", "--wait");
    const scraped = await until(
      () => total('count(up{job="storage-api"} == 1)'),
      (pods) => pods === 2,
      60,
    );
    if (scraped !== 2) throw new Error(`both pods must be scraped before the load begins; ${scraped} are`);
    before = await total(served);
    const applied = await applyOf(context)(job, "--validate=strict");
    if (applied.stdout === "") throw new Error(applied.output);
    await kubectl("--namespace", "plimsoll", "wait", "--for=jsonpath={.status.ready}=1", "job/rollout-load", "--timeout=60s");
    // Past the seeding and the warm-up, so that the load is at its full rate.
    await sleep(15_000);
    await kubectl("--namespace", "plimsoll", "rollout", "restart", "deployment/storage-api");
    await kubectl("--namespace", "plimsoll", "rollout", "status", "deployment/storage-api", "--timeout=90s");
    await kubectl("--namespace", "plimsoll", "wait", "--for=condition=complete", "job/rollout-load", "--timeout=150s");
    summary = await kubectl("--namespace", "plimsoll", "logs", "job/rollout-load");
  });

  test("loses no request, and every one is counted once by k6, by Prometheus and by the pods, old and new", async () => {
    const [, failed, of] = /http_req_failed\.*: [\d.]+% +(\d+) out of (\d+)/.exec(summary) ?? [];
    const requests = Number(of);
    expect(requests).toBeGreaterThan(ratePerSecond * loadSeconds * 0.8);
    expect(Number(failed), summary.slice(-3_000)).toBe(0);
    expect(/dropped_iterations\.*: (\d+)/.exec(summary)?.[1] ?? "0").toBe("0");

    const written = await total(`sum(last_over_time(k6_http_reqs_total{testid="${testid}"}[10m]))`);
    expect(written).toBe(requests);
    const counted = await until(
      async () => (await total(served)) - before,
      (count) => count === requests,
      20,
    );
    expect(counted).toBe(requests);
  });

  test("k6's durations are in Prometheus as native histograms", async () => {
    const observed = await total(`sum(histogram_count(last_over_time(k6_http_req_duration_seconds{testid="${testid}"}[10m])))`);
    expect(observed).toBe(await total(`sum(last_over_time(k6_http_reqs_total{testid="${testid}"}[10m]))`));
  });
});
