import { setTimeout as sleep } from "node:timers/promises";
import { errorMessage } from "../../host/error-message.ts";
import type { Rejected } from "./rejected.ts";
import { openRetryLog } from "./retry-log.ts";
import { mayPassLater, reasonOf, type NotWritten, type pauseMillis } from "./retry.ts";
import type { Spool } from "./spool.ts";
import type { Writer, Written } from "./write.ts";

/** How far forwarding has come. */
export interface Forwarded {
  forwarded: number;
  retries: number;
  /** Bodies that the destination refused for good; their samples are lost to it. */
  refused: number;
  /** Bodies that could not be read back from the spool. */
  damaged: number;
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

/** What forwarding goes from and to; `say` hears when the destination goes and when it is back. */
export interface Forwarding {
  spool: Spool;
  writer: Writer;
  rejected: Rejected;
  say: (line: string) => void;
  pauseMillis: typeof pauseMillis;
}

/** setTimeout takes no more. */
const longestTimerMillis = 2 ** 31 - 1;

/** Starts forwarding. */
export function startForwarder({ spool, writer, rejected, say, pauseMillis: pauseOf }: Forwarding): Forwarder {
  const state: Forwarded = { forwarded: 0, retries: 0, refused: 0, damaged: 0 };
  const retryLog = openRetryLog(say, () => performance.now());
  const stopping = new AbortController();
  const waiting = new Set<() => void>();
  let wake: () => void = () => undefined;
  let failures = 0;
  let trouble: string | undefined;
  const moveOn = (next: number): void => {
    [failures, trouble] = [0, undefined];
    spool.moveCursor(next);
  };
  const pause = async (reason: string, kind: string, answer: NotWritten): Promise<void> => {
    [failures, trouble] = [failures + 1, reason];
    state.retries += 1;
    retryLog.trouble(kind, reason);
    await sleep(pauseOf(failures, answer, Math.random()), undefined, { signal: stopping.signal }).catch(() => undefined);
  };
  const hear = async (answer: Written, next: number): Promise<void> => {
    if (answer.kind === "written") {
      retryLog.fine();
      state.forwarded += 1;
      return moveOn(next);
    }
    if (stopping.signal.aborted) return;
    const reason = reasonOf(answer);
    const kind = answer.kind === "refused" ? String(answer.status) : answer.kind;
    if (mayPassLater(answer)) return pause(reason, kind, answer);
    state.refused += 1;
    rejected.add("refused", reason); // before the cursor moves: counted twice is better than not at all
    retryLog.refusedForGood(kind, reason);
    moveOn(next);
  };
  const step = async (): Promise<void> => {
    const frame = readOf(spool);
    switch (frame.kind) {
      case "body":
        return hear(await writer.write(frame.body), frame.next);
      case "end":
        for (const done of waiting) done();
        return new Promise((resolve) => (wake = resolve));
      case "damaged":
        state.damaged += 1;
        say("a push that was kept on disk cannot be read back, and is lost");
        return moveOn(frame.next);
      case "torn":
        return pause(frame.reason, "spool", { kind: "unreachable", reason: frame.reason });
    }
  };
  const work = (async (): Promise<void> => {
    while (!stopping.signal.aborted) await step();
  })();
  const isDone = (): boolean => spool.cursor() >= spool.size();
  return {
    state: () => ({ ...state }),
    wake: () => wake(),
    flushed(limitSeconds) {
      if (isDone()) return Promise.resolve({ kind: "flushed" });
      return new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          waiting.delete(done);
          const bytes = spool.size() - spool.cursor();
          resolve(isDone() ? { kind: "flushed" } : { kind: "pending", bytes, reason: trouble ?? "Prometheus has not answered yet" });
        };
        const timer = setTimeout(done, Math.min(limitSeconds * 1000, longestTimerMillis));
        waiting.add(done);
        wake();
      });
    },
    async stop() {
      stopping.abort();
      writer.close();
      wake();
      await work;
    },
  };
}

type Read = Exclude<ReturnType<Spool["read"]>, { kind: "torn" }> | { kind: "torn"; reason: string };

function readOf(spool: Spool): Read {
  try {
    const frame = spool.read(spool.cursor());
    return frame.kind === "torn" ? { kind: "torn", reason: "the spool's file was cut by another process" } : frame;
  } catch (error) {
    return { kind: "torn", reason: `the spool cannot be read: ${errorMessage(error)}` };
  }
}
