import { expect, test } from "vitest";
import { z } from "zod";
import written from "./schema.json" with { type: "json" };
import { specFileSchema } from "./schema.ts";

test("schema.json, which editors read, is what the schema says", () => {
  expect(written).toEqual({ title: "Plimsoll spec", ...z.toJSONSchema(specFileSchema, { io: "input" }) });
});
