import type { Losses } from "./losses.ts";
import { openNarrator } from "./narrate.ts";
import { mayPassLater, pauseMillis, reasonOf, type NotWritten } from "./retry.ts";
import type { Spool } from "./spool.ts";
import { wordsOf } from "./words.ts";
import type { Writer, Written } from "./write.ts";

/** Is how far forwarding has come. */
export interface Forwarded {
  forwarded: number;
  retries: number;
  /** Bodies that the receiver refused for good; their samples are lost to it. */
  refused: number;
  /** Bodies that could not be read back from the spool. */
  damaged: number;
  /** What was said last when a body was not taken. */
  lastReason: string | undefined;
}

/** Forwards a spool in order, one body at a time, for as long as it takes. */
export interface Forwarder {
  state(): Forwarded;
  /** Tells it that there is more. */
  wake(): void;
  /** Waits until everything is forwarded or the limit is reached; `reason` is why it is not going on. */
  flushed(limitSeconds: number): Promise<{ kind: "flushed" } | { kind: "pending"; bytes: number; reason: string }>;
  stop(): Promise<void>;
}

/** setTimeout takes no more. */
const longestTimerMillis = 2 ** 31 - 1;

/** Starts forwarding; `say` hears when the receiver goes and when it is back. */
export function startForwarder(spool: Spool, writer: Writer, losses: Losses, say: (line: string) => void): Forwarder {
  const state: Forwarded = { forwarded: 0, retries: 0, refused: 0, damaged: 0, lastReason: undefined };
  const narrator = openNarrator(say, () => performance.now());
  const sleeper = openSleeper();
  const waiting = new Set<() => void>();
  let stopping = false;
  let failures = 0;
  let trouble: string | undefined;
  const moveOn = (next: number): void => {
    [failures, trouble] = [0, undefined];
    spool.moveCursor(next);
  };
  const wait = async (reason: string, kind: string, answer: NotWritten): Promise<void> => {
    [failures, trouble, state.lastReason] = [failures + 1, reason, reason];
    state.retries += 1;
    narrator.trouble(kind, reason);
    await sleeper.sleep(pauseMillis(failures, answer, Math.random()), () => stopping);
  };
  const hear = async (answer: Written, next: number): Promise<void> => {
    if (answer.kind === "written") {
      narrator.fine();
      state.forwarded += 1;
      return moveOn(next);
    }
    if (stopping) return;
    const reason = reasonOf(answer);
    const kind = answer.kind === "refused" ? String(answer.status) : answer.kind;
    if (mayPassLater(answer)) return wait(reason, kind, answer);
    state.lastReason = reason;
    state.refused += 1;
    losses.add("refused", reason); // before the cursor moves: counted twice is better than not at all
    narrator.refusedForGood(kind, reason);
    moveOn(next);
  };
  const step = async (): Promise<void> => {
    const offset = spool.cursor();
    const frame = readOf(spool, offset);
    switch (frame.kind) {
      case "body":
        return hear(await writer.write(frame.body), frame.next);
      case "end":
        for (const done of waiting) done();
        return sleeper.sleep(undefined, () => stopping);
      case "damaged":
        state.damaged += 1;
        say("a push that was kept on disk cannot be read back, and is lost");
        return moveOn(frame.next);
      case "torn":
        return wait(frame.reason, "spool", { kind: "unreachable", reason: frame.reason });
    }
  };
  const work = (async (): Promise<void> => {
    while (!stopping) await step();
  })();
  const isDone = (): boolean => spool.cursor() >= spool.size();
  const pending = (): { kind: "pending"; bytes: number; reason: string } => ({
    ...{ kind: "pending", bytes: spool.size() - spool.cursor() },
    reason: trouble ?? "Prometheus has not answered yet",
  });
  return {
    state: () => ({ ...state }),
    wake: sleeper.wake,
    flushed(limitSeconds) {
      if (isDone()) return Promise.resolve({ kind: "flushed" });
      return new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          waiting.delete(done);
          resolve(isDone() ? { kind: "flushed" } : pending());
        };
        const timer = setTimeout(done, Math.min(limitSeconds * 1000, longestTimerMillis));
        waiting.add(done);
        sleeper.wake();
      });
    },
    async stop() {
      stopping = true;
      writer.close();
      sleeper.wake();
      await work;
    },
  };
}

type Read = Exclude<ReturnType<Spool["read"]>, { kind: "torn" }> | { kind: "torn"; reason: string };

function readOf(spool: Spool, offset: number): Read {
  try {
    const frame = spool.read(offset);
    return frame.kind === "torn" ? { kind: "torn", reason: "the spool's file was cut by another process" } : frame;
  } catch (error) {
    return { kind: "torn", reason: `the spool cannot be read: ${wordsOf(error)}` };
  }
}

/** Sleeps until the time is over; without a time, until it is woken. `enough` ends it early, when woken. */
function openSleeper(): { sleep(millis: number | undefined, enough: () => boolean): Promise<void>; wake(): void } {
  let rouse: () => void = () => undefined;
  const rest = (millis: number | undefined): Promise<void> =>
    new Promise((resolve) => {
      const timer = millis === undefined ? undefined : setTimeout(resolve, millis);
      rouse = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  return {
    async sleep(millis, enough) {
      if (millis === undefined) return rest(undefined);
      const until = performance.now() + millis;
      while (!enough() && performance.now() < until) await rest(until - performance.now());
    },
    wake: () => rouse(),
  };
}
