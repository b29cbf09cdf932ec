import { expect, test } from "vitest";
import type { ToolName } from "./catalog.ts";
import { versionIn, versionServes } from "./version.ts";

const serving: [string, string, string, boolean][] = [
  ["the pinned version serves", "2.2.0", "2.2.0", true],
  ["a later patch serves", "2.2.7", "2.2.0", true],
  ["a later minor serves, compared as a number", "2.10.0", "2.9.0", true],
  ["a minor below the pinned one does not, whatever its patch", "2.1.99", "2.2.0", false],
  ["the next major does not", "3.0.0", "2.2.0", false],
  ["the major before does not", "1.9.0", "2.2.0", false],
  ["a pre-release of the pinned version does not", "2.2.0-rc1", "2.2.0", false],
  ["a pre-release of a later one does", "2.3.0-rc1", "2.2.0", true],
  ["what is no version does not", "devel", "2.2.0", false],
];
test.each(serving)("%s", (_sentence, version, pinned, serves) => {
  expect(versionServes(version, pinned)).toBe(serves);
});

const outputs: [string, ToolName, string, string | undefined][] = [
  ["k6 as built here", "k6", "k6 v2.2.0 (go1.26.8, linux/amd64)\n", "2.2.0"],
  ["k6 as released", "k6", "k6 v2.2.0 (commit/0123abc, go1.26.8, linux/amd64)\n", "2.2.0"],
  ["k6 under another name", "k6", "k6-mine v2.3.1 (go1.26.8, linux/amd64)\nExtensions:\n", "2.3.1"],
  ["Prometheus", "prometheus", "prometheus, version 3.14.0 (branch: HEAD, revision: abc)\n  go version: go1.26.8\n", "3.14.0"],
  ["a pre-release", "prometheus", "prometheus, version 3.15.0-rc.1 (branch: HEAD, revision: abc)\n", "3.15.0-rc.1"],
  ["Prometheus built without its version", "prometheus", "prometheus, version  (branch: , revision: unknown)\n", undefined],
  ["promtool is not Prometheus", "prometheus", "promtool, version 3.14.0 (branch: , revision: unknown)\n", undefined],
  ["Helm", "helm", "v4.3.1\n", "4.3.1"],
  ["Helm as released", "helm", "v4.3.2+g0123abc\n", "4.3.2"],
  ["kind", "kind", "kind version 0.33.0\n", "0.33.0"],
  ["another program", "k6", "hello 1.2.3\n", undefined],
  ["nothing", "promtool", "", undefined],
];
test.each(outputs)("reads the version of: %s", (_sentence, tool, output, version) => {
  expect(versionIn(output, tool)).toBe(version);
});
