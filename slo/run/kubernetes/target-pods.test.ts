import { expect, test } from "vitest";
import { readTargetPods } from "./target-pods.ts";

const running = (startedAt: string) => ({ name: "api", state: { running: { startedAt } } });
const status = { podIP: "10.244.0.7", containerStatuses: [running("2026-11-27T01:00:00Z"), running("2026-11-27T01:00:05Z")] };

test.each([
  ["runs, since its youngest container does", { name: "a" }, status, [{ name: "a", ip: "10.244.0.7", startedSeconds: 1_795_741_205 }]],
  ["has no address yet is none", { name: "a" }, { containerStatuses: [] }, []],
  ["waits for its image is none", { name: "a" }, { podIP: "10.244.0.7", containerStatuses: [{ state: { waiting: {} } }] }, []],
  ["is being taken away is none", { name: "a", deletionTimestamp: "2026-11-27T01:00:09Z" }, status, []],
])("a pod of the target that %s", (_sentence, metadata, podStatus, expected) => {
  expect(readTargetPods(JSON.stringify({ items: [{ metadata, status: podStatus }] }))).toEqual(expected);
});
