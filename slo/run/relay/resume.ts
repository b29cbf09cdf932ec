import { existsSync } from "node:fs";
import { join } from "node:path";
import { openRelay, type RelayPlace, type RelayPorts } from "./open.ts";
import type { SentCounts } from "./sent-totals.ts";

/** How a resumed forwarding ends. */
export type Resumed =
  | { kind: "flushed"; sent: SentCounts; caveats: string[] }
  | { kind: "pending"; bytes: number; reason: string }
  | { kind: "failed"; message: string };

/** Forwards what an earlier run left in its spool, and reads from it what was sent. */
export async function resumeRelay(options: RelayPlace & { limitSeconds: number }, ports?: RelayPorts): Promise<Resumed> {
  if (!existsSync(join(options.folder, "rejected"))) return { kind: "failed", message: `the run has no spool in ${options.folder}` };
  const opened = openRelay(options, ports);
  if (opened.kind === "failed") return opened;
  try {
    const flushed = await opened.forwarder.flushed(options.limitSeconds);
    return flushed.kind === "pending" ? flushed : { kind: "flushed", sent: opened.totals, caveats: opened.caveats() };
  } finally {
    await opened.close();
  }
}
