import { describe, expect, expectTypeOf, test } from "vitest";
import type { z } from "zod";
import { buildApp } from "../app.ts";
import { openMemoryStore } from "../store/memory.ts";
import { bucketSchemas } from "./buckets.ts";
import type { BodyOf, Bytes, MethodOf, Operation, ParamsOf, QueryOf, ResponseOf, RouteOf, StatusOf, StorageApi } from "./contract.ts";
import { operations } from "./operations.ts";
import { echoSchema, errorRouteSchema, healthSchemas, usersRouteSchema } from "./routes.ts";

const schemas = {
  "PUT /api/buckets/:id": bucketSchemas.put,
  "GET /api/buckets/:id": bucketSchemas.get,
  "DELETE /api/buckets/:id": bucketSchemas.delete,
  "GET /api/users": usersRouteSchema,
  "POST /api/echo": echoSchema,
  "GET /api/error": errorRouteSchema,
  "GET /health/liveness": healthSchemas.liveness,
  "GET /health/readiness": healthSchemas.readiness,
} satisfies Record<Operation, unknown>;

type Schemas = typeof schemas;
type Property<T, Key extends string> = T extends { [K in Key]: infer Value } ? Value : undefined;

/** What a zod type looks like to a client of the API: bytes are bytes, an absent body is an empty text. */
type Wire<T> = [T] extends [undefined] ? "" : [Uint8Array] extends [T] ? Bytes : T;
type Carried<Schema> = Schema extends z.ZodType
  ? Wire<z.output<Schema>>
  : Schema extends { content: Record<string, { schema: infer Inner extends z.ZodType }> }
    ? Wire<z.output<Inner>>
    : never;
type Sent<Schema> = Schema extends z.ZodType
  ? [Uint8Array] extends [Exclude<z.input<Schema>, null>]
    ? Bytes
    : z.input<Schema>
  : undefined;

/** `StorageApi` as the zod schemas give it. */
type FromSchemas = {
  [Op in Operation]: {
    params: Sent<Property<Schemas[Op], "params">>;
    query: Sent<Property<Schemas[Op], "querystring">>;
    body: Sent<Property<Schemas[Op], "body">>;
    responses: { [Status in keyof Schemas[Op]["response"]]: Carried<Schemas[Op]["response"][Status]> };
  };
};
type FromContract = {
  [Op in Operation]: { params: ParamsOf<Op>; query: QueryOf<Op>; body: BodyOf<Op>; responses: StorageApi[Op]["responses"] };
};
/** Takes a type apart, so that two ways to write the same one compare equal; `?` and `| undefined` are the same to JSON. */
type Plain<T> = T extends ArrayBuffer ? T : T extends object ? { [K in keyof T]: Plain<Exclude<T[K], undefined>> } : T;

describe("the contract's types", () => {
  test("agree with the zod schemas, operation by operation (tsc is the judge)", () => {
    expectTypeOf<Plain<FromSchemas["PUT /api/buckets/:id"]>>().toEqualTypeOf<Plain<FromContract["PUT /api/buckets/:id"]>>();
    expectTypeOf<Plain<FromSchemas["GET /api/buckets/:id"]>>().toEqualTypeOf<Plain<FromContract["GET /api/buckets/:id"]>>();
    expectTypeOf<Plain<FromSchemas["DELETE /api/buckets/:id"]>>().toEqualTypeOf<Plain<FromContract["DELETE /api/buckets/:id"]>>();
    expectTypeOf<Plain<FromSchemas["GET /api/users"]>>().toEqualTypeOf<Plain<FromContract["GET /api/users"]>>();
    expectTypeOf<FromSchemas["POST /api/echo"]["body"]>().toEqualTypeOf<FromContract["POST /api/echo"]["body"]>();
    expectTypeOf<keyof FromSchemas["POST /api/echo"]["responses"]>().toEqualTypeOf<StatusOf<"POST /api/echo">>();
    expectTypeOf<FromSchemas["POST /api/echo"]["responses"][200]>().toEqualTypeOf<ResponseOf<"POST /api/echo", 200>>();
    expectTypeOf<Plain<FromSchemas["GET /api/error"]>>().toEqualTypeOf<Plain<FromContract["GET /api/error"]>>();
    expectTypeOf<Plain<FromSchemas["GET /health/liveness"]>>().toEqualTypeOf<Plain<FromContract["GET /health/liveness"]>>();
    expectTypeOf<Plain<FromSchemas["GET /health/readiness"]>>().toEqualTypeOf<Plain<FromContract["GET /health/readiness"]>>();
  });

  test("take an operation apart", () => {
    expectTypeOf<MethodOf<"PUT /api/buckets/:id">>().toEqualTypeOf<"PUT">();
    expectTypeOf<RouteOf<"PUT /api/buckets/:id">>().toEqualTypeOf<"/api/buckets/:id">();
    expectTypeOf<StatusOf<"GET /api/buckets/:id">>().toEqualTypeOf<200 | 400 | 404 | 500>();
  });

  test("name exactly the operations that the service has", async () => {
    const app = await buildApp({ store: openMemoryStore(), logLevel: "silent" });
    const document: { paths: Record<string, Record<string, { responses: Record<string, unknown> }>> } = (
      await app.inject("/openapi.json")
    ).json();
    const served = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`),
    );
    const named = operations.map(({ method, route }) => `${method} ${route}`);
    expect(served.filter((operation) => operation !== "GET /openapi.json").toSorted()).toEqual(named.toSorted());
    expect(named.toSorted()).toEqual(Object.keys(schemas).toSorted());
  });
});
