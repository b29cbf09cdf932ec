import { expect, test } from "vitest";
import { readPods, type PodState } from "./pods.ts";

const labels = { "batch.kubernetes.io/job-completion-index": "2" };
const listOf = (status: object): string => JSON.stringify({ items: [{ metadata: { name: "load-x-2-abcde", labels }, status }] });
const container = (state: object): object => ({ phase: "Running", containerStatuses: [{ name: "load", state }] });

test.each<[string, object, Partial<PodState>]>([
  [
    "a pod whose image is on its way waits without trouble",
    container({ waiting: { reason: "ContainerCreating" } }),
    { phase: "waiting", trouble: undefined },
  ],
  [
    "a pod without an image tells it in the cluster's words",
    container({ waiting: { reason: "ErrImagePull", message: "not found" } }),
    { phase: "waiting", trouble: "ErrImagePull: not found" },
  ],
  [
    "a pod whose container could not begin at all tells what could not be run",
    container({ terminated: { exitCode: 128, reason: "StartError", message: 'exec: "/bin/none": no such file' } }),
    { phase: "waiting", trouble: 'StartError: exec: "/bin/none": no such file', ending: undefined },
  ],
  [
    "a pod that no node takes tells the scheduler's words",
    { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: "0/3 nodes" }] },
    { phase: "waiting", trouble: "Unschedulable: 0/3 nodes" },
  ],
  [
    "a running pod runs",
    container({ running: { startedAt: "2026-11-21T08:00:00Z" } }),
    { phase: "running", trouble: undefined, ending: undefined },
  ],
  [
    "a pod that was killed tells its exit code",
    container({ terminated: { exitCode: 137, reason: "OOMKilled" } }),
    { phase: "ended", ending: { exitCode: 137, reason: "OOMKilled" } },
  ],
  [
    "an evicted pod, of whose container nothing is known, tells why it had to go",
    { phase: "Failed", reason: "Evicted", message: "the node was low on memory" },
    { phase: "ended", ending: { exitCode: null, reason: "Evicted: the node was low on memory" } },
  ],
  ["a pod of which nothing is known yet waits", {}, { phase: "waiting", trouble: undefined, ending: undefined }],
])("%s", (_, status, expected) => {
  expect(readPods(listOf(status))).toEqual([expect.objectContaining({ name: "load-x-2-abcde", index: 2, ...expected })]);
});
