import type { Written } from "./write.ts";

/** Is an answer other than "written". */
export type NotWritten = Exclude<Written, { kind: "written" }>;

const firstPauseMillis = 50;
const longestPauseMillis = 2000;
/** A receiver may ask for a longer pause, up to this. */
const longestAskedMillis = 10_000;

/** Client errors that are about credentials, addresses, proxies or haste; they get mended, and then the same body passes. */
const mendable: ReadonlySet<number> = new Set([401, 402, 403, 404, 405, 407, 408, 415, 421, 423, 425, 426, 429, 451]);

/** Says whether the same body may pass later. Only a client error that is about the body itself is for good; a redirect is a wrong address. */
export function mayPassLater(answer: NotWritten): boolean {
  return answer.kind === "unreachable" || answer.status < 400 || answer.status >= 500 || mendable.has(answer.status);
}

/** Gives the pause after the nth failure in a row, from 1: twice as long each time, a quarter more or less by `random` (0-1), or as long as was asked for. */
export function pauseMillis(failures: number, answer: NotWritten, random: number): number {
  const usual = Math.min(firstPauseMillis * 2 ** (failures - 1), longestPauseMillis) * (0.75 + random / 2);
  const asked = answer.kind === "refused" ? (answer.retryAfterSeconds ?? 0) * 1000 : 0;
  return Math.max(usual, Math.min(asked, longestAskedMillis));
}

/** Says in words why a body was not written. */
export function reasonOf(answer: NotWritten): string {
  return answer.kind === "unreachable" ? answer.reason : `${answer.status} ${answer.reason}`;
}
