import type { Host } from "../host/host.ts";
import { findRun, resume, type ResumeOptions } from "../load/resume.ts";
import { openSession } from "../load/session.ts";
import { specOf } from "../load/spec-file.ts";
import { endWith, judgeAndWrite } from "./verdict.ts";

/** Judges a finished run again, or one that could not be judged: forwards what is left of its samples, then asks Prometheus. */
export async function gate(options: ResumeOptions & { spec: string | undefined; json: boolean }, host: Host): Promise<number> {
  const kept = findRun(options.run, host);
  if (kept.kind === "none") return endWith(kept, host);
  const read = specOf(kept.record, options.spec, host);
  if (read.kind === "none") return endWith(read, host);
  read.notes.forEach(host.say);
  await using session = openSession(host);
  const run = await resume(kept, options, host, session);
  return run.kind === "none" ? endWith(run, host) : await judgeAndWrite(run, read.spec, options.json, host);
}
