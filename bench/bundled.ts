import { join } from "node:path";
import { bundleScenario } from "../slo/run/bundle/bundle.ts";
import type { Bench } from "./figure.ts";

/** Bundles a scenario of ours as `load` does; gives the file for k6. */
export async function bundled({ project, folder }: Bench, scenario: string): Promise<string> {
  const made = await bundleScenario({ entry: join(project, "scenarios", `${scenario}.ts`), outfile: join(folder, `${scenario}.js`) });
  if (made.kind === "problems") throw new Error(made.problems.map(({ message }) => message).join("\n"));
  return made.file;
}
