import { copyFile, mkdir } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { bundleScenario } from "../slo/run/bundle/bundle.ts";
import { listScenarios } from "../slo/run/bundle/scenarios.ts";

/** Every scenario as one file for k6, or what is wrong with one of them. */
export type Bundles = { kind: "bundles"; files: string[] } | { kind: "problems"; messages: string[] };

/** Writes `<name>.js` to `folder` for every scenario, for a machine that has k6 and neither a bundler nor a compiler. Types are not checked: `npm run check` does. */
export async function writeBundles(scenarios: string, folder: string): Promise<Bundles> {
  const messages: string[] = [];
  const files: string[] = [];
  await mkdir(folder, { recursive: true });
  for (const name of listScenarios(scenarios)) {
    const entry = join(scenarios, `${name}.ts`);
    const outfile = join(folder, `${name}.js`);
    const bundled = await bundleScenario({ entry, outfile });
    if (bundled.kind === "problems") {
      messages.push(...bundled.problems.map(({ file, line, column, message }) => `${relative(".", file)}:${line}:${column} ${message}`));
    } else if (bundled.inPlace && bundled.inputs.length > 1) {
      messages.push(`${relative(".", entry)} runs only in its place, so it cannot be one file`);
    } else {
      if (bundled.inPlace) await copyFile(entry, outfile);
      files.push(outfile);
    }
  }
  return messages.length > 0 ? { kind: "problems", messages } : { kind: "bundles", files };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const written = await writeBundles(fileURLToPath(new URL("../scenarios/", import.meta.url)), process.argv[2] ?? "dist/bundles");
  if (written.kind === "bundles") process.stdout.write(written.files.map((file) => `${file}\n`).join(""));
  else process.stderr.write(written.messages.map((message) => `${message}\n`).join(""));
  process.exitCode = written.kind === "bundles" ? 0 : 1;
}
