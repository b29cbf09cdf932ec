import type { z } from "zod";

/** Reads JSON of a shape; undefined where there is no such text, or it is no JSON, or of another shape. */
export function jsonOf<T>(schema: z.ZodType<T>, text: () => string): T | undefined {
  try {
    return schema.safeParse(JSON.parse(text())).data;
  } catch {
    return undefined;
  }
}
