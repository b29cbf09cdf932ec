import { join } from "node:path";
import type { Child, ProcessGroup } from "../host/process-group.ts";
import { startPrometheus, startTarget, type NotStarted } from "../run/local-services.ts";
import { freePort } from "../run/ports.ts";
import type { Host } from "../host/host.ts";
import type { LoadOptions, Prepared } from "./prepare.ts";

/** What a run works with: a target and a Prometheus, started here or given. */
export interface Place {
  target: string;
  prometheus: string;
  /** True when Prometheus was started here, with its data in the run's folder. */
  embedded: boolean;
}

/** Such a place on this machine, with the children that were started for it. */
export interface Stack extends Place {
  kind: "up";
  children: Child[];
}

function targetEnvironment(options: LoadOptions, host: Host, folder: string): NodeJS.ProcessEnv {
  return {
    ...host.environment,
    STORE: options.store,
    ...(options.store === "sqlite" ? { STORE_FILE: join(folder, "store.sqlite") } : {}),
    ...(options.fault === undefined ? {} : { FAULTS: options.fault }),
  };
}

/** Starts what was not given: the storage API without `--target`, Prometheus without `--prometheus`; both at once. */
export async function startStack({ options, folder, ...prepared }: Prepared, host: Host, group: ProcessGroup): Promise<Stack | NotStarted> {
  const port = await freePort();
  const targetUrl = options.target ?? `http://127.0.0.1:${port}`;
  const startingTarget =
    options.target === undefined
      ? startTarget(group, {
          root: host.project,
          logFile: join(folder, "target.log"),
          port,
          environment: targetEnvironment(options, host, folder),
        })
      : undefined;
  // What a person wrote by hand may be refused, and then nothing else is to be started.
  const early = options.fault === undefined ? undefined : await startingTarget;
  if (early?.kind === "failed") return early;
  const [target, prometheus] = await Promise.all([
    startingTarget,
    prepared.prometheus
      ? startPrometheus(group, {
          binary: prepared.prometheus,
          folder: join(folder, "prometheus"),
          logFile: join(folder, "prometheus.log"),
          job: prepared.spec.service,
          targetUrl,
          environment: host.environment,
        })
      : undefined,
  ]);
  if (target?.kind === "failed") return target;
  if (prometheus?.kind === "failed") return prometheus;
  return {
    kind: "up",
    target: targetUrl,
    prometheus: options.prometheus ?? prometheus?.url ?? "",
    embedded: options.prometheus === undefined,
    children: [target, prometheus].flatMap((started) => (started ? [started.child] : [])),
  };
}
