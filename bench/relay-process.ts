import { startRelay } from "../slo/run/relay/relay.ts";

// A relay in a process of its own, for relay.ts. Arguments: spool folder, URL of the receiver.
// Says on stdout where it listens and, at each SIGUSR2, what it has used and done.
const [folder = "", url = ""] = process.argv.slice(2);
const started = await startRelay({ folder, receiver: { url }, say: (line) => process.stderr.write(`${line}\n`) });
if (started.kind === "failed") throw new Error(started.message);
const { relay } = started;
process.on("SIGUSR2", () => {
  const { user, system } = process.cpuUsage();
  process.stdout.write(`${JSON.stringify({ cpuSeconds: (user + system) / 1e6, ...relay.counts() })}\n`);
});
process.on("SIGTERM", () => void relay.close());
process.stdout.write(`${JSON.stringify({ url: relay.url })}\n`);
