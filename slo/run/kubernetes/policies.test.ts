import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { emptyFolder } from "../relay/destination.fixture.ts";
import { policySentence } from "./policies.ts";

afterEach(() => void vi.unstubAllEnvs());

const policy = (name: string, matchLabels: object | undefined, ...policyTypes: string[]) => ({
  metadata: { name },
  spec: { podSelector: matchLabels === undefined ? {} : { matchLabels }, ...(policyTypes.length === 0 ? {} : { policyTypes }) },
});
const ofLoad = [
  policy("default-deny", undefined, "Ingress", "Egress"),
  policy("load", { "app.kubernetes.io/component": "load" }, "Egress"),
  policy("others", { "app.kubernetes.io/name": "storage-api" }, "Egress"),
  policy("incoming", undefined),
];
const ofShop = [policy("front", { app: "front" }), policy("leaving", undefined, "Egress")];

/** Answers as kubectl would that finds these policies in the namespaces plimsoll and shop; undefined: it may not look. */
function cluster(plimsoll: object[] | undefined, shop: object[] | undefined): { context: string; namespace: string } {
  const folder = emptyFolder();
  const answer = (items: object[] | undefined): string => (items ? `echo '${JSON.stringify({ items })}'` : "echo forbidden >&2; exit 1");
  const script = `#!/bin/sh\ncase "$4" in plimsoll) ${answer(plimsoll)} ;; shop) ${answer(shop)} ;; *) exit 1 ;; esac\n`;
  writeFileSync(join(folder, "kubectl"), script);
  chmodSync(join(folder, "kubectl"), 0o755);
  vi.stubEnv("PATH", `${folder}:${process.env["PATH"]}`);
  return { context: "lab", namespace: "plimsoll" };
}

const out = "out of plimsoll load pods may go only where default-deny or load lets them";
const into = "into shop only what front lets in";
test.each<[string, object[] | undefined, object[] | undefined, string, string]>([
  ["those of both namespaces are named", ofLoad, ofShop, "http://front.shop:80", `NetworkPolicies may stand in the way: ${out}, ${into}`],
  ["another address is in no namespace", ofLoad, ofShop, "https://shop.example", `NetworkPolicies may stand in the way: ${out}`],
  [
    "of a namespace that may not be looked at none is",
    undefined,
    ofShop,
    "http://front.shop",
    `NetworkPolicies may stand in the way: ${into}`,
  ],
  ["where there are none nothing is said", [], [], "http://front.shop", ""],
  ["where nobody may look nothing is said", undefined, undefined, "http://front.shop", ""],
])("of policies in the way of a target %s", async (_sentence, plimsoll, shop, target, expected) => {
  expect((await policySentence(cluster(plimsoll, shop), target)).trim()).toBe(expected);
});
