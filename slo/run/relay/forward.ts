import type { Spool } from "./spool.ts";
import type { Writer, Written } from "./write.ts";

/** Is how far forwarding has come. */
export interface Forwarded {
  forwarded: number;
  retries: number;
  /** Bodies that the receiver refused for good; their samples are lost to it. */
  refused: number;
  /** What it said last, when it did not take a body. */
  lastReason: string | undefined;
}

/** Forwards a spool in order, one body at a time, for as long as it takes. */
export interface Forwarder {
  state(): Forwarded;
  /** Tells it that there is more. */
  wake(): void;
  /** Waits until everything is forwarded or the limit is reached. */
  flushed(limitSeconds: number): Promise<boolean>;
  stop(): Promise<void>;
}

const firstPauseMillis = 50;
const longestPauseMillis = 2000;

/** Says whether a refusal is about the receiver (credentials, overload, its own fault), so that the same body may pass later. */
function mayPassLater(answer: Exclude<Written, { kind: "written" }>): boolean {
  return answer.kind === "unreachable" || answer.status >= 500 || [401, 403, 404, 405, 408, 425, 429].includes(answer.status);
}

const reasonOf = (answer: Exclude<Written, { kind: "written" }>): string =>
  answer.kind === "unreachable" ? answer.reason : `${answer.status} ${answer.reason}`;

/** Starts forwarding; `say` hears when the receiver goes and when it is back. */
export function startForwarder(spool: Spool, writer: Writer, say: (line: string) => void): Forwarder {
  const state: Forwarded = { forwarded: 0, retries: 0, refused: 0, lastReason: undefined };
  let stopping = false;
  let gone = false;
  let pause = firstPauseMillis;
  let rouse: () => void = () => undefined;
  const idle = new Set<() => void>();
  const rest = (millis: number | undefined): Promise<void> =>
    new Promise((resolve) => {
      const timer = millis === undefined ? undefined : setTimeout(resolve, millis);
      rouse = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  const afterWrite = async (answer: Written, next: number): Promise<void> => {
    if (answer.kind === "written") {
      if (gone) say("Prometheus takes samples again");
      gone = false;
      pause = firstPauseMillis;
      state.forwarded += 1;
      return spool.moveCursor(next);
    }
    state.lastReason = reasonOf(answer);
    if (!mayPassLater(answer)) {
      state.refused += 1;
      say(`Prometheus refuses samples for good: ${state.lastReason}`);
      return spool.moveCursor(next);
    }
    if (!gone) say(`Prometheus does not take samples: ${state.lastReason}; they are kept and sent again`);
    gone = true;
    state.retries += 1;
    const asked =
      answer.kind === "refused" && answer.retryAfterSeconds !== undefined ? Math.min(answer.retryAfterSeconds * 1000, 10_000) : 0;
    const wait = Math.max(pause * (0.75 + Math.random() / 2), asked);
    pause = Math.min(pause * 2, longestPauseMillis);
    const until = performance.now() + wait;
    while (!stopping && performance.now() < until) await rest(until - performance.now());
  };
  const work = (async (): Promise<void> => {
    while (!stopping) {
      const record = spool.read(spool.cursor());
      if (record === undefined) {
        for (const done of idle) done();
        await rest(undefined);
        continue;
      }
      const answer = await writer.write(record.body);
      await afterWrite(answer, record.next);
    }
  })();
  return {
    state: () => ({ ...state }),
    wake: () => rouse(),
    flushed(limitSeconds) {
      if (spool.cursor() >= spool.size()) return Promise.resolve(true);
      return new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          idle.delete(done);
          resolve(true);
        };
        const timer = setTimeout(() => {
          idle.delete(done);
          resolve(spool.cursor() >= spool.size());
        }, limitSeconds * 1000);
        idle.add(done);
        rouse();
      });
    },
    async stop() {
      stopping = true;
      writer.close();
      rouse();
      await work;
    },
  };
}
