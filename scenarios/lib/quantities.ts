/** A value, or one sentence on why there is none. */
export type Parsed<T> = { kind: "value"; value: T } | { kind: "problem"; message: string };

/** Gives what was read. */
export const value = <T>(it: T): Parsed<T> => ({ kind: "value", value: it });
/** Says why nothing could be read. */
export const problem = <T>(message: string): Parsed<T> => ({ kind: "problem", message });

const unitSeconds: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001 };
const unitBytes: Record<string, number> = { B: 1, kB: 1e3, KB: 1e3, KiB: 1024, MB: 1e6, MiB: 1024 ** 2 };

/** Reads a k6 duration such as 30s, 1m30s or 500ms into seconds, above 0. */
export function parseDuration(text: string): Parsed<number> {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return problem(`"${text}" is not a duration; write it like 30s, 2m or 1m30s`);
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g))
    seconds += Number(amount) * (unitSeconds[unit ?? ""] ?? Number.NaN);
  return seconds > 0 ? value(seconds) : problem(`"${text}" must be longer than 0`);
}

/** Reads an amount with its unit, such as 512B, 4KiB or 1MB, into bytes. */
export function parseBytes(text: string): Parsed<number> {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(B|kB|KB|KiB|MB|MiB)$/.exec(text) ?? [];
  if (amount === undefined || unit === undefined) return problem(`"${text}" is not a size; write it like 512B, 4KiB or 1MB`);
  const bytes = Number(amount) * (unitBytes[unit] ?? Number.NaN);
  return Number.isInteger(bytes) ? value(bytes) : problem(`"${text}" is not a whole number of bytes`);
}

/** Reads a percentage such as 80% into a ratio, 0–1. */
export function parsePercent(text: string): Parsed<number> {
  const ratio = /^\d+(\.\d+)?%$/.test(text) ? Number(text.slice(0, -1)) / 100 : Number.NaN;
  return ratio <= 1 ? value(ratio) : problem(`"${text}" is not a percentage from 0% to 100%`);
}

/** Reads a whole number within bounds, both included. */
export function parseWhole(text: string, from: number, to: number): Parsed<number> {
  const whole = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  return whole >= from && whole <= to ? value(whole) : problem(`"${text}" is not a whole number from ${from} to ${to}`);
}

/** Reads a decimal number above 0 and at most `to`. */
export function parsePositive(text: string, to: number): Parsed<number> {
  const number = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  return number > 0 && number <= to ? value(number) : problem(`"${text}" is not a number above 0 and up to ${to}`);
}
