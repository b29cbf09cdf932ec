import type { RunRecord } from "../run/record.ts";
import { conclude, type ConcludeOptions } from "../verify/verify.ts";
import { exitCodes } from "../host/exit-codes.ts";
import { finish, orSay } from "./write-report.ts";
import type { Host } from "../host/host.ts";
import { publishVerdict } from "./publish.ts";
import type { BothSides } from "../host/settings.ts";

/** A run of which everything is written, and where its report goes. */
export interface Finished extends Omit<ConcludeOptions, "say" | "api"> {
  folder: string;
  prometheus: BothSides;
  json: boolean;
  /** Keeps what a later verdict cannot find out again. */
  remember: (judged: Pick<RunRecord, "countedUntilSeconds" | "timings">) => void;
}

/** Gives how long to wait for Prometheus at the end of a run: who interrupted one is not kept waiting. */
export function settleLimitOf({ interrupted }: RunRecord, settleLimitSeconds: number): number {
  return interrupted ? Math.min(10, settleLimitSeconds) : settleLimitSeconds;
}

/** Repeats the first errors that k6 told, each once. */
export function sayK6Errors({ k6 }: RunRecord, host: Host): void {
  for (const error of [...new Set(k6?.errors ?? [])].slice(0, 5)) host.say(`k6: ${error}`);
}

/** Concludes a run, writes its verdict to Prometheus and its report to its folder; `pending`: Prometheus could not be asked. */
export async function reachVerdict(
  run: Finished,
  host: Host,
): Promise<{ kind: "exit"; exitCode: number } | { kind: "pending"; reason: string }> {
  const { api, destination } = run.prometheus;
  const concluded = await conclude({ ...run, api, say: host.say });
  if (concluded.kind === "unreachable")
    return { kind: "pending", reason: `the counts cannot be read from Prometheus: ${concluded.reason}` };
  if (concluded.kind === "problems") {
    host.live(undefined);
    host.say(concluded.messages.join("\n"));
    return { kind: "exit", exitCode: run.finished ? exitCodes.badUsage : exitCodes.notCarriedOut };
  }
  const { toFirstRequestSeconds, toVerdictSeconds } = concluded.report.timings;
  orSay(host, () =>
    run.remember({ countedUntilSeconds: concluded.countedUntilSeconds, timings: { toFirstRequestSeconds, toVerdictSeconds } }),
  );
  const unpublished = await publishVerdict(concluded.report, destination, run.now());
  if (unpublished) host.say(unpublished);
  return { kind: "exit", exitCode: finish(concluded.report, run.folder, host, run.json) };
}
