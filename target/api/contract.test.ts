import { describe, expect, expectTypeOf, test } from "vitest";
import { buildApp } from "../app.ts";
import { openMemoryStore } from "../store/memory.ts";
import { contract, operations, type Json, type StorageApi } from "./contract.ts";

type StatusOf<Name extends keyof StorageApi> = keyof StorageApi[Name]["responses"];

describe("the contract", () => {
  test("gives clients what goes into an operation, and its statuses (tsc is the judge)", () => {
    expectTypeOf<StorageApi["PUT /api/buckets/:id"]["params"]>().toEqualTypeOf<{ id: string }>();
    expectTypeOf<StorageApi["PUT /api/buckets/:id"]["body"]>().toEqualTypeOf<ArrayBuffer | string>();
    expectTypeOf<StorageApi["POST /api/echo"]["body"]>().toEqualTypeOf<Json>();
    expectTypeOf<StorageApi["GET /api/error"]["query"]>().toEqualTypeOf<{ type?: string | undefined }>();
    expectTypeOf<StatusOf<"GET /api/buckets/:id">>().toEqualTypeOf<200 | 400 | 404 | 500 | 503>();
    expectTypeOf<keyof StorageApi["GET /api/users"]>().toEqualTypeOf<"responses">();
    expectTypeOf<keyof StorageApi["DELETE /api/buckets/:id"]>().toEqualTypeOf<"params" | "responses">();
  });

  test("names exactly the operations that the service has", async () => {
    const app = await buildApp({ store: openMemoryStore(), LOG_LEVEL: "silent" });
    const document: { paths: Record<string, Record<string, { responses: Record<string, unknown> }>> } = (
      await app.inject("/openapi.json")
    ).json();
    const served = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`),
    );
    const named = operations.map(({ method, route }) => `${method} ${route}`);
    expect(served.filter((operation) => operation !== "GET /openapi.json").toSorted()).toEqual(named.toSorted());
    expect(named.toSorted()).toEqual(Object.keys(contract).toSorted());
  });
});
