import { InvalidArgumentError, Option } from "commander";

/** Reads a number above 0. */
export function positive(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0) throw new InvalidArgumentError("It must be a number above 0.");
  return value;
}

/** Reads a whole number above 0. */
export function whole(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new InvalidArgumentError("It must be a whole number above 0.");
  return value;
}

/** Reads a TCP port. */
export function port(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > 65_535) throw new InvalidArgumentError("It must be a port, 1 to 65535.");
  return value;
}

/** Reads an http(s) URL without credentials, and drops the slashes at its end. */
export function httpUrl(text: string): string {
  const parsed = URL.parse(text);
  if (parsed === null || !["http:", "https:"].includes(parsed.protocol))
    throw new InvalidArgumentError("It must be a URL such as http://127.0.0.1:5000.");
  if (parsed.username !== "" || parsed.password !== "")
    throw new InvalidArgumentError("Credentials are read from the environment, never from a URL (see --help).");
  if (parsed.search !== "" || parsed.hash !== "") throw new InvalidArgumentError("It must end before any ? or #.");
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

/** Makes the flag of `load` and `gate` that bounds the wait for Prometheus. */
export const settleLimit = (): Option =>
  new Option("--settle-limit <seconds>", "how long to wait for Prometheus to hold everything that was sent")
    .argParser(positive)
    .default(60);
