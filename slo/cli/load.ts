import type { Host } from "../host/host.ts";
import { addressesInCluster, runInKubernetes, type ClusterOptions } from "../load/kubernetes.ts";
import { runLocally } from "../load/local.ts";
import { planSentences, prepare, type LoadOptions } from "../load/prepare.ts";
import { openSession } from "../load/session.ts";
import { dropUnstarted } from "../run/record.ts";
import { diskSentences } from "../run/relay/disk.ts";
import { endWith, judgeAndWrite } from "./verdict.ts";

/** Runs `load`: prepares, loads from here or from pods, judges, writes; gives the exit code. */
export async function load(asked: LoadOptions, where: ClusterOptions | undefined, host: Host): Promise<number> {
  const options = where === undefined ? asked : addressesInCluster(asked, where);
  const prepared = await prepare(options, host);
  if (prepared.kind === "none") return endWith(prepared, host);
  planSentences(prepared).forEach(host.say);
  if (where === undefined) diskSentences(prepared.plan.loadSeconds, prepared.folder).forEach(host.say);
  try {
    await using session = openSession(host, where === undefined ? "stopping k6" : "stopping the pods");
    const run = where === undefined ? await runLocally(prepared, host, session) : await runInKubernetes(prepared, where, host, session);
    return run.kind === "none" ? endWith(run, host) : await judgeAndWrite(run, prepared.spec, options.json ?? false, host);
  } finally {
    dropUnstarted(prepared.folder);
  }
}
