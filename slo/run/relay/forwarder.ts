import { setTimeout as sleep } from "node:timers/promises";
import { errorMessage } from "../../host/error-message.ts";
import { waitFor } from "../../host/wait.ts";
import type { Rejected } from "./rejected.ts";
import { openRetryLog } from "./retry-log.ts";
import { mayPassLater, reasonOf, type NotWritten, type pauseMillis } from "./retry.ts";
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

/** Starts the forwarding of a spool in order, one body at a time, for as long as it takes. */
export function startForwarder(forwarding: Forwarding) {
  const { spool, writer } = forwarding;
  const stopping = new AbortController();
  let wake: () => void = () => undefined;
  const awaitMore = (): Promise<void> => new Promise((resolve) => (wake = resolve));
  const delivery = openDelivery(forwarding, stopping.signal, awaitMore);
  const work = (async (): Promise<void> => {
    while (!stopping.signal.aborted) await delivery.step();
  })();
  return {
    /** Tells it that there is more. */
    wake: () => wake(),
    /** Waits until everything is forwarded or the limit is reached. */
    async flushed(limitSeconds: number): Promise<Flushed> {
      if (await waitFor(async () => spool.isForwarded() || undefined, limitSeconds, 5, 100)) return { kind: "flushed" };
      return { kind: "pending", bytes: spool.waitingBytes(), reason: delivery.trouble() ?? "Prometheus has not answered yet" };
    },
    async stop(): Promise<void> {
      stopping.abort();
      writer.close();
      wake();
      await work;
    },
  };
}

const sortOf = (answer: NotWritten): string => (answer.kind === "refused" ? String(answer.status) : answer.kind);

/** Opens what takes one step at a time: the body at the cursor is forwarded, tried again after a pause, or given up. */
function openDelivery({ spool, writer, rejected, say, ...ports }: Forwarding, signal: AbortSignal, awaitMore: () => Promise<void>) {
  const retryLog = openRetryLog(say, () => performance.now());
  let [failures, trouble]: [number, string | undefined] = [0, undefined];
  const moveOn = (): void => {
    [failures, trouble] = [0, undefined];
    spool.advance();
  };
  const tryLater = async (answer: NotWritten): Promise<void> => {
    [failures, trouble] = [failures + 1, reasonOf(answer)];
    retryLog.trouble(sortOf(answer), trouble);
    await sleep(ports.pauseMillis(failures, answer, Math.random()), undefined, { signal }).catch(() => undefined);
  };
  const settle = async (answer: Written): Promise<void> => {
    if (answer.kind === "written") {
      retryLog.fine();
      return moveOn();
    }
    if (signal.aborted) return;
    if (mayPassLater(answer)) return tryLater(answer);
    rejected.add("refused", reasonOf(answer)); // before the cursor moves: counted twice is better than not at all
    retryLog.refusedForGood(sortOf(answer), reasonOf(answer));
    moveOn();
  };
  const step = async (): Promise<void> => {
    const next = readNext(spool);
    switch (next.kind) {
      case "push":
        return settle(await writer.write(next.body));
      case "end":
        return awaitMore();
      case "damaged":
        say("a push that was kept on disk cannot be read back, and is lost");
        return moveOn();
      case "unreachable":
        return tryLater(next);
    }
  };
  return { trouble: () => trouble, step };
}

/** Reads the push at the cursor; a spool that cannot be read now is like a destination that is away. */
function readNext(spool: Spool): Standing | Extract<Written, { kind: "unreachable" }> {
  try {
    return spool.read();
  } catch (error) {
    return { kind: "unreachable", reason: `the spool cannot be read: ${errorMessage(error)}` };
  }
}
