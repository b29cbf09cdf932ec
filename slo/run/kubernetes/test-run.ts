import { z } from "zod";
import { kubectl, placeOf, type Cluster, type Failed } from "./kubectl.ts";

const testRunSchema = z.object({
  metadata: z.object({ creationTimestamp: z.string() }),
  spec: z.object({
    parallelism: z.number(),
    arguments: z.string().default(""),
    runner: z.object({ env: z.array(z.object({ name: z.string(), value: z.string().optional() })).default([]) }).default({ env: [] }),
  }),
  status: z.object({ stage: z.string().optional() }).optional(),
});
const ended = z.object({ exitCode: z.number(), reason: z.string().default("ended"), startedAt: z.string(), finishedAt: z.string() });
const podList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()) }),
      status: z.object({
        containerStatuses: z.array(z.object({ name: z.string(), state: z.object({ terminated: ended.optional() }) })).default([]),
      }),
    }),
  ),
});

const secondsOf = (time: string): number => Date.parse(time) / 1000;

/** One k6 of a TestRun: how it ended, and all that it said; undefined where that is not known. */
export type Runner = Awaited<ReturnType<typeof readRunner>>;

async function readRunner(cluster: Cluster, { metadata, status }: z.infer<typeof podList>["items"][number]) {
  const log = await kubectl([...placeOf(cluster), "logs", metadata.name, "--container", "k6"], { limitSeconds: 60 });
  const end = status.containerStatuses.find(({ name }) => name === "k6")?.state.terminated;
  return {
    name: metadata.name,
    /** By the operator, from 1; it is the label instance_id. */
    index: Number(/-(\d+)$/.exec(metadata.labels["batch.kubernetes.io/job-name"] ?? "")?.[1]),
    end: end && { ...end, startedAtSeconds: secondsOf(end.startedAt), finishedAtSeconds: secondsOf(end.finishedAt) },
    log: log.kind === "answer" ? log.text : undefined,
  };
}

export type TestRun = Exclude<Awaited<ReturnType<typeof readTestRun>>, Failed>;

export async function readTestRun(cluster: Cluster, name: string) {
  const got = await kubectl([...placeOf(cluster), "get", "testruns.k6.io", name, "-o", "json"]);
  if (got.kind === "failed") return got;
  const { metadata, spec, status } = testRunSchema.parse(JSON.parse(got.text));
  const listed = await kubectl([...placeOf(cluster), "get", "pods", "-l", `k6_cr=${name},runner=true`, "-o", "json"]);
  if (listed.kind === "failed") return listed;
  const pods = podList.parse(JSON.parse(listed.text)).items;
  return {
    kind: "testRun" as const,
    name,
    cluster,
    createdAtSeconds: secondsOf(metadata.creationTimestamp),
    stage: status?.stage ?? "unknown",
    parallelism: spec.parallelism,
    testid: /(?:^|\s)--tag[ =]testid=(\S+)/.exec(spec.arguments)?.[1],
    environment: Object.fromEntries(spec.runner.env.map(({ name: key, value = "" }) => [key, value])),
    runners: await Promise.all(pods.map((pod) => readRunner(cluster, pod))),
  };
}
