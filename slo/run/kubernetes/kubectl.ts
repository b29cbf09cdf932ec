import { endingText, runProcess } from "../../host/process.ts";

/** Where a run's pods live. */
export interface Cluster {
  context: string;
  namespace: string;
}

/** Ends a call of kubectl: what it printed, or why not, in its own words. */
export type Answered = { kind: "answer"; text: string } | { kind: "failed"; message: string };

const usualLimitSeconds = 30;

/** Names the arguments that every call begins with. */
export const placeOf = ({ context, namespace }: Cluster): string[] => ["--context", context, "--namespace", namespace];

/** Asks kubectl; `input` goes to its standard input. At the limit its credential plugin ends with it. */
export async function kubectl(args: readonly string[], more: { input?: string; limitSeconds?: number } = {}): Promise<Answered> {
  const command = { command: "kubectl", args, limitSeconds: usualLimitSeconds, ...more };
  const { ending, stdout, stderr } = await runProcess(command);
  switch (ending.kind) {
    case "exited":
      if (ending.code === 0) return { kind: "answer", text: stdout };
      return { kind: "failed", message: plainWords(stderr) || endingText(command, ending) };
    case "notStarted":
      return {
        kind: "failed",
        message: ending.isMissing ? "kubectl is not on the PATH: install it (https://kubernetes.io/docs/tasks/tools/)" : ending.message,
      };
    case "overdue":
      return { kind: "failed", message: `kubectl did not answer within ${command.limitSeconds} s` };
    case "signalled":
    case "aborted":
    case "flooded":
      return { kind: "failed", message: plainWords(stderr) || endingText(command, ending) };
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
