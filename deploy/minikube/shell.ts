import { spawn } from "node:child_process";

/** Is a command and how long it may take, in seconds. */
export interface Call {
  command: string;
  args: string[];
  limitSeconds: number;
  folder?: string;
  environment?: NodeJS.ProcessEnv;
}

/** Tells how a command ended: `stdout` whole, `tail` the last lines of both streams. */
export type Result =
  | { kind: "ended"; code: number; stdout: string; tail: string[] }
  | { kind: "missing"; tail: string[] }
  | { kind: "tooLong"; stdout: string; tail: string[] };

/** Runs a command; the port of everything here that asks other programs. */
export type Run = (call: Call) => Promise<Result>;

const tailLines = 12;

/** Starts a real process, without a shell; one that takes too long is ended, with all that it started. */
export const run: Run = ({ command, args, limitSeconds, folder, environment }) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], cwd: folder, env: environment ?? process.env, detached: true });
    let stdout = "";
    let all = "";
    let tooLong = false;
    const limit = setTimeout(() => {
      tooLong = true;
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, limitSeconds * 1_000);
    const stop = (signal: NodeJS.Signals): void => {
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, signal);
    };
    process.once("SIGINT", stop).once("SIGTERM", stop);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      all = `${all}${text}`.slice(-20_000);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (all = `${all}${text}`.slice(-20_000)));
    const tail = (): string[] => lastLines(all);
    child.on("error", (error) => settle({ kind: "missing", tail: [error.message] }));
    child.on("close", (code) =>
      settle(tooLong ? { kind: "tooLong", stdout, tail: tail() } : { kind: "ended", code: code ?? 1, stdout, tail: tail() }),
    );
    const settle = (result: Result): void => {
      clearTimeout(limit);
      process.off("SIGINT", stop).off("SIGTERM", stop);
      resolve(result);
    };
  });

/** Gives the last lines of a text, and before them the first that speak of an error; colours and empty lines taken out. */
export function lastLines(text: string): string[] {
  const plain = text.replaceAll(/\x1b\[[0-9;]*[A-Za-z]/g, "").replaceAll("\r", "\n");
  const lines = plain.split("\n").filter((line) => line.trim() !== "");
  const errors = lines.slice(0, -tailLines).filter((line) => /\berror\b/i.test(line));
  return [...errors.slice(0, 3), ...lines.slice(-tailLines)];
}

/** Says whether a command ended well. */
export function succeeded(result: Result): result is Extract<Result, { kind: "ended" }> {
  return result.kind === "ended" && result.code === 0;
}
