import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { ruleFile } from "../slo/compile/rule-file.ts";
import type { RuleGroup } from "../slo/compile/rules.ts";
import { rulesText, type RuleOptions } from "../slo/load/write-rules.ts";
import { loadSpec } from "../slo/spec/load.ts";
import { reportSchema } from "../slo/report/schema.ts";
import { specFileSchema } from "../slo/spec/schema.ts";

test.each<[string, z.ZodType, string, "input" | "output"]>([
  ["slo/spec/schema.json", specFileSchema, "Plimsoll spec", "input"],
  ["slo/report/report.schema.json", reportSchema, "Plimsoll report", "output"],
])("%s is what its source makes, or npm run generate writes it", async (path, schema, title, io) => {
  const text = `${JSON.stringify({ title, ...z.toJSONSchema(schema, { io }) }, undefined, 2)}\n`;
  await expect(text).toMatchFileSnapshot(`../${path}`);
});

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), "utf8");

/** Gives the rules of the storage API's objectives as the command writes them. */
function objectiveRules(options: RuleOptions): string {
  const file = "slo/objectives/storage-api.yaml";
  const loaded = loadSpec(read(file), file);
  const rules = loaded.kind === "spec" ? rulesText({ spec: loaded.spec, file }, options) : loaded;
  if (rules.kind !== "rules") throw new Error(`${file} has no rules`);
  return rules.text;
}

test("the lab has the rules of the storage API's objectives, with short windows", async () => {
  const text = objectiveRules({ format: "prometheus", windows: "short" });
  await expect(text).toMatchFileSnapshot("../deploy/kubernetes/with/alerts/rules-objectives.yml");
});

test("prometheus-operator has those of production, and the lab's other alerts", async () => {
  const file = "deploy/kubernetes/with/alerts/rules-service.yml";
  const { groups } = parse(read(file)) as { groups: RuleGroup[] };
  const others = ruleFile(groups, "operator", "storage-api", [`Made of ${file}: change that file, not this one.`]);
  const text = `${objectiveRules({ format: "operator", windows: "standard" })}---\n${others}`;
  const placed = text.replaceAll("\nmetadata:\n", "\nmetadata:\n  namespace: monitoring\n");
  await expect(placed).toMatchFileSnapshot("../deploy/kubernetes/overlays/prometheus-operator/rules.yaml");
});
