/** A quantity that was read, or why it could not be; `hint` is what was probably meant. */
export type Parsed = { kind: "value"; value: number } | { kind: "problem"; message: string; hint?: string | undefined };

export const percentRule = 'must be a percentage with its sign, such as "99.9%"';
export const durationRule = "must be a duration with its unit (ms, s, m, h, d, w), such as 250ms or 30d";

/** Allows 9 digits after the point, so that 1 − ratio stays exact to the digits that people wrote. */
const mostDecimals = 9;

export const percentPattern = String.raw`^\s*\d+(\.\d+)?\s*%\s*$`;
export const durationPattern = String.raw`^\s*\d+(\.\d+)?\s*(ms|s|m|h|d|w)\s*$`;

export const rateRule = "must be a rate a second with its unit, such as 100/s";
export const ratePattern = String.raw`^\s*\d+(\.\d+)?\s*/\s*s$`;

const secondsIn = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 } as const;

const problem = (message: string, meant?: string): Parsed => ({ kind: "problem", message, hint: meant && `did you mean ${meant}?` });

/** Writes a ratio (0–1) as the percentage that a person would write. */
export const percentText = (ratio: number): string => `${Number((ratio * 100).toPrecision(12))}%`;

/** Writes seconds as a clock from the start: `1:05`, `2:00:00`. */
export function elapsed(seconds: number): string {
  if (!Number.isFinite(seconds)) return "?";
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), String(Math.floor(whole / 60) % 60)];
  const rest = String(whole % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${minutes.padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** Reads a percentage between 0% and 100%, both excluded, as a 0–1 ratio: "99.9%" is exactly 0.999. */
export function parsePercent(text: string): Parsed {
  const found = new RegExp(percentPattern).exec(text);
  if (found === null) return problem(percentRule, meantPercent(text.trim()));
  const digits = text.replace("%", "").trim();
  const ratio = Number(`${digits}e-2`);
  if (ratio === 0) return problem("must be above 0%");
  if (Number(digits) >= 100) return problem("must be below 100%", meantBelow(digits));
  if ((digits.split(".")[1] ?? "").length > mostDecimals) return problem(`may have ${mostDecimals} digits after the point`);
  return { kind: "value", value: ratio };
}

/** Guesses the percentage behind a bare number: 99.9 and 0.999 both mean 99.9%. */
export function meantPercent(bare: string | number): string | undefined {
  const number = bare === "" ? Number.NaN : Number(bare);
  if (!(number > 0 && number < 100)) return undefined;
  return number < 1 ? percentText(number) : `${number}%`;
}

function meantBelow(digits: string): string | undefined {
  if (Number(digits) === 100) return "99.9%";
  return /^99\d*9$/.test(digits) && digits.length <= 2 + mostDecimals ? `99.${digits.slice(2)}%` : undefined;
}

/** Reads a duration with one unit as seconds, exact to the nanosecond. */
export function parseDuration(text: string): Parsed {
  const found = new RegExp(durationPattern).exec(text);
  if (found === null) return problem(durationRule);
  const unit = found[2] as keyof typeof secondsIn;
  const seconds = Number((Number.parseFloat(text.trim()) * secondsIn[unit]).toFixed(9));
  if (!(seconds > 0)) return problem("must be longer than 0s");
  return seconds < 1e10 ? { kind: "value", value: seconds } : problem("is longer than any service lives");
}

/** Reads a rate such as 100/s as a number a second. */
export function parseRate(text: string): Parsed {
  if (!new RegExp(ratePattern).test(text)) return problem(rateRule, /^\s*\d+(\.\d+)?\s*$/.test(text) ? `${text.trim()}/s` : undefined);
  const rate = Number.parseFloat(text.trim());
  return rate > 0 && rate <= 1e9 ? { kind: "value", value: rate } : problem("must be above 0/s");
}
