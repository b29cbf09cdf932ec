import type { Spec } from "../spec/spec.ts";
import { requestsNeeded } from "./clopper-pearson.ts";

/** Says whether a plan can prove an objective at all, if nothing goes wrong. */
export type Provable = { kind: "enough"; objective: string } | { kind: "unknown"; objective: string } | { kind: "short"; objective: string; sentence: string };

/** Compares the requests that a plan offers with those that each objective needs when none is bad. */
export function canProve(spec: Spec, expected: readonly { objective: string; requests: number | "unknown" }[]): Provable[] {
  return expected.flatMap(({ objective, requests }): Provable[] => {
    const target = spec.objectives.find((o) => o.name === objective)?.targetRatio;
    if (target === undefined) return [];
    if (requests === "unknown") return [{ kind: "unknown", objective }];
    const needed = requestsNeeded(0, target, spec.confidence);
    if (requests >= needed) return [{ kind: "enough", objective }];
    const sentence = `${objective}: about ${requests.toLocaleString("en-US")} requests cannot prove ${Number((100 * target).toPrecision(6))} % even without an error; ${needed.toLocaleString("en-US")} are needed`;
    return [{ kind: "short", objective, sentence }];
  });
}
