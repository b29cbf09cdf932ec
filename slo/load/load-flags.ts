import { z } from "zod";
import { commandLine } from "../host/command-line.ts";
import stated from "./exclusions.json" with { type: "json" };
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

const flag = z.custom<keyof LoadFlags>((name) => typeof name === "string");
const exclusion = z.strictObject({ flags: z.array(flag), without: z.array(flag).default([]), needs: flag.optional(), because: z.string() });
const exclusions = z.array(exclusion).parse(stated);

const isLoopback = (url: string): boolean => /^(localhost|127\..*|\[::1\]|0\.0\.0\.0)$/.test(new URL(url).hostname);

/** Says why flags, or what a config says in their place, exclude each other; undefined where they do not. */
export function planContradiction(given: LoadFlags): string | undefined {
  const isSaid = (name: keyof LoadFlags): boolean => given[name] !== undefined;
  const excludes = ({ without, needs }: z.infer<typeof exclusion>): boolean => without.some(isSaid) || (!!needs && !isSaid(needs));
  return exclusions.find((one) => one.flags.some(isSaid) && excludes(one))?.because;
}

export function loadContradiction(given: LoadFlags): string | undefined {
  if (given.scenario === undefined && given.script === undefined)
    return `give --scenario NAME or --script FILE, or have them in a config: ${commandLine("init", "http://…")} writes one`;
  const here = given.in && [given.target, given.prometheus].find((url) => url !== undefined && isLoopback(url));
  const unreachable =
    here &&
    `the pods cannot reach ${here}, which is this machine's own; give an address as they see it, such as http://storage-api.plimsoll:5000`;
  return planContradiction(given) ?? unreachable;
}
