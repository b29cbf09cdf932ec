import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { build } from "esbuild";
import { countsAgree, ask, context, inNamespace, project, shown, undo, undoAll } from "../cli/cluster.fixture.ts";
import { easySpec, reportIn, run, workingFolder, undisturbed } from "../cli/cli.fixture.ts";
import { runProcess } from "../host/process.ts";

const images = ["controller-v1.5.0", "starter-v1.5.0"].map((tag) => `ghcr.io/grafana/k6-operator:${tag}`);
const folder = mkdtempSync(join(tmpdir(), "plimsoll-operator-"));

async function must(command: string, args: string[], input?: string): Promise<string> {
  const ran = await runProcess({ command, args, limitSeconds: 240, folder: project, ...(input === undefined ? {} : { input }) });
  if (ran.ending.kind === "exited" && ran.ending.code === 0) return ran.stdout;
  throw new Error(`${command} ${args.join(" ")}: ${ran.output.slice(-1000)}`);
}

/** Brings the operator's images into the cluster where Docker has its controller; its starter is sh with curl. Elsewhere the cluster pulls both. */
async function bringOperator(): Promise<void> {
  const here = await runProcess({ command: "docker", args: ["image", "inspect", images[0] ?? ""], limitSeconds: 20 });
  if (here.ending.kind !== "exited" || here.ending.code !== 0) return;
  const starter =
    "FROM debian:bookworm-slim\nRUN apt-get update -qq && apt-get install -qqy --no-install-recommends curl && rm -rf /var/lib/apt/lists/*\n";
  await must("docker", ["build", "--quiet", "--tag", images[1] ?? "", "-"], starter);
  for (const image of images) await must("minikube", ["--profile", context, "image", "load", image]);
}

beforeAll(async () => {
  const downloaded = await must("go", ["mod", "download", "-json", "github.com/grafana/k6-operator@v1.5.0"]);
  const bundle = join((JSON.parse(downloaded) as { Dir: string }).Dir, "bundle.yaml");
  await bringOperator();
  await ask("apply", "--server-side", "-f", bundle);
  undo.push(() => ask("delete", "--ignore-not-found", "--wait", "-f", bundle));
  await ask("--namespace", "k6-operator-system", "rollout", "status", "deployment/k6-operator-controller-manager", "--timeout=90s");
}, 240_000);
afterAll(undoAll, 120_000);

test("a TestRun of four runners has one verdict with exact counts, and none once a runner cannot be asked", async () => {
  const overlay = join(project, "deploy/kubernetes/overlays/k6-operator");
  await build({
    entryPoints: ["scenarios/smoke.ts"],
    outdir: folder,
    bundle: true,
    format: "esm",
    platform: "neutral",
    target: "es2022",
    external: ["k6", "k6/*"],
  });
  await inNamespace("create", "configmap", "smoke-script", `--from-file=${join(folder, "smoke.js")}`);
  undo.push(() => inNamespace("delete", "configmap", "smoke-script"));
  undo.push(() => ask("delete", "--ignore-not-found", "-k", overlay));
  const rendered = (await ask("kustomize", overlay)).replace('"0.25"', '"0.5"');
  let testid = "";
  const apply = async (): Promise<void> => {
    testid = `operator-${Date.now()}`;
    writeFileSync(join(folder, "objects.yaml"), rendered.replace("testid=smoke-testrun", `testid=${testid}`));
    await ask("delete", "--ignore-not-found", "--wait", "-f", join(folder, "objects.yaml"));
    await ask("apply", "-f", join(folder, "objects.yaml"));
  };
  await apply();
  const gate = ["gate", "--testrun", "smoke", "--scenario", "smoke", "--spec", easySpec(folder), "--context", context];
  const early = await run(gate, { folder: workingFolder() });
  expect([early.exitCode, early.stderr]).toEqual([3, expect.stringMatching(/TestRun smoke is at its stage \w+; ask again/)]);
  let isFirst = true;
  const load = async () => {
    if (!isFirst) await apply();
    isFirst = false;
    await inNamespace("wait", "--for=jsonpath={.status.stage}=finished", "testrun/smoke", "--timeout=150s");
    return run(gate, { folder: workingFolder() });
  };
  const ended = await undisturbed(load, shown);
  expect(ended.exitCode, shown(ended)).toBe(0);
  countsAgree(ended.folder);
  const report = reportIn(ended.folder);
  expect(report.testid).toBe(testid);
  expect([report.reconciliation.lostBetween, report.reconciliation.agrees], report.reconciliation.explanation).toEqual([0, true]);
  expect(Math.abs(report.load.startedIterations - (report.load.offeredIterations ?? 0))).toBeLessThanOrEqual(4);

  const [first = ""] = (await inNamespace("get", "pods", "-l", "k6_cr=smoke,runner=true", "-o", "name")).split("\n");
  await inNamespace("delete", first, "--wait");
  const without = await run(gate, { folder: workingFolder() });
  expect(without.exitCode, shown(without)).toBe(3);
  expect(without.stdout.replace(/\s+/g, " ")).toMatch(/pod 1 of 4 was lost \(its pod is gone\)/);
});
