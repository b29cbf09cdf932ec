import { expect, test } from "vitest";
import { fenceBroken } from "./fence.ts";

const allowed: [string, string, string, boolean][] = [
  ["a scenario uses k6", "scenarios/smoke.ts", "k6/http", false],
  ["a scenario uses its own lib", "scenarios/smoke.ts", "./lib/storage.ts", false],
  ["a scenario knows the target's types", "scenarios/lib/client.ts", "../../target/api/contract.ts", true],
  ["the spec reads YAML with zod", "slo/spec/load.ts", "yaml", false],
  ["a package's subpath counts as the package", "slo/spec/load.ts", "zod/v4", false],
  ["the names file shares the target's names", "slo/spec/names.ts", "../../target/api/names.ts", false],
  ["compile uses spec", "slo/compile/run.ts", "../spec/names.ts", false],
  ["run knows the spec's types", "slo/run/plan.ts", "../spec/spec.ts", true],
  ["a file deep in run uses run", "slo/run/tools/resolve.ts", "../child.ts", false],
  ["collect knows compile's types", "slo/collect/read.ts", "../compile/run.ts", true],
  ["judge uses spec", "slo/judge/judge.ts", "../spec/spec.ts", false],
  ["judge knows collect's types", "slo/judge/judge.ts", "../collect/measurement.ts", true],
  ["history uses SQLite", "slo/history/history.ts", "node:sqlite", false],
  ["the cli uses every room of slo", "slo/cli/check.ts", "../judge/judge.ts", false],
  ["a pure room's test may read files", "slo/judge/judge.test.ts", "node:fs", false],
  ["a test uses the tests' own helpers", "slo/run/k6.live.test.ts", "../../build/testing/live.ts", false],
  ["a test uses a fixture", "slo/run/tools/resolve.test.ts", "./release.fixture.ts", false],
  ["a build step uses what it generates from", "build/generate.ts", "../slo/report/schema.ts", false],
];
test.each(allowed)("%s", (_sentence, file, specifier, typeOnly) => {
  expect(fenceBroken({ file, specifier, typeOnly })).toBeUndefined();
});

const forbidden: [string, string, string, boolean, string][] = [
  ["a scenario with zod", "scenarios/smoke.ts", "zod", false, "may not import the package zod"],
  ["a scenario with Node's modules", "scenarios/lib/json.ts", "node:fs", false, "may not import Node's modules"],
  ["a package that only begins like k6", "scenarios/smoke.ts", "k6-utils", false, "may not import the package k6-utils"],
  ["a scenario with the target's code", "scenarios/smoke.ts", "../target/api/contract.ts", false, "only types of target/api/contract.ts"],
  ["a scenario with the target's inside", "scenarios/smoke.ts", "../target/store/memory.ts", true, "may not import target/store"],
  ["a scenario with slo, even as a type", "scenarios/smoke.ts", "../slo/spec/spec.ts", true, "may not import slo/spec"],
  ["the spec with files", "slo/spec/load.ts", "node:fs", false, "may not import Node's modules"],
  ["the spec with a bare built-in", "slo/spec/load.ts", "fs", false, "may not import Node's modules"],
  ["the spec with another room's type", "slo/spec/load.ts", "../judge/verdict.ts", true, "may not import slo/judge"],
  ["a spec file other than names with the target", "slo/spec/load.ts", "../../target/api/names.ts", false, "may not import target"],
  ["names with more of the target", "slo/spec/names.ts", "../../target/api/contract.ts", false, "may not import target/api/contract.ts"],
  ["compile with run", "slo/compile/run.ts", "../run/plan.ts", true, "may not import slo/run"],
  ["compile with collect", "slo/compile/run.ts", "../collect/prometheus.ts", false, "may not import slo/collect"],
  ["run with collect", "slo/run/k6.ts", "../collect/prometheus.ts", true, "may not import slo/collect"],
  ["run with judge, from a deep folder", "slo/run/tools/resolve.ts", "../../judge/judge.ts", false, "may not import slo/judge"],
  ["run with the spec's code", "slo/run/plan.ts", "../spec/load.ts", false, "only types of slo/spec/load.ts"],
  ["collect with judge", "slo/collect/read.ts", "../judge/verdict.ts", true, "may not import slo/judge"],
  ["judge with the clock's neighbours", "slo/judge/judge.ts", "node:perf_hooks", false, "may not import Node's modules"],
  ["judge with collect's code", "slo/judge/judge.ts", "../collect/read.ts", false, "only types of slo/collect"],
  ["report with files", "slo/report/html.ts", "node:fs/promises", false, "may not import Node's modules"],
  ["history with run", "slo/history/history.ts", "../run/record.ts", true, "may not import slo/run"],
  ["the cli with the target", "slo/load/local.ts", "../../target/app.ts", false, "may not import target"],
  ["the target with slo", "target/app.ts", "../slo/spec/names.ts", false, "may not import slo"],
  ["anyone with build", "slo/load/local.ts", "../../build/generate.ts", false, "may not import build"],
  ["code with the tests' helpers", "slo/load/local.ts", "../../build/testing/live.ts", false, "may not import build"],
  ["anyone with bench", "slo/load/local.ts", "../../bench/main.ts", false, "may not import bench"],
  ["a test with another room", "slo/run/k6.test.ts", "../judge/judge.ts", false, "may not import slo/judge"],
  ["code with a fixture", "slo/run/tools/resolve.ts", "./release.fixture.ts", false, "is for tests"],
  ["code with a test", "slo/run/tools/resolve.ts", "./resolve.test.ts", false, "is for tests"],
  ["a detour through a folder", "slo/judge/judge.ts", "../judge/../run/k6.ts", false, "may not import slo/run"],
  ["a path out of the project", "slo/load/local.ts", "../../../elsewhere.ts", false, "leaves the project"],
  ["a path of this machine", "slo/load/local.ts", "/etc/passwd.ts", false, "a path of this machine"],
  ["a reach into node_modules", "slo/judge/judge.ts", "../../node_modules/zod/index.js", false, "import it by name"],
  ["a file in no room", "elsewhere/file.ts", "zod", false, "is in no room"],
];
test.each(forbidden)("refuses %s", (_sentence, file, specifier, typeOnly, reason) => {
  expect(fenceBroken({ file, specifier, typeOnly })).toContain(reason);
});
