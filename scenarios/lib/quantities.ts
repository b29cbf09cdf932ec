/** An error about what a person typed; its name tells that to the command line (slo/run/script-errors.ts). */
export const usageError = (problems: readonly string[]): Error => Object.assign(new Error(problems.join("; ")), { name: "UsageError" });

/** What the command line hands to k6. */
export type Environment = Record<string, string | undefined>;

/** Reads one setting after the other by what gives the value or, not thrown, the error; each thing wrong is one sentence that names where it is. */
export function settingsReader() {
  const problems: string[] = [];
  const read = <T>(where: string, text: string | undefined, otherwise: T, parse: (text: string) => T | Error): T => {
    if (text === undefined || text === "") return otherwise;
    const parsed = parse(text);
    if (!(parsed instanceof Error)) return parsed;
    problems.push(`${where}: ${parsed.message}`);
    return otherwise;
  };
  const readSize = (environment: Environment, otherwise: { peakRate: number; seconds: number }) => ({
    peakRate: read("--rate", environment["PLIMSOLL_RATE"], otherwise.peakRate, (text) => parsePositive(text, 1e6)),
    seconds: read("--duration", environment["PLIMSOLL_DURATION"], otherwise.seconds, parseDuration),
  });
  return { problems, read, readSize };
}

const unitSeconds: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001 };
const unitBytes: Record<string, number> = { B: 1, kB: 1e3, KB: 1e3, KiB: 1024, MB: 1e6, MiB: 1024 ** 2 };

/** Reads a k6 duration such as 30s, 1m30s or 500ms into seconds; k6 takes no arrival rate for less than one. */
function parseDuration(text: string): number | Error {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return new Error(`"${text}" is not a duration; write it like 30s, 2m or 1m30s`);
  let seconds = 0;
  for (const [, amount, unit = ""] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    seconds += Number(amount) * (unitSeconds[unit] ?? Number.NaN);
  if (seconds >= 1) return seconds;
  return new Error(seconds > 0 ? `"${text}" must be at least 1s` : `"${text}" must be longer than 0`);
}

/** Reads an amount with its unit, such as 512B, 4KiB or 1MB, into bytes. */
export function parseBytes(text: string): number | Error {
  const [, amount, unit = ""] = /^(\d+(?:\.\d+)?)(B|kB|KB|KiB|MB|MiB)$/.exec(text) ?? [];
  if (amount === undefined) return new Error(`"${text}" is not a size; write it like 512B, 4KiB or 1MB`);
  const bytes = Number(amount) * (unitBytes[unit] ?? Number.NaN);
  return Number.isInteger(bytes) ? bytes : new Error(`"${text}" is not a whole number of bytes`);
}

/** Reads a percentage such as 80% into a ratio, 0–1. */
export function parsePercent(text: string): number | Error {
  const ratio = /^\d+(\.\d+)?%$/.test(text) ? Number(text.slice(0, -1)) / 100 : Number.NaN;
  return ratio <= 1 ? ratio : new Error(`"${text}" is not a percentage from 0% to 100%`);
}

/** Reads a whole number within bounds, both included. */
export function parseWhole(text: string, from: number, to: number): number | Error {
  const whole = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  return whole >= from && whole <= to ? whole : new Error(`"${text}" is not a whole number from ${from} to ${to}`);
}

/** Reads a decimal number above 0 and at most `to`. */
function parsePositive(text: string, to: number): number | Error {
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  return number > 0 && number <= to ? number : new Error(`"${text}" is not a number above 0 and up to ${to}`);
}

export const unknownWord = (what: string, word: string, known: readonly string[]): Error =>
  new Error(`unknown ${what} "${word}"; known: ${known.join(", ")}`);
