import { type ChildProcessByStdio, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";

/** How a process ended. */
export interface ProcessEnd {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

/** A running service: its address once it listens, and its end. */
export interface ServiceProcess {
  child: ChildProcessByStdio<null, Readable, Readable>;
  /** Rejects when the process ends before it listens. */
  address: Promise<string>;
  ended: Promise<ProcessEnd>;
}

const apiEntry = fileURLToPath(new URL("./server.ts", import.meta.url));

/** Starts `server.ts`, or another entry, as a process of its own, with Node's type stripping and only the variables given. */
export function startService(variables: Record<string, string>, entry = apiEntry): ServiceProcess {
  const child = spawn(process.execPath, [entry], {
    env: { PATH: process.env["PATH"] ?? "", PORT: "0", LOG_LEVEL: "warn", ...variables },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdout.setEncoding("utf8");
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  const address = new Promise<string>((resolve, reject) => {
    child.stdout.on("data", (text: string) => {
      stdout += text;
      const line = stdout.split("\n").find((candidate) => candidate.includes('"msg":"listening"'));
      const found = line === undefined ? null : /"address":"([^"]+)"/.exec(line);
      if (found?.[1] !== undefined) resolve(found[1]);
    });
    void ended.then(({ code }) => reject(new Error(`the service ended with ${code} before it listened: ${stderr}`)));
  });
  // Tests that expect a failed start never look at the address.
  address.catch(() => undefined);
  return { child, address, ended };
}
