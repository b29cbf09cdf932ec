import { join } from "node:path";
import type { Host } from "../host/host.ts";
import { startPrometheus } from "../run/local-services.ts";
import { readPlan } from "../run/plan.ts";
import type { RunRecord } from "../run/record.ts";
import { resumeRelay } from "../run/relay/resume.ts";
import { resolveTool } from "../run/tools/resolve.ts";
import { rememberOnce, underWay, type KeptRun, type ResumeOptions } from "./kept-run.ts";
import { failed, inconclusive, unflushed, type LoadRun, type NoRun } from "./load-run.ts";
import { prometheusAt } from "./prometheus.ts";
import { resumePods } from "./resume-pods.ts";
import type { Session } from "./session.ts";

/** Makes a run that was kept one that can be judged: forwards what is left of its samples, or reads what its pods have said. */
export function resume(kept: KeptRun, options: ResumeOptions, host: Host, session: Session): Promise<LoadRun | NoRun> {
  return kept.record.cluster === null
    ? resumeSpool(kept, options, host, session)
    : resumePods({ ...kept, cluster: kept.record.cluster }, options, host, session);
}

/** Forwards what is left of a run's spool, and reads from it what was sent. */
async function resumeSpool({ folder, record }: KeptRun, options: ResumeOptions, host: Host, session: Session): Promise<LoadRun | NoRun> {
  const busy = underWay(join(folder, "spool")); // before anything is started on its data
  if (busy) return busy;
  const found = await prometheusOf(options, host, record, folder, session);
  if (found.kind === "none") return found;
  const prometheus = prometheusAt(found.url, host.settings.credentials);
  const resumed = await resumeRelay({
    folder: join(folder, "spool"),
    destination: prometheus.destination,
    say: host.say,
    limitSeconds: options.settleLimitSeconds,
  });
  if (resumed.kind === "failed") return inconclusive(resumed.message);
  if (resumed.kind === "pending") return inconclusive(unflushed(resumed));
  const judgedAs = crashed(record);
  return {
    kind: "run",
    record: judgedAs,
    plan: readPlan(record.inspected),
    sent: resumed.sent,
    sentIsWhole: true,
    caveats: resumed.caveats,
    prometheus,
    now: host.now,
    folder,
    settleLimitSeconds: Math.min(10, options.settleLimitSeconds),
    finished: true,
    judged: async (what) => rememberOnce(folder, record, judgedAs, what),
  };
}

async function prometheusOf(
  { prometheus: asked }: ResumeOptions,
  host: Host,
  { prometheus: { url, embedded } }: RunRecord,
  folder: string,
  { group }: Session,
): Promise<{ kind: "up"; url: string } | NoRun> {
  if (asked !== undefined || !embedded) return { kind: "up", url: asked ?? url };
  const tool = await resolveTool("prometheus", { say: host.say });
  if (tool.kind === "missing") return failed(tool.message);
  const started = await startPrometheus(group, {
    binary: tool.path,
    folder: join(folder, "prometheus"),
    logFile: join(folder, "prometheus.log"),
    job: "none",
    targetUrl: undefined,
    environment: host.environment,
  });
  return started.kind === "failed" ? failed(started.message) : { kind: "up", url: started.url };
}

/** Reads the record of a run whose command died: k6's end is unknown, and that is a caveat. */
function crashed(record: RunRecord): RunRecord {
  if (record.phase === "loaded" || record.phase === "judged") return record;
  return { ...record, caveats: [...record.caveats, "the command that ran the load was killed before k6 ended"] };
}
