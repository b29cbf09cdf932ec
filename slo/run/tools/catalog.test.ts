import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pins, platformName, releaseOf } from "./catalog.ts";

// Prometheus 3.14.0 is the module version v0.314.0.
const [major = "", minor = "", patch = ""] = pins.prometheus.version.split(".");
const modules: ["k6" | "prometheus" | "helm" | "kind", string][] = [
  ["k6", `go.k6.io/k6/v2 v${pins.k6.version}`],
  ["prometheus", `github.com/prometheus/prometheus v0.${major}${minor.padStart(2, "0")}.${patch}`],
  ["kind", `sigs.k8s.io/kind v${pins.kind.version}`],
  ["helm", `helm.sh/helm/v4 v${pins.helm.version}`],
];
test.each(modules)("%s has the same version here as in its pinned Go module", async (tool, line) => {
  expect(await readFile(join(pins[tool].recipe.moduleFolder, "go.mod"), "utf8")).toContain(line);
});

const platforms: [NodeJS.Platform, string, string | undefined][] = [
  ["linux", "x64", "linux-amd64"],
  ["darwin", "arm64", "darwin-arm64"],
  ["win32", "x64", undefined],
  ["linux", "riscv64", undefined],
];
test.each(platforms)("%s %s is %s", (os, arch, name) => {
  expect(platformName({ os, arch })).toBe(name);
});

test("the archives have the names that their projects give them", () => {
  expect(releaseOf(pins.prometheus, "darwin-arm64")).toMatchObject({
    archive: "/prometheus/prometheus/releases/download/v3.14.0/prometheus-3.14.0.darwin-arm64.tar.gz",
  });
  expect(releaseOf(pins.k6, "linux-arm64")).toMatchObject({
    archive: "/grafana/k6/releases/download/v2.2.0/k6-v2.2.0-linux-arm64.tar.gz",
  });
});
