import { join } from "node:path";
import { errorMessage } from "../host/error-message.ts";
import { exitCodes } from "../host/exit-codes.ts";
import type { Host } from "../host/host.ts";
import { pendingMessage, type LoadRun, type NoRun } from "../load/load-run.ts";
import { writeSamples } from "../load/prometheus.ts";
import { linesOfRequests } from "../load/target-log.ts";
import type { Report } from "../report/schema.ts";
import { verdictSeries } from "../report/verdict-series.ts";
import type { Spec } from "../spec/spec.ts";
import { verify } from "../verify/verify.ts";
import { writeReport } from "./write-report.ts";

/** Says why there is no load to judge; gives the exit code. */
export function endWith({ message, exitCode }: NoRun, host: Host): number {
  host.live(undefined);
  if (message !== "") host.say(message);
  return exitCode;
}

/** Puts what the local target logged of the sampled requests beside them. */
async function withLogLines(report: Report, folder: string): Promise<Report> {
  const { samples } = report;
  if (samples === undefined) return report;
  const ids = new Set(samples.flatMap(({ requestId }) => (requestId === "" ? [] : [requestId])));
  const lines = await linesOfRequests(join(folder, "target.log"), ids);
  return { ...report, samples: samples.map((sample) => ({ ...sample, log: lines.get(sample.requestId) ?? [] })) };
}

/** Judges a run, writes its verdict to Prometheus and its report to its folder; gives the exit code. */
export async function judgeAndWrite(run: LoadRun, spec: Spec, json: boolean, host: Host): Promise<number> {
  const verified = await verify(run, spec, host.say);
  switch (verified.kind) {
    case "unreachable": {
      host.say(pendingMessage(run.record, run.folder, `the counts cannot be read from Prometheus: ${verified.reason}`));
      return run.record.interrupted ? exitCodes.interrupted : exitCodes.inconclusive;
    }
    case "problems": {
      host.say(verified.messages.join("\n"));
      return run.finished ? exitCodes.badUsage : exitCodes.notCarriedOut;
    }
    case "verified": {
      const { countedUntilSeconds } = verified;
      const report = await withLogLines(verified.report, run.folder);
      const { toFirstRequestSeconds, toVerdictSeconds } = report.timings;
      await run.judged({ countedUntilSeconds, timings: { toFirstRequestSeconds, toVerdictSeconds } }).catch((error: unknown) => {
        host.say(errorMessage(error)); // a full disk costs the record, never the verdict
      });
      const nowSeconds = run.now();
      const unwritten = await writeSamples(run.prometheus.destination, verdictSeries(report, nowSeconds), Math.round(nowSeconds * 1000));
      if (unwritten !== undefined) host.say(`the verdict could not be written to Prometheus: ${unwritten}`);
      return writeReport(report, run.folder, host, json);
    }
  }
}
