import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import type { Child, ProcessGroup } from "../../../slo/host/process-group.ts";
import { waitFor } from "../../../slo/host/wait.ts";
import { findOnPath } from "../../../slo/run/tools/locate.ts";
import type { FoundTool } from "../tools.ts";
import { buildService, ferretdb, listens } from "./services.fixture.ts";

/** A server that speaks MongoDB's protocol. */
export type Database = { kind: "mongod" | "ferretdb"; command: string } | Extract<FoundTool, { kind: "missing" }>;

/** Finds `mongod` on PATH, or else builds FerretDB once. */
export async function findDatabase(): Promise<Database> {
  const mongod = findOnPath("mongod", process.env);
  if (mongod !== undefined) return { kind: "mongod", command: mongod };
  const built = await buildService(ferretdb);
  return built.kind === "found" ? { kind: "ferretdb", command: ferretdb.run(built.path).command } : built;
}

/** A server to start on loopback, with its data in `folder`; with a login, FerretDB asks for it and has that user. */
export interface DatabaseOptions {
  database: Exclude<Database, { kind: "missing" }>;
  port: number;
  folder: string;
  login?: { username: string; password: string };
}

function argumentsOf({ database, port, folder, login }: DatabaseOptions): string[] {
  if (database.kind === "mongod") return ["--dbpath", folder, "--port", String(port), "--bind_ip", "127.0.0.1", "--quiet"];
  const asked = [
    "--test-enable-new-auth",
    "--setup-database=admin",
    `--setup-username=${login?.username}`,
    `--setup-password=${login?.password}`,
  ];
  return [
    ...ferretdb.run(dirname(database.command)).args,
    `--sqlite-url=file:${folder}/`,
    `--state-dir=${folder}`,
    `--listen-addr=127.0.0.1:${port}`,
    "--debug-addr=-",
    "--log-level=warn",
    ...(login === undefined ? [] : asked),
  ];
}

/** Starts a server and waits until it listens; its log is beside its folder. */
export async function startDatabase(group: ProcessGroup, options: DatabaseOptions): Promise<Child> {
  const { database, port, folder } = options;
  mkdirSync(folder, { recursive: true });
  const child = group.start({
    name: database.kind,
    command: database.command,
    args: argumentsOf(options),
    environment: process.env,
    folder,
    logFile: `${folder}.log`,
  });
  const ask = async () => (child.exit() ? "exited" : (await listens(port)) ? "ready" : undefined);
  const state = await waitFor(ask, 60, 50);
  if (state === "ready") return child;
  throw new Error(`${database.kind} ${state ?? "did not listen within 60 s"}:\n${child.tail().slice(-10).join("\n")}`);
}
