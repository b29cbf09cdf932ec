import { z } from "zod";

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** The longest bucket id, in characters (UTF-16 code units) after percent-decoding. */
export const maxBucketIdLength = 1_024;

/** How deep the JSON of an echo may be nested; deeper text would exhaust the stack of whoever writes it back. */
const maxJsonDepth = 64;

export const errorSchema = z.strictObject({ error: z.string() }).meta({ description: "a refusal, with its reason" });

/** The media type of a bucket's bytes. */
export const octets = "application/octet-stream";

const bytes = z
  .custom<Uint8Array>((value) => value instanceof Uint8Array)
  .meta({ type: "string", format: "binary", description: "any bytes" });
const empty = z.undefined().meta({ description: "no body" });
const health = z.strictObject({ status: z.enum(["ok", "stopping", "unavailable"]), reason: z.string().optional() });
const users = z.strictObject({ users: z.array(z.strictObject({ id: z.int().min(1), name: z.string(), email: z.string() })) });
const json = z
  .custom<Json>((value) => value !== undefined && isShallow(value, maxJsonDepth), `must be JSON nested at most ${maxJsonDepth} deep`)
  .meta({ description: "any JSON value" });
/** Any character is allowed in an id, a NUL or a slash too. */
const bucketId = z.string().min(1).max(maxBucketIdLength);
const bucket = z.strictObject({ id: bucketId });
/** How many buckets one page of the list may hold; the default is what a person reads. */
const page = z.strictObject({
  limit: z.coerce.number<string>().int().min(1).max(1_000).default(100),
  // What the page before gave as `next`.
  after: bucketId.optional(),
});
const listed = z.strictObject({ id: z.string(), bytes: z.int().min(0) });
const list = z
  .strictObject({ buckets: z.array(listed), next: z.string().nullable() })
  .meta({ description: "next is null on the last page" });

/** The storage API: what goes into each operation, and what comes out by status. */
export const contract = {
  "GET /api/buckets": {
    summary: "List buckets, page by page, in an order of the store's own",
    querystring: page,
    response: { 200: list, 400: errorSchema, 500: errorSchema, 503: errorSchema },
  },
  "PUT /api/buckets/:id": {
    summary: "Keep bytes under an id",
    consumes: [octets],
    params: bucket,
    // Fastify gives `null` for a request without a body.
    body: bytes.nullable(),
    response: { 200: empty, 400: errorSchema, 413: errorSchema, 500: errorSchema, 503: errorSchema },
  },
  "GET /api/buckets/:id": {
    summary: "Give the bytes back",
    params: bucket,
    response: {
      200: { description: "the bytes", content: { [octets]: { schema: bytes } } },
      400: errorSchema,
      404: errorSchema,
      500: errorSchema,
      503: errorSchema,
    },
  },
  "DELETE /api/buckets/:id": {
    summary: "Remove a bucket",
    params: bucket,
    response: { 200: empty, 400: errorSchema, 500: errorSchema, 503: errorSchema },
  },
  "GET /api/users": { summary: "List the users", response: { 200: users, 500: errorSchema } },
  "POST /api/echo": {
    summary: "Give the JSON back",
    body: json,
    response: { 200: json, 400: errorSchema, 413: errorSchema, 415: errorSchema, 500: errorSchema },
  },
  "GET /api/error": {
    summary: "Answer with an error, 400 for type=client, else 500",
    querystring: z.strictObject({ type: z.string().max(64).optional() }),
    response: { 400: errorSchema, 500: errorSchema },
  },
  "GET /health/liveness": { summary: "Is the process alive", response: { 200: health, 500: errorSchema } },
  "GET /health/readiness": { summary: "Can it take traffic", response: { 200: health, 500: errorSchema, 503: health } },
};

type Contract = typeof contract;
/** What k6 and Node alike can send as a value of a schema. */
type Sent<Schema> = Schema extends z.ZodType ? ([Uint8Array] extends [z.input<Schema>] ? ArrayBuffer | string : z.input<Schema>) : never;
type InputOf<Of> = {
  [Key in keyof Of & ("params" | "body" | "querystring") as Key extends "querystring" ? "query" : Key]: Sent<Of[Key]>;
};

/** The storage API as types, for clients; each key is `METHOD route-pattern`. */
export type StorageApi = {
  [Name in keyof Contract]: InputOf<Contract[Name]> & { responses: { [Status in keyof Contract[Name]["response"]]: unknown } };
};

/** Every operation of the contract; faults can touch these, and no metrics or admin route. */
export const operations = Object.keys(contract).map((operation) => {
  const [method = "", route = ""] = operation.split(" ");
  return { method, route };
});

/** Walks without recursion, so that no depth can exhaust the stack. */
function isShallow(value: unknown, depth: number): boolean {
  let level: unknown[] = [value];
  for (let left = depth; left > 0; left -= 1) {
    level = level.flatMap((item) => (typeof item === "object" && item !== null ? Object.values(item) : []));
    if (level.length === 0) return true;
  }
  return false;
}
