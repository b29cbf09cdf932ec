import { fileURLToPath } from "node:url";
import { expect, inject, test } from "vitest";
import { endingText, runProcess } from "../../slo/host/process.ts";
import { drills } from "./drills.ts";

const { context } = inject("cluster");
const folder = fileURLToPath(new URL("../..", import.meta.url));

async function npm(script: string, ...words: string[]): Promise<string> {
  const command = { command: "npm", args: ["run", "--silent", script, "--", ...words], limitSeconds: 1_500, folder };
  const { ending, output } = await runProcess(command);
  process.stderr.write(`${output}\n`);
  return endingText(command, ending);
}

test("the whole lab comes up", async () => {
  // Of the profile that the setup made, or of the cluster that was given; images are there already in the latter.
  const where = process.env["KUBERNETES_CONTEXT"] ? ["--context", context] : ["--profile", context];
  expect(await npm("minikube", "--with", "all", ...where)).toBe("npm ended with 0");
});

test.each(["calm", ...Object.keys(drills)].flatMap((name) => [1, 2, 3].map((time): [string, number] => [name, time])))(
  "the drill %s ends as it should, time %i",
  async (name) => expect(await npm("lab", "drill", name, "--context", context)).toBe("npm ended with 0"),
);
