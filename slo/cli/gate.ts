import type { Host } from "../host/host.ts";
import { findRun, resume, type ResumeOptions } from "../load/resume.ts";
import { openSession } from "../load/session.ts";
import { specOf } from "../load/spec-file.ts";
import { withCredentialsOf, type AskedConfig } from "./config.ts";
import { endWith, judgeAndWrite } from "./verdict.ts";

/** What a person asked of `gate`, its config included. */
export type GateOptions = ResumeOptions & { spec?: string; json?: boolean; config?: AskedConfig };

/** Judges a finished run again, or one that could not be judged: forwards what is left of its samples, then asks Prometheus. */
export async function gate(options: GateOptions, opened: Host): Promise<number> {
  const kept = findRun(options.run, opened);
  if (kept.kind === "none") return endWith(kept, opened);
  const ready = await withCredentialsOf(options.prometheus ?? kept.record.prometheus.url, options.config, opened);
  if (ready.kind === "none") return endWith(ready, opened);
  const { host } = ready;
  const read = specOf(kept.record, options.spec, host);
  if (read.kind === "none") return endWith(read, host);
  read.notes.forEach(host.say);
  await using session = openSession(host);
  const run = await resume(kept, options, host, session);
  return run.kind === "none" ? endWith(run, host) : await judgeAndWrite(run, read.spec, options.json ?? false, host);
}
