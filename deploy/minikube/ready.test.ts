import { describe, expect, test } from "vitest";
import { readTroubles, readWorkloads } from "./ready.ts";

function deployment(status: object, replicas = 2, generation = 1): string {
  return JSON.stringify({
    items: [{ kind: "Deployment", metadata: { namespace: "n", name: "d", generation }, spec: { replicas }, status }],
  });
}

const full = { observedGeneration: 1, replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 };

describe("a deployment is ready", () => {
  test.each<[string, object, number]>([
    ["with all of its pods available", full, 2],
    ["by no pod before it has a status", {}, 0],
    ["by no pod while the controller has not seen the newest manifest", { ...full, observedGeneration: 0 }, 0],
    ["by the pods of the newest version only", { ...full, replicas: 3, updatedReplicas: 1, availableReplicas: 3 }, 1],
    ["by none of them while only former ones serve", { ...full, replicas: 3, updatedReplicas: 2, availableReplicas: 1 }, 0],
    ["never by more than it wants", { ...full, replicas: 4, updatedReplicas: 4, availableReplicas: 4 }, 2],
  ])("%s", (_sentence, status, ready) => {
    expect(readWorkloads(deployment(status))).toEqual([{ namespace: "n", name: "d", wanted: 2, ready }]);
  });
});

function pod(status: object): string {
  return JSON.stringify({ items: [{ metadata: { namespace: "n", name: "p" }, status }] });
}
const waiting = (reason: string, message = "why"): string => pod({ containerStatuses: [{ state: { waiting: { reason, message } } }] });
const scheduled = (status: string, reason?: string): string =>
  pod({ conditions: [{ type: "PodScheduled", status, reason, message: "why" }] });

describe("a pod is in trouble", () => {
  test.each<[string, string, string[]]>([
    ["when its image cannot be had", waiting("ImagePullBackOff"), ["ImagePullBackOff"]],
    ["when it ends again and again", waiting("CrashLoopBackOff"), ["CrashLoopBackOff"]],
    ["when no node takes it", scheduled("False", "Unschedulable"), ["Unschedulable"]],
    ["not while its container is made", waiting("ContainerCreating"), []],
    ["not once it has a node", scheduled("True"), []],
    ["not before it has a status", pod({}), []],
  ])("%s", (_sentence, json, reasons) => {
    expect(readTroubles(json).map(({ reason }) => reason)).toEqual(reasons);
  });
});
