import { join } from "node:path";
import { z } from "zod";
import type { Child } from "../slo/host/process-group.ts";
import type { Bench } from "./figure.ts";

const stateSchema = z.object({
  cpuSeconds: z.number(),
  received: z.number(),
  samples: z.number(),
  forwarded: z.number(),
  refused: z.number(),
});
type State = z.infer<typeof stateSchema>;

/** Is a relay that runs in a process of its own. */
export interface RelayChild {
  url: string;
  child: Child;
  /** Asks what it has used and done so far. */
  state: () => Promise<State>;
}

/** Starts a relay process that forwards to a receiver. */
export async function startRelayChild(bench: Bench, name: string, receiver: string): Promise<RelayChild> {
  let hear: (line: string) => void = () => undefined;
  const heard = (): Promise<string> => new Promise((resolve) => (hear = resolve));
  const first = heard();
  const child = bench.nursery.start({
    name: "relay",
    command: process.execPath,
    args: ["--import", "tsx", join(bench.project, "bench/relay-process.ts"), join(bench.folder, name), receiver],
    environment: process.env,
    folder: bench.project,
    logFile: join(bench.folder, `${name}.log`),
    onLine: (line, from) => from === "stdout" && hear(line),
  });
  const gone = child.exited.then(() => Promise.reject(new Error(`the relay ended:\n${child.tail().join("\n")}`)));
  gone.catch(() => undefined);
  const { url } = z.object({ url: z.string() }).parse(JSON.parse(await Promise.race([first, gone])));
  return {
    url,
    child,
    async state() {
      const line = heard();
      child.signal("SIGUSR2");
      return stateSchema.parse(JSON.parse(await Promise.race([line, gone])));
    },
  };
}
