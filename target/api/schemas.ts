import { z } from "zod";
import type { Json } from "./contract.ts";

/** Validates the JSON of every refusal. */
export const errorBodySchema = z.strictObject({ error: z.string() }).meta({ description: "a refusal, with its reason" });

/** The longest bucket id, in characters (UTF-16 code units) after percent-decoding. */
export const maxBucketIdLength = 1_024;

/** Validates the path of a bucket; any character is allowed, a NUL or a slash too. */
export const bucketParamsSchema = z.strictObject({ id: z.string().min(1).max(maxBucketIdLength) });

/** Validates raw bytes; a request without a body carries none. */
export const bytesSchema = z
  .custom<Uint8Array>((value) => value instanceof Uint8Array)
  .meta({ type: "string", format: "binary", description: "any bytes" });

/** Validates one user. */
export const userSchema = z.strictObject({ id: z.int().min(1), name: z.string(), email: z.string() });

/** Validates the answer of `GET /api/users`. */
export const usersSchema = z.strictObject({ users: z.array(userSchema) });

/** How deep the JSON of an echo may be nested; deeper text would exhaust the stack of whoever writes it back. */
export const maxJsonDepth = 64;

/** Validates any JSON value that is not nested too deep. */
export const jsonSchema = z
  .custom<Json>((value) => value !== undefined && isShallow(value, maxJsonDepth), `must be JSON nested at most ${maxJsonDepth} deep`)
  .meta({ description: "any JSON value" });

/** Validates the query of `GET /api/error`; every type but `client` is a server error. */
export const errorQuerySchema = z.strictObject({ type: z.string().max(64).optional() });

/** Validates the answer of the health routes. */
export const healthSchema = z.strictObject({ status: z.enum(["ok", "stopping", "unavailable"]) });

/** Stands for an answer without a body. */
export const emptySchema = z.undefined().meta({ description: "no body" });

/** Walks without recursion, so that no depth can exhaust the stack. */
function isShallow(value: unknown, depth: number): boolean {
  let level: unknown[] = [value];
  for (let left = depth; left > 0; left -= 1) {
    level = level.flatMap((item) => (typeof item === "object" && item !== null ? Object.values(item) : []));
    if (level.length === 0) return true;
  }
  return false;
}
