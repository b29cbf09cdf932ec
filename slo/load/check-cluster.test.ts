import { expect, test } from "vitest";
import { busySentence } from "../run/kubernetes/job.ts";

const cluster = { context: "lab", namespace: "plimsoll" };
const remedy = "kubectl --context lab --namespace plimsoll delete job load-x";

test.each<[string, boolean, string]>([
  ["a run that loads", false, `the run x is loading from plimsoll now; wait for it, or stop it: ${remedy}`],
  [
    "a run that is suspended loads nothing, and may never",
    true,
    `the run x is about to load from plimsoll, or was left behind before it began; wait for it, or remove it: ${remedy}`,
  ],
])("%s", (_, isSuspended, sentence) => {
  expect(busySentence({ testid: "x", name: "load-x", isSuspended }, cluster)).toBe(sentence);
});
