import { startRelay } from "./relay.ts";

// A relay in a process of its own, to be killed. Arguments: spool folder, URL of the destination. Says its URL on stdout.
const [folder = "", url = ""] = process.argv.slice(2);
const started = await startRelay({ folder, destination: { url }, say: () => undefined });
if (started.kind === "failed") throw new Error(started.message);
process.stdout.write(`${started.relay.url}\n`);
