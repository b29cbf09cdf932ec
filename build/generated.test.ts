import { expect, test } from "vitest";
import { z } from "zod";
import { reportSchema } from "../slo/report/schema.ts";
import { specFileSchema } from "../slo/spec/schema.ts";

test.each<[string, z.ZodType, string, "input" | "output"]>([
  ["slo/spec/schema.json", specFileSchema, "Plimsoll spec", "input"],
  ["slo/report/report.schema.json", reportSchema, "Plimsoll report", "output"],
])("%s is what its source makes, or npm run generate writes it", async (path, schema, title, io) => {
  const text = `${JSON.stringify({ title, ...z.toJSONSchema(schema, { io }) }, undefined, 2)}\n`;
  await expect(text).toMatchFileSnapshot(`../${path}`);
});
