import { exitCodes } from "../host/exit-codes.ts";
import type { Host } from "../host/host.ts";
import { openProcessGroup } from "../host/process-group.ts";

/** Opens a session; the first interrupt says `stopping` and aborts its signal, the second releases everything and ends the process. Without words the first does. */
export function openSession(host: Host, stopping?: string) {
  const group = openProcessGroup();
  /** Released when the command ends, last first; the processes of the group after all of them. */
  const held = new AsyncDisposableStack();
  /** Aborts when the user asks to stop, or the parent that could is gone. */
  const abort = new AbortController();
  held.use(group);
  host.onInterrupt((times) => {
    if (times === 1 && stopping !== undefined)
      host.say(`interrupted: ${stopping} and keeping what was measured (once more to stop at once)`);
    abort.abort();
    if (times > 1 || stopping === undefined) void held.disposeAsync().then(() => process.exit(exitCodes.interrupted));
  });
  return { group, signal: abort.signal, held, [Symbol.asyncDispose]: () => held.disposeAsync() };
}

export type Session = ReturnType<typeof openSession>;
