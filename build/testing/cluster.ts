import { fileURLToPath } from "node:url";
import type { TestProject } from "vitest/node";
import { endingText, runProcess } from "../../slo/host/process.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The cluster that the tests may fill and empty, and how long its lab took from applied to ready, where the tests brought it up. */
    cluster: { context: string; readySeconds: number | undefined };
  }
}

const project = fileURLToPath(new URL("../..", import.meta.url));
/** A profile of the tests' own, so that nobody's lab is touched. */
const profile = "plimsoll-test";

async function lab(...words: string[]): Promise<string> {
  const command = {
    command: "sh",
    args: ["deploy/minikube/minikube.sh", ...words, "--profile", profile],
    limitSeconds: 1_800,
    folder: project,
  };
  const { ending, output } = await runProcess(command);
  const said = output
    .trim()
    .split("\n")
    .slice(-15)
    .map((line) => `cluster: ${line}\n`)
    .join("");
  if (ending.kind !== "exited" || ending.code !== 0)
    throw new Error(`npm run minikube ${words.join(" ")}: ${endingText(command, ending)}\n${said}`);
  process.stderr.write(said);
  return said;
}

/**
 * Brings the lab up by the project's own command, and takes it down afterwards.
 * `KUBERNETES_CONTEXT` names a cluster that holds it already; that one is left as it is.
 */
export async function setup({ provide }: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env["KUBERNETES_CONTEXT"];
  if (given) {
    provide("cluster", { context: given, readySeconds: undefined });
    return undefined;
  }
  const before = await runProcess({ command: "kubectl", args: ["config", "current-context"], limitSeconds: 20 });
  const down = async (): Promise<void> => {
    await lab("down");
    // Minikube makes its profile the current context, and leaves none when it goes.
    if (before.ending.kind === "exited" && before.ending.code === 0 && before.stdout.trim() !== profile)
      await runProcess({ command: "kubectl", args: ["config", "use-context", before.stdout.trim()], limitSeconds: 20 });
  };
  try {
    const [, seconds] = /ready (\d+) s after the manifests were applied/.exec(await lab("up")) ?? [];
    provide("cluster", { context: profile, readySeconds: Number(seconds) });
  } catch (error) {
    await down();
    throw error;
  }
  return down;
}
