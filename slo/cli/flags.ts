import { InvalidArgumentError, Option } from "commander";
import { parseFaultText } from "../../target/faults/rules.ts";
import { httpUrlProblem } from "../host/http-url.ts";
import lists from "./flags.json" with { type: "json" };

const numberThat =
  (fits: (value: number) => boolean, what: string) =>
  (text: string): number => {
    if (!fits(Number(text))) throw new InvalidArgumentError(`It must be ${what}.`);
    return Number(text);
  };

const positive = numberThat((value) => Number.isFinite(value) && value > 0, "a number above 0");

const whole = numberThat((value) => Number.isSafeInteger(value) && value >= 1, "a whole number above 0");

const port = numberThat((value) => Number.isInteger(value) && value >= 1 && value <= 65_535, "a port, 1 to 65535");

/** Reads an http(s) URL without credentials, and drops the slashes at its end. */
function httpUrl(text: string): string {
  const problem = httpUrlProblem(text);
  if (problem !== undefined) throw new InvalidArgumentError(`It ${problem}.`);
  return text.replace(/\/+$/, "");
}

/** Reads LABEL=VALUE and adds it to those before; names are Prometheus's own, without those it keeps for itself. */
function labels(text: string, before: Record<string, string> | undefined): Record<string, string> {
  if (!/^(?!__)[a-zA-Z_][a-zA-Z0-9_]*=./.test(text))
    throw new InvalidArgumentError("It must be LABEL=VALUE, such as job=shop; names that begin with __ are Prometheus's own.");
  return pairs(text, before);
}

function pairs(text: string, before: Record<string, string> | undefined): Record<string, string> {
  const at = text.indexOf("=");
  if (at < 1) throw new InvalidArgumentError("It must be KEY=VALUE.");
  return { ...before, [text.slice(0, at)]: text.slice(at + 1) };
}

function urlPath(text: string): string {
  if (!text.startsWith("/")) throw new InvalidArgumentError("It must begin with a slash, such as /actuator/prometheus.");
  return text;
}

/** Checks the faults of the storage API, so that a slip is told before anything starts; they go there as they were written. */
function faults(text: string): string {
  const parsed = parseFaultText(text);
  if (parsed.kind === "rules") return text;
  throw new InvalidArgumentError(parsed.problems.join("; "));
}

function signedUrl(text: string): string {
  if (!/^https?:$/.test(URL.parse(text)?.protocol ?? "")) throw new InvalidArgumentError("It must be an http or https URL.");
  return text; // as it is, for a signature is part of it
}

/** How the text of a flag becomes its value; each refuses what does not fit. */
const readers = { positive, whole, port, url: httpUrl, labels, pairs, path: urlPath, faults, signedUrl };

/** A flag as it is written, what it means, how it is read (by one of the readers, or as one of a few words), and its value where it is not given. */
type Flag = readonly [written: string, meaning: string, read?: keyof typeof readers | readonly string[], otherwise?: unknown];

/** A command, or flags that several commands have. */
type ListName = keyof typeof lists;

/** Gives the flags of a command, as `flags.json` has them; a name in a list there stands for another list. */
export function optionsIn(name: ListName): Option[] {
  const list = lists[name] as unknown as readonly (Flag | ListName)[];
  return list.flatMap((row) => (typeof row === "string" ? optionsIn(row) : [optionFrom(row)]));
}

function optionFrom([written, meaning, read, otherwise]: Flag): Option {
  const option = new Option(written, meaning).default(otherwise);
  if (typeof read === "object") option.choices(read);
  if (typeof read === "string") option.argParser(readers[read] as (text: string, before: unknown) => unknown);
  return option;
}
