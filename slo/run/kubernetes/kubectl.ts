import { endingText, runProcess, type Command, type Ending } from "../../host/process.ts";

export interface Cluster {
  context: string;
  namespace: string;
}

/** Why the cluster did not do something, in kubectl's own words where there are any. */
export interface Failed {
  kind: "failed";
  message: string;
}

export const failure = (message: string): Failed => ({ kind: "failed", message });

export type Answered = { kind: "answer"; text: string } | Failed;

const usualLimitSeconds = 30;

export const placeOf = ({ context, namespace }: Cluster): string[] => ["--context", context, "--namespace", namespace];

/** Asks kubectl; `input` goes to its standard input. At the limit its credential plugin ends with it. */
export async function kubectl(args: readonly string[], more: { input?: string; limitSeconds?: number } = {}): Promise<Answered> {
  const command = { command: "kubectl", args, limitSeconds: usualLimitSeconds, ...more };
  const { ending, stdout, stderr } = await runProcess(command);
  if (ending.kind === "exited" && ending.code === 0) return { kind: "answer", text: stdout };
  return failure(whyNot(command, ending, stderr));
}

function whyNot(command: Pick<Command, "command" | "limitSeconds">, ending: Ending, stderr: string): string {
  switch (ending.kind) {
    case "notStarted":
      return ending.isMissing ? "kubectl is not on the PATH: install it (https://kubernetes.io/docs/tasks/tools/)" : ending.message;
    case "overdue":
      return `kubectl did not answer within ${command.limitSeconds} s`;
    case "exited":
    case "signalled":
    case "aborted":
    case "flooded":
      return plainWords(stderr) || endingText(command, ending);
  }
}

function plainWords(words: string): string {
  const lines = words.split("\n").filter((line) => line.trim() !== "" && !/^[EW]\d{4} /.test(line));
  return lines
    .slice(-3)
    .join(" ")
    .replace(/^(Error from server \(\w+\)|error): /, "");
}

/** Names the context that is meant: the one that was asked for, or the current one. */
export async function contextOf(asked: string | undefined): Promise<Answered> {
  if (asked !== undefined) return { kind: "answer", text: asked };
  const got = await kubectl(["config", "current-context"]);
  if (got.kind === "answer") return { kind: "answer", text: got.text.trim() };
  return got.message.startsWith("kubectl ") ? got : failure("kubectl has no current context: choose one with --context");
}
