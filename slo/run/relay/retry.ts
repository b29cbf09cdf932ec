import type { Written } from "./write.ts";

/** The same is not said again within this. */
const quietMillis = 30_000;

/** Tells a person how the destination does, without a line for each push; `now` gives milliseconds of any clock that only goes forward. */
export function openRetryLog(say: (line: string) => void, now: () => number) {
  const said = new Map<string, number>();
  let current: string | undefined;
  let announced = false;
  const sayOnce = (key: string, line: string): boolean => {
    if (now() - (said.get(key) ?? Number.NEGATIVE_INFINITY) < quietMillis) return false;
    said.set(key, now());
    say(line);
    return true;
  };
  return {
    /** The destination does not take samples; `kind` tells one sort of trouble from another. */
    trouble(kind: string, reason: string): void {
      if (current === kind) return;
      current = kind;
      announced = sayOnce(kind, `Prometheus does not take samples: ${reason}; they are kept and sent again`) || announced;
    },
    refusedForGood: (kind: string, reason: string): boolean =>
      sayOnce(`for good ${kind}`, `Prometheus refuses samples for good: ${reason}`),
    fine(): void {
      if (announced) say("Prometheus takes samples again");
      [announced, current] = [false, undefined];
    },
  };
}

export type NotWritten = Exclude<Written, { kind: "written" }>;

const firstPauseMillis = 50;
const longestPauseMillis = 2000;
/** A destination may ask for a longer pause, up to this. */
const longestAskedMillis = 10_000;

/** Client errors that are about credentials, addresses, proxies or haste; they get mended, and then the same body passes. */
const mendable: ReadonlySet<number> = new Set([401, 402, 403, 404, 405, 407, 408, 415, 421, 423, 425, 426, 429, 451]);
/** A page instead of a sentence is a proxy's. */
const page = /^</;
/** Prometheus's ErrOutOfBounds and ErrTooOldSample (storage/interface.go), which Thanos hands on with 409; Mimir says "timestamp is too old". */
const tooOld = /out of bounds|too old/i;
const tooNew = /too far in the future/i;

/**
 * Says whether the same body may pass later. Only a client error that is about the body itself is for good; a redirect is a wrong address.
 * Samples that are too old pass once the destination's window is wider. "out of order sample" and "duplicate sample" are for good: the series has
 * a newer or another value already, and k6's later pushes hold the sums.
 */
export function mayPassLater(answer: NotWritten): boolean {
  if (answer.kind === "unreachable" || answer.status < 400 || answer.status >= 500 || mendable.has(answer.status)) return true;
  return [page, tooOld, tooNew].some((words) => words.test(answer.reason));
}

/** Gives the pause after the nth failure in a row, from 1: twice as long each time, a quarter more or less by `random` (0-1), or as long as was asked for. */
export function pauseMillis(failures: number, answer: NotWritten, random: number): number {
  const usual = Math.min(firstPauseMillis * 2 ** (failures - 1), longestPauseMillis) * (0.75 + random / 2);
  const asked = answer.kind === "refused" ? (answer.retryAfterSeconds ?? 0) * 1000 : 0;
  return Math.max(usual, Math.min(asked, longestAskedMillis));
}

/** Says in words why a body was not written, and what mends it where that is known. */
export function reasonOf(answer: NotWritten): string {
  if (answer.kind === "unreachable") return answer.reason;
  const remedy = remedyOf(answer.status, answer.reason);
  return `${answer.status} ${answer.reason}${remedy === undefined ? "" : ` (${remedy})`}`;
}

function remedyOf(status: number, reason: string): string | undefined {
  if (status >= 500) return undefined;
  if (tooNew.test(reason)) return "set the destination's clock and this machine's right";
  if (tooOld.test(reason))
    return "they are older than it takes: set storage.tsdb.out_of_order_time_window to more than their age, and reload it";
  if (status === 401 || status === 403 || status === 407) return "check the credentials";
  return status === 404 || status === 405 ? "check the address, and --web.enable-remote-write-receiver" : undefined;
}
