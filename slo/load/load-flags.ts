import { commandLine } from "../host/command-line.ts";
import type { ClusterOptions } from "./kubernetes.ts";
import type { LoadOptions } from "./prepare.ts";

/** The flags of `load` as commander gives them: what was not given is not there. */
export interface LoadFlags extends Partial<Omit<LoadOptions, "serverLabels" | "settleLimitSeconds"> & ClusterOptions> {
  serverLabel?: Record<string, string>;
  settleLimit: number;
  in?: "kubernetes";
  env?: string;
  config?: string | false;
}

export const optionsOf = ({ serverLabel, settleLimit, ...given }: LoadFlags): LoadOptions => ({
  ...given,
  serverLabels: serverLabel,
  settleLimitSeconds: settleLimit,
});

/** Gives what is said of the cluster that the load comes from, if it comes from one. */
export function clusterOf(given: LoadFlags): ClusterOptions | undefined {
  if (given.in === undefined) return undefined;
  const { pods = 1, context, namespace = "plimsoll", image = "plimsoll:dev", podTemplate, keep = false } = given;
  return { pods, context, namespace, image, podTemplate, keep };
}

export function planContradiction({ scenario, script }: LoadFlags): string | undefined {
  return scenario !== undefined && script !== undefined ? "give a scenario or a script, not both" : undefined;
}

export function loadContradiction(given: LoadFlags): string | undefined {
  if (given.scenario === undefined && given.script === undefined)
    return `give --scenario NAME or --script FILE, or have them in a config: ${commandLine("init", "http://…")} writes one`;
  if (given.fault !== undefined && given.target !== undefined)
    return "--fault is for the storage API that is started here; without --target";
  const isScrapeSaid = (given.scrapePath ?? given.scrapePort ?? given.scrapeScheme) !== undefined;
  if (isScrapeSaid && (given.prometheus ?? given.in) !== undefined)
    return "--scrape-path, --scrape-port and --scrape-scheme are for a Prometheus that is started here, without --prometheus or --in";
  const ofCluster = (["pods", "context", "namespace", "image", "podTemplate", "keep"] as const).find((name) => given[name] !== undefined);
  const inPlace =
    given.in === undefined
      ? ofCluster && `--${ofCluster === "podTemplate" ? "pod-template" : ofCluster} is for --in kubernetes`
      : contradictionInCluster(given);
  return planContradiction(given) ?? inPlace;
}

function contradictionInCluster({ stopOn, fault, store, target, prometheus }: LoadFlags): string | undefined {
  if (stopOn !== undefined) return "--stop-on is for a load from this machine, not in Kubernetes: its pods do not know of each other";
  if (fault !== undefined || store !== undefined)
    return "--fault and --store are for the storage API that is started here, not in Kubernetes";
  const isLoopback = (url: string): boolean => /^(localhost|127\..*|\[::1\]|0\.0\.0\.0)$/.test(new URL(url).hostname);
  const here = [target, prometheus].find((url) => url !== undefined && isLoopback(url));
  if (here === undefined) return undefined;
  return `the pods cannot reach ${here}, which is this machine's own; give an address as they see it, such as http://storage-api.plimsoll:5000`;
}
