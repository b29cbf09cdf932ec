import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { packageFolders } from "../deploy/images/sbom.ts";
import { endingText, runProcess } from "../slo/host/process.ts";
import { listScenarios } from "../slo/run/bundle/scenarios.ts";

// Compiles the npm package into dist/package, which mirrors the project. Types are not checked: `npm run check` does.

const root = fileURLToPath(new URL("..", import.meta.url));
const out = join(root, "dist/package");

const copied = [
  "build/tools/k6",
  "build/tools/prometheus",
  "deploy/ci/gate.sh",
  "slo/host/reaper.sh",
  "slo/init/ci",
  "slo/init/first",
  "slo/objectives",
  "slo/run/bundle/k6",
  "slo/run/kubernetes/job.yaml",
  "slo/spec/schema.json",
  "slo/report/html/page.js",
  "slo/report/html/page.css",
];

async function compile(project: string): Promise<void> {
  const args = [join(root, "node_modules/typescript/bin/tsc"), "-p", join(root, "build", project)];
  const command = { command: process.execPath, args, folder: root, limitSeconds: 300 };
  const { ending, output } = await runProcess(command);
  if (ending.kind !== "exited" || ending.code !== 0) throw new Error(`${endingText(command, ending)}: ${output}`);
}

const bundled = { absWorkingDir: root, bundle: true, format: "esm", logLevel: "warning" } as const;

async function bundleScenarios(): Promise<void> {
  const names = [...listScenarios(join(root, "scenarios")), "lib/k6"]; // the last is what users' scripts import as plimsoll/k6
  await build({
    ...bundled,
    entryPoints: names.map((name) => join(root, "scenarios", `${name}.ts`)),
    outbase: join(root, "scenarios"),
    outdir: join(out, "scenarios"),
    platform: "neutral",
    target: "es2022",
    charset: "utf8",
    external: ["k6", "k6/*"],
  });
}

/** Bundles the storage API, and the licences of what is in it; MongoDB's driver, of use in a lab only, stays outside and is asked for when it is switched on. */
async function bundleTarget(): Promise<void> {
  const { metafile } = await build({
    ...bundled,
    entryPoints: [join(root, "target/server.ts")],
    outdir: join(out, "target"),
    splitting: true,
    external: ["mongodb"],
    platform: "node",
    target: "node24",
    minifySyntax: true,
    minifyWhitespace: true,
    metafile: true,
    // fastify-metrics looks for its client by a name made at run time, which no bundler sees.
    alias: { "@prometheus-io/client": "@platformatic/prom-client" },
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
  });
  const licences = packageFolders(Object.keys(metafile.inputs)).flatMap((folder) =>
    globSync(`${folder}/LICEN[CS]E*`, { cwd: root }).map((file) => `${folder}\n\n${readFileSync(join(root, file), "utf8")}`),
  );
  writeFileSync(join(out, "target/LICENSES.txt"), licences.join("\n----\n\n"));
}

rmSync(out, { recursive: true, force: true });
await Promise.all([compile("tsconfig.package.json"), compile("tsconfig.types.json"), bundleScenarios(), bundleTarget()]);
for (const path of copied) cpSync(join(root, path), join(out, path), { recursive: true });
