import { fileURLToPath } from "node:url";
import { inject } from "vitest";
import { runProcess, type Ran } from "../../slo/host/process.ts";
import { databasePart } from "../kubernetes/database.fixture.ts";

/** The project's folder. */
export const folder = fileURLToPath(new URL("../..", import.meta.url));

/** Names the context of the cluster that the tests may fill and empty. */
export const { context } = inject("cluster");

/** Runs one of the project's scripts as a person would, and shows what it said. */
export async function npm(script: string, ...words: string[]): Promise<Ran> {
  const ran = await runProcess({ command: "npm", args: ["run", "--silent", script, "--", ...words], limitSeconds: 1_500, folder });
  process.stderr.write(`${ran.output}\n`);
  return ran;
}

/** Brings up the lab with every part; what is up already costs seconds. Gives the part with the database. */
export async function wholeLab(): Promise<"mongodb" | "mongodb/ferretdb"> {
  const database = await databasePart();
  // Of the profile that the setup made, or of the cluster that was given; images are there already in the latter.
  const where = process.env["KUBERNETES_CONTEXT"] ? "--context" : "--profile";
  const { ending, output } = await npm("minikube", "--with", `all,${database}`, where, context);
  if (ending.kind !== "exited" || ending.code !== 0) throw new Error(output);
  return database;
}
