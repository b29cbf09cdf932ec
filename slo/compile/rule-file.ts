import { stringify } from "yaml";
import type { RuleGroup } from "./rules.ts";

/** How rules are written: as Prometheus's own file, or as the object of prometheus-operator. */
export type RuleFormat = "prometheus" | "operator";

/** Writes rules as YAML, below comments that say where they come from. */
export function ruleFile(groups: readonly RuleGroup[], format: RuleFormat, name: string, comments: readonly string[]): string {
  const metadata = { name, labels: { "app.kubernetes.io/part-of": "plimsoll" } };
  const object = { apiVersion: "monitoring.coreos.com/v1", kind: "PrometheusRule", metadata, spec: { groups } };
  const text = stringify(format === "operator" ? object : { groups }, { lineWidth: 0, aliasDuplicateObjects: false });
  return `${comments.map((line) => `# ${line.replaceAll("\n", " ")}\n`).join("")}${text}`;
}
