import { InvalidArgumentError, Option } from "commander";
import { httpUrlProblem } from "../host/http-url.ts";
import { parseFaultText } from "../../target/faults/rules.ts";

const numberThat =
  (fits: (value: number) => boolean, what: string) =>
  (text: string): number => {
    if (!fits(Number(text))) throw new InvalidArgumentError(`It must be ${what}.`);
    return Number(text);
  };

/** Reads a number above 0. */
export const positive = numberThat((value) => Number.isFinite(value) && value > 0, "a number above 0");

/** Reads a whole number above 0. */
export const whole = numberThat((value) => Number.isSafeInteger(value) && value >= 1, "a whole number above 0");

/** Reads a TCP port. */
export const port = numberThat((value) => Number.isInteger(value) && value >= 1 && value <= 65_535, "a port, 1 to 65535");

/** Reads an http(s) URL without credentials, and drops the slashes at its end. */
export function httpUrl(text: string): string {
  const problem = httpUrlProblem(text);
  if (problem !== undefined) throw new InvalidArgumentError(`It ${problem}.`);
  return text.replace(/\/+$/, "");
}

/** Reads LABEL=VALUE and adds it to those before; names are Prometheus's own, without those it keeps for itself. */
export function labels(text: string, before: Record<string, string> | undefined): Record<string, string> {
  if (!/^(?!__)[a-zA-Z_][a-zA-Z0-9_]*=./.test(text))
    throw new InvalidArgumentError("It must be LABEL=VALUE, such as job=shop; names that begin with __ are Prometheus's own.");
  return pairs(text, before);
}

/** Reads KEY=VALUE and adds it to those before. */
export function pairs(text: string, before: Record<string, string> | undefined): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must be KEY=VALUE.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

/** Reads the path of a URL. */
export function urlPath(text: string): string {
  if (!text.startsWith("/")) throw new InvalidArgumentError("It must begin with a slash, such as /actuator/prometheus.");
  return text;
}

/** Checks the faults of the storage API, so that a slip is told before anything starts; they go there as they were written. */
export function faults(text: string): string {
  const parsed = parseFaultText(text);
  if (parsed.kind === "problems")
    throw new InvalidArgumentError(
      parsed.problems
        .join("; ")
        .replace(/^(?:is|must) /, "It $&")
        .replace(/^[a-z]/, (letter) => letter.toUpperCase()),
    );
  return text;
}

/** How long the wait for Prometheus is where nothing is said. */
export const settleLimitSeconds = 60;

/** Makes the flag of `load` and `gate` that bounds the wait for Prometheus. */
export const settleLimit = (): Option =>
  new Option("--settle-limit <seconds>", "how long to wait for Prometheus to hold everything that was sent")
    .argParser(positive)
    .default(settleLimitSeconds);

/** The flags, of every command that reads it, that name the config or leave it out. */
export const configFlag = [
  "--config <file>",
  "what this repository says of its loads (default: the nearest plimsoll.config.ts, upwards from here)",
] as const;
export const noConfigFlag = ["--no-config", "read no config"] as const;
