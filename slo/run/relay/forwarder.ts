import { setTimeout as sleep } from "node:timers/promises";
import { errorMessage } from "../../host/error-message.ts";
import { waitFor } from "../../host/wait.ts";
import type { Rejected } from "./rejected.ts";
import { mayPassLater, type NotWritten, openRetryLog, type pauseMillis, reasonOf } from "./retry.ts";
import type { Spool, Standing } from "./spool.ts";
import type { Writer, Written } from "./write.ts";

/** How a wait for everything to be forwarded ends; `reason` is why it is not going on. */
export type Flushed = { kind: "flushed" } | { kind: "pending"; bytes: number; reason: string };

/** What forwarding goes from and to; `say` takes a line when the destination goes and when it is back. */
export interface Forwarding {
  spool: Spool;
  writer: Writer;
  rejected: Rejected;
  say: (line: string) => void;
  pauseMillis: typeof pauseMillis;
}

export function startForwarder({ spool, writer, rejected, say, pauseMillis: pauseOf }: Forwarding) {
  const stopping = new AbortController();
  const { signal } = stopping;
  const retryLog = openRetryLog(say, () => performance.now());
  let wake: () => void = () => undefined;
  let [failures, trouble]: [number, string | undefined] = [0, undefined];
  const moveOn = (): void => {
    [failures, trouble] = [0, undefined];
    spool.advance();
  };
  const tryLaterOrNever = async (answer: NotWritten): Promise<void> => {
    if (signal.aborted) return;
    const [sort, reason] = [answer.kind === "refused" ? String(answer.status) : answer.kind, reasonOf(answer)];
    if (!mayPassLater(answer)) {
      rejected.add("refused", reason); // before the cursor moves: counted twice is better than not at all
      retryLog.refusedForGood(sort, reason);
      return moveOn();
    }
    [failures, trouble] = [failures + 1, reason];
    retryLog.trouble(sort, reason);
    await sleep(pauseOf(failures, answer, Math.random()), undefined, { signal }).catch(() => undefined);
  };
  /** The push at the cursor is forwarded, tried again after a pause, or given up. */
  const step = async (): Promise<void> => {
    const next = readNext(spool);
    const answer = next.kind === "push" ? await writer.write(next.body) : next;
    switch (answer.kind) {
      case "written":
        retryLog.fine();
        return moveOn();
      case "damaged":
        say("a push that was kept on disk cannot be read back, and is lost");
        return moveOn();
      case "end":
        return new Promise((resolve) => (wake = resolve));
      case "refused":
      case "unreachable":
        return tryLaterOrNever(answer);
    }
  };
  const work = (async (): Promise<void> => {
    while (!signal.aborted) await step();
  })();
  return {
    wake: () => wake(),
    async flushed(limitSeconds: number): Promise<Flushed> {
      if (await waitFor(async () => spool.isForwarded() || undefined, limitSeconds, 5, 100)) return { kind: "flushed" };
      return { kind: "pending", bytes: spool.waitingBytes(), reason: trouble ?? "Prometheus has not answered yet" };
    },
    async stop(): Promise<void> {
      stopping.abort();
      writer.close();
      wake();
      await work;
    },
  };
}

/** Reads the push at the cursor; a spool that cannot be read now is like a destination that is away. */
function readNext(spool: Spool): Standing | Extract<Written, { kind: "unreachable" }> {
  try {
    return spool.read();
  } catch (error) {
    return { kind: "unreachable", reason: `the spool cannot be read: ${errorMessage(error)}` };
  }
}
