import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { openNursery, type Nursery } from "../run/child.ts";
import { readRecord, runFolder, testidPattern, writeRecord, type RunRecord } from "../run/record.ts";
import { resumeRelay } from "../run/relay/resume.ts";
import { startPrometheus } from "../run/stack.ts";
import { resolveTool } from "../run/tools/resolve.ts";
import { formatProblem, loadSpec } from "../spec/load.ts";
import { conclude } from "./conclude.ts";
import { exitCodes } from "./exit-codes.ts";
import { finish } from "./finish.ts";
import type { Host } from "./host.ts";
import { publishVerdict } from "./publish.ts";
import { readSpec } from "./prepare.ts";
import { prometheusApi } from "./settings.ts";
import { receiverOf } from "./stack.ts";

/** Is what a person asked of `gate`. */
export interface GateOptions {
  run: string | undefined;
  spec: string | undefined;
  prometheus: string | undefined;
  settleLimitSeconds: number;
  json: boolean;
}

function latestRun(host: Host): string | undefined {
  const folder = join(host.folder, ".plimsoll", "runs");
  if (!existsSync(folder)) return undefined;
  const runs = readdirSync(folder).flatMap((name) => {
    const read = readRecord(join(folder, name));
    return read.kind === "record" ? [{ name, at: read.record.commandAtSeconds }] : [];
  });
  return runs.toSorted((a, b) => b.at - a.at)[0]?.name;
}

/** Judges a finished run again, or one that could not be judged: forwards what is left in its spool, then asks Prometheus. */
export async function gate(options: GateOptions, host: Host): Promise<number> {
  const testid = options.run ?? latestRun(host);
  if (testid === undefined) return refuse(host, "there is no run in .plimsoll/runs; run one with: npm run load -- --scenario smoke");
  if (!testidPattern.test(testid)) return refuse(host, `${JSON.stringify(testid)} is not the id of a run`);
  const folder = runFolder(host.folder, testid);
  const read = readRecord(folder);
  if (read.kind === "problem") return refuse(host, read.message);
  const nursery = openNursery();
  let interrupted = false;
  host.onInterrupt(() => {
    interrupted = true;
    void nursery.stopAll().then(() => process.exit(exitCodes.interrupted));
  });
  try {
    return await judgeAgain(options, host, read.record, folder, nursery);
  } finally {
    if (!interrupted) await nursery.stopAll();
  }
}

function refuse(host: Host, message: string): number {
  host.say(message);
  return exitCodes.badUsage;
}

function specOf(options: GateOptions, host: Host, record: RunRecord): ReturnType<typeof loadSpec> | { kind: "refused"; message: string } {
  if (options.spec === undefined) return loadSpec(record.specText, record.specFile, record.scenario);
  const read = readSpec(host, options.spec, record.scenario);
  return read.kind === "refused" ? read : { kind: "spec", spec: read.spec };
}

async function prometheusOf(
  options: GateOptions,
  host: Host,
  record: RunRecord,
  folder: string,
  nursery: Nursery,
): Promise<{ url: string } | { message: string }> {
  if (options.prometheus !== undefined) return { url: options.prometheus };
  if (!record.prometheus.embedded) return { url: record.prometheus.url };
  const tool = await resolveTool("prometheus", { say: host.say });
  if (tool.kind === "missing") return { message: tool.message };
  const started = await startPrometheus(nursery, {
    ...{ binary: tool.path, folder: join(folder, "prometheus"), logFile: join(folder, "prometheus.log") },
    ...{ job: "none", targetUrl: undefined, environment: host.environment },
  });
  return started.kind === "failed" ? { message: started.message } : { url: started.url };
}

async function judgeAgain(options: GateOptions, host: Host, record: RunRecord, folder: string, nursery: Nursery): Promise<number> {
  const loaded = specOf(options, host, record);
  if (loaded.kind === "refused") return refuse(host, loaded.message);
  if (loaded.kind === "problems") return refuse(host, loaded.problems.map(formatProblem).join("\n"));
  const prometheus = await prometheusOf(options, host, record, folder, nursery);
  if ("message" in prometheus) {
    host.say(prometheus.message);
    return exitCodes.notCarriedOut;
  }
  const resumed = await resumeRelay({
    folder: join(folder, "spool"),
    receiver: receiverOf(prometheus.url, host.settings.credentials),
    say: host.say,
    limitSeconds: options.settleLimitSeconds,
  });
  if (resumed.kind !== "flushed") {
    host.say(
      `inconclusive: ${resumed.kind === "pending" ? `${resumed.bytes} bytes of samples are not in Prometheus: ${resumed.reason}` : resumed.message}`,
    );
    return exitCodes.inconclusive;
  }
  const { phase } = record;
  const concluded = await conclude({
    ...{ record: crashed(record), spec: loaded.spec, api: prometheusApi(prometheus.url, host.settings.credentials), sent: resumed.sent },
    ...{ relayDoubts: resumed.doubts, settleLimitSeconds: Math.min(10, options.settleLimitSeconds), say: host.say, now: host.now },
    finished: true,
  });
  if (concluded.kind === "unreachable") {
    host.say(`inconclusive: Prometheus does not answer: ${concluded.reason}`);
    return exitCodes.inconclusive;
  }
  if (concluded.kind === "problems") return refuse(host, concluded.messages.join("\n"));
  const unpublished = await publishVerdict(concluded.report, receiverOf(prometheus.url, host.settings.credentials), host.now());
  if (unpublished) host.say(unpublished);
  if (phase !== "judged" && record.k6?.endedAtSeconds)
    writeRecord(folder, { ...record, phase: "judged", countedUntilSeconds: concluded.countedUntilSeconds });
  return finish(concluded.report, folder, host, options.json);
}

/** Reads the record of a run whose conductor died: k6's end is unknown, and that is a doubt. */
function crashed(record: RunRecord): RunRecord {
  if (record.phase === "loaded" || record.phase === "judged") return record;
  return { ...record, doubts: [...record.doubts, "the command that ran the load was killed before k6 ended"] };
}
