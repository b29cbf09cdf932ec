import { spawn } from "node:child_process";
import { withoutSecrets } from "../child.ts";

/** Is where a run's pods live. */
export interface Cluster {
  context: string;
  namespace: string;
}

/** Ends a call of kubectl: what it printed, or why not, in its own words. */
export type Answered = { kind: "answer"; text: string } | { kind: "failed"; message: string };

const usualLimitSeconds = 30;

/** Names the arguments that every call begins with. */
export const placeOf = ({ context, namespace }: Cluster): string[] => ["--context", context, "--namespace", namespace];

/** Asks kubectl, without a shell; `input` goes to its standard input, so that no secret stands on a command line. */
export function kubectl(args: readonly string[], more: { input?: string; limitSeconds?: number } = {}): Promise<Answered> {
  const limitSeconds = more.limitSeconds ?? usualLimitSeconds;
  return new Promise((resolve) => {
    // A group of its own: the terminal's Ctrl-C is for us, and at the limit its credential plugin goes with it.
    const child = spawn("kubectl", args, { stdio: ["pipe", "pipe", "pipe"], detached: true, env: withoutSecrets(process.env) });
    const limit = setTimeout(() => killGroup(child.pid), limitSeconds * 1000);
    let [out, words] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (words = `${words}${text}`.slice(-4000)));
    child.stdin.on("error", () => undefined);
    child.stdin.end(more.input ?? "");
    child.on("error", (error) => {
      clearTimeout(limit);
      const missing = "code" in error && error.code === "ENOENT";
      resolve({
        kind: "failed",
        message: missing ? "kubectl is not on the PATH: install it (https://kubernetes.io/docs/tasks/tools/)" : error.message,
      });
    });
    child.on("close", (code, signal) => {
      clearTimeout(limit);
      if (code === 0) return resolve({ kind: "answer", text: out });
      resolve({
        kind: "failed",
        message:
          signal === "SIGKILL" ? `kubectl did not answer within ${limitSeconds} s` : plainWords(words) || `kubectl ended with ${code}`,
      });
    });
  });
}

function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // it ended by itself in the meantime
  }
}

function plainWords(words: string): string {
  const lines = words.split("\n").filter((line) => line.trim() !== "" && !/^[EW]\d{4} /.test(line));
  return lines
    .slice(-3)
    .join(" ")
    .replace(/^Error from server \(\w+\): /, "")
    .replace(/^error: /, "");
}

/** Finds the context that kubectl would use. */
export async function currentContext(): Promise<Answered> {
  const got = await kubectl(["config", "current-context"]);
  if (got.kind === "answer") return { kind: "answer", text: got.text.trim() };
  return got.message.startsWith("kubectl ")
    ? got
    : { kind: "failed", message: "kubectl has no current context: choose one with --context" };
}
