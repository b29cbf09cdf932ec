import { join } from "node:path";
import { z } from "zod";
import type { Bench } from "./figure.ts";
import type { Part } from "./started.ts";

const listening = z.object({ url: z.string() });
const state = z.object({ cpuSeconds: z.number(), samples: z.number(), forwarded: z.number(), refused: z.number() });

/** A relay that runs in a process of its own; `state` asks what it has used and done so far. */
export interface RelayChild extends Part {
  state: () => Promise<z.infer<typeof state>>;
}

/** Starts a relay process that forwards to a receiver. */
export async function startRelayChild({ nursery, project, folder }: Bench, name: string, receiver: string): Promise<RelayChild> {
  let hear: (line: string) => void = () => undefined;
  const heard = (): Promise<string> => new Promise((resolve) => (hear = resolve));
  const first = heard();
  const child = nursery.start({
    name: "relay",
    command: process.execPath,
    args: ["--import", "tsx", join(project, "bench/relay-process.ts"), join(folder, name), receiver],
    environment: process.env,
    folder: project,
    logFile: join(folder, `${name}.log`),
    onLine: (line, from) => from === "stdout" && hear(line),
  });
  const gone = child.exited.then(() => Promise.reject(new Error(`the relay ended:\n${child.tail().join("\n")}`)));
  gone.catch(() => undefined);
  const read = async <T>(schema: z.ZodType<T>, line: Promise<string>): Promise<T> =>
    schema.parse(JSON.parse(await Promise.race([line, gone])));
  const { url } = await read(listening, first);
  return {
    url,
    child,
    state: () => {
      const line = heard();
      child.signal("SIGUSR2");
      return read(state, line);
    },
  };
}
