import { configFor } from "../config/fill-in.ts";
import { decidedBefore, uploadReport, writeReport } from "../history/write-report.ts";
import { errorMessage } from "../host/error-message.ts";
import { exitCodes } from "../host/exit-codes.ts";
import type { Host } from "../host/host.ts";
import { addressesInCluster, runInKubernetes, type ClusterOptions } from "../load/kubernetes.ts";
import type { LoadFlags } from "../load/load-flags.ts";
import { pendingMessage, type LoadRun, type NoRun } from "../load/load-run.ts";
import { runLocally } from "../load/local.ts";
import { planSentences, prepare, type LoadOptions } from "../load/prepare.ts";
import { writeSamples } from "../load/prometheus.ts";
import { findRun, resume, type ResumeOptions } from "../load/resume.ts";
import { openSession } from "../load/session.ts";
import { specOf } from "../load/spec-file.ts";
import { findTestRun, resumeTestRun, type TestRunOptions } from "../load/test-run.ts";
import { withLogLines } from "../load/target-log.ts";
import { verdictSeries } from "../report/verdict-series.ts";
import { dropUnstarted } from "../run/record.ts";
import { diskSentences } from "../run/relay/disk.ts";
import type { Spec } from "../spec/spec.ts";
import { withTelemetry } from "../verify/telemetry.ts";
import { verify } from "../verify/verify.ts";

/** Runs `load`: prepares, loads from here or from pods, judges, writes; gives the exit code. */
export async function load(asked: LoadOptions, where: ClusterOptions | undefined, host: Host): Promise<number | NoRun> {
  const options = where === undefined ? asked : addressesInCluster(asked, where);
  const prepared = await prepare(options, host);
  if (prepared.kind === "none") return prepared;
  planSentences(prepared).forEach(host.say);
  if (where === undefined) diskSentences(prepared.plan.loadSeconds, prepared.folder).forEach(host.say);
  try {
    await using session = openSession(host, where === undefined ? "stopping k6" : "stopping the pods");
    const run = where === undefined ? await runLocally(prepared, host, session) : await runInKubernetes(prepared, where, host, session);
    return run.kind === "none" ? run : await judgeAndWrite(run, prepared.spec, options, host, session.signal);
  } finally {
    dropUnstarted(prepared.folder);
  }
}

export type GateOptions = ResumeOptions &
  Pick<TestRunOptions, "scenario" | "script" | "context" | "namespace"> & { testrun?: string } & Pick<
    LoadFlags,
    "spec" | "json" | "upload" | "config" | "serverLabel" | "traces" | "logs"
  >;

/** Judges a finished run again, or one that could not be judged: forwards what is left of its samples, then asks Prometheus. */
export async function gate(options: GateOptions, opened: Host): Promise<number | NoRun> {
  if (options.testrun !== undefined) return gateTestRun(options.testrun, { ...options, serverLabels: options.serverLabel }, opened);
  const kept = findRun(options.run, opened);
  if (kept.kind === "none") return kept;
  const ready = await configFor(options.prometheus ?? kept.record.prometheus.url, options.config, opened);
  if (ready.kind === "none") return ready;
  const { host } = ready;
  const read = specOf(kept.record, options.spec, host);
  if (read.kind === "none") return read;
  read.notes.forEach(host.say);
  await using session = openSession(host);
  const run = await resume(kept, options, host, session);
  return run.kind === "none" ? run : await judgeAndWrite(run, read.spec, options, host, session.signal);
}

/** Judges a TestRun of k6-operator that has ended: one verdict over all its runners. */
async function gateTestRun(name: string, options: GateOptions & TestRunOptions, opened: Host): Promise<number | NoRun> {
  const found = await findTestRun(name, options);
  if (found.kind === "none") return found;
  const ready = await configFor(options.prometheus ?? found.prometheus, options.config, opened);
  if (ready.kind === "none") return ready;
  await using session = openSession(ready.host);
  const resumed = await resumeTestRun(found, { ...options, spec: options.spec ?? ready.spec }, ready.host, session);
  return resumed.kind === "none" ? resumed : await judgeAndWrite(resumed.run, resumed.spec, options, ready.host, session.signal);
}

/** How long traces and logs are waited for, which no verdict needs. */
const telemetryLimitSeconds = 15;

/** Judges a run, writes its verdict to Prometheus and its report to its folder, and where else it is wanted; gives the exit code. */
async function judgeAndWrite(
  run: LoadRun,
  spec: Spec,
  wanted: Pick<LoadFlags, "json" | "upload" | "traces" | "logs" | "spec"> & { testrun?: string },
  host: Host,
  signal: AbortSignal,
): Promise<number> {
  const verified = await verify(run, spec, host.say, signal);
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
      const { telemetry } = run.record;
      const addresses = { traces: wanted.traces ?? telemetry?.traces, logs: wanted.logs ?? telemetry?.logs };
      const { samples } = verified.report;
      const logged = samples ? { ...verified.report, samples: await withLogLines(samples, run.folder) } : verified.report;
      const report = await withTelemetry(logged, addresses, { fetch, say: host.say, limitSeconds: telemetryLimitSeconds });
      const { loadSeconds: _, ...timings } = report.timings;
      await run.judged({ countedUntilSeconds: verified.countedUntilSeconds, timings }).catch((error: unknown) => {
        host.say(errorMessage(error)); // a full disk costs the record, never the verdict
      });
      const nowSeconds = run.now();
      const series = (): Promise<string | undefined> =>
        writeSamples(run.prometheus.destination, verdictSeries(report, nowSeconds), Math.round(nowSeconds * 1000));
      const unwritten = decidedBefore(report, run.folder) ? undefined : await series();
      if (unwritten !== undefined) host.say(`the verdict could not be written to Prometheus: ${unwritten}`);
      const sameSpec = wanted.spec === undefined && wanted.testrun === undefined;
      const exitCode = writeReport(report, run.folder, host, { json: wanted.json ?? false, sameSpec });
      const url = wanted.upload ?? host.settings.upload;
      if (url !== undefined) await uploadReport(url, run.folder, host);
      return exitCode;
    }
  }
}
