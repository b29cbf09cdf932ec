import { expect, test } from "vitest";
import { stuckPods } from "./step.ts";

test.each<[string, string, string[]]>([
  ["a pod whose image cannot be had is stuck", "ImagePullBackOff", ["ImagePullBackOff"]],
  ["one whose image is not looked for either", "ErrImageNeverPull", ["ErrImageNeverPull"]],
  ["one that ends again and again", "CrashLoopBackOff", ["CrashLoopBackOff"]],
  ["one that is given a setting that is not there", "CreateContainerConfigError", ["CreateContainerConfigError"]],
  ["one that no node takes", "Pending", ["Pending"]],
  ["one whose container is made is not", "ContainerCreating", []],
  ["one that runs is not", "Running", []],
])("%s", (_sentence, status, stuck) => {
  const found = stuckPods(`n   p   0/1   ${status}   3 (5s ago)   9s\n`);
  expect(found).toEqual(stuck.map((status) => ({ namespace: "n", pod: "p", status })));
});

test("no pods at all are not stuck", () => {
  expect(stuckPods("")).toEqual([]);
});
