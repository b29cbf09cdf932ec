import type { Call, Result, Run } from "./shell.ts";
import { succeeded } from "./shell.ts";

/** Says what failed, with the tool's last words, and how to mend it. */
export interface Failure {
  kind: "failed";
  what: string;
  words: string[];
  remedy: string;
}

/** Is what a step needs of the outside: programs, words for the person, a clock in seconds, a pause in seconds. */
export interface Lab {
  run: Run;
  say: (line: string) => void;
  now: () => number;
  pause: (seconds: number) => Promise<void>;
  /** The project's root folder. */
  project: string;
}

/** Runs a command that must succeed; gives its stdout. */
export async function must(lab: Lab, call: Call, what: string, remedy: string): Promise<{ kind: "done"; stdout: string } | Failure> {
  const result = await lab.run(call);
  if (succeeded(result)) return { kind: "done", stdout: result.stdout };
  return { kind: "failed", what: `${what}: ${endingOf(result, call)}`, words: result.tail, remedy };
}

function endingOf(result: Result, { command, args, limitSeconds }: Call): string {
  const shown = [command, ...args].join(" ");
  if (result.kind === "missing") return `${command} could not be started`;
  if (result.kind === "tooLong") return `${shown} took longer than ${limitSeconds} s and was stopped`;
  return `${shown} ended with ${result.code}`;
}

/** Words a failure for the person. */
export function wordsOf({ what, words, remedy }: Failure): string {
  return [`failed: ${what}`, ...words.map((line) => `    ${line}`), `to mend it: ${remedy}`].join("\n");
}

/** Makes the failure of a wait for pods. */
export function endingOfWait(
  context: string,
  reached: string,
  seconds: number,
  troubles: readonly { namespace: string; pod: string; reason: string; message: string }[],
  logs: string[],
): Failure {
  const { namespace = "plimsoll", pod } = troubles[0] ?? {};
  const describe = `kubectl --context ${context} --namespace ${namespace} describe pod${pod === undefined ? "s" : ` ${pod}`}`;
  const image = troubles.some(({ reason }) => /Image/.test(reason));
  const room = troubles.some(({ reason }) => reason === "Unschedulable");
  const hint = image
    ? "the image is not in the cluster: see how it is loaded (--image-load, or a registry that the cluster can pull from); "
    : "";
  const more = room ? "the cluster has no room: give it more with --cpus and --memory, or remove what else runs there; " : "";
  return {
    kind: "failed",
    what: `not all pods were ready after ${seconds.toFixed(0)} s (${reached || "the cluster did not answer"})`,
    words: [...troubles.map(({ pod, reason, message }) => `${pod}: ${reason} ${message}`.trim()), ...logs],
    remedy: `${hint}${more}\`${describe}\` shows the events`,
  };
}
