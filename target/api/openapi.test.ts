import { describe, expect, test } from "vitest";
import { z } from "zod";
import { buildApp } from "../app.ts";
import { openMemoryStore } from "../store/memory.ts";

// The parts of OpenAPI 3.1 that this document uses, strict: an unknown key is a failure.
const schemaObject = z.looseObject({});
const content = z.record(z.string().regex(/^[\w*]+\/[\w*.+-]+$/), z.strictObject({ schema: schemaObject }));
const parameter = z.strictObject({
  name: z.string().min(1),
  in: z.enum(["path", "query", "header"]),
  required: z.boolean(),
  schema: schemaObject,
});
const operation = z.strictObject({
  summary: z.string().min(1),
  parameters: z.array(parameter).optional(),
  requestBody: z.strictObject({ required: z.boolean().optional(), description: z.string().optional(), content }).optional(),
  responses: z.record(z.string().regex(/^[1-5]\d\d$/), z.strictObject({ description: z.string().min(1), content: content.optional() })),
});
const documentSchema = z.strictObject({
  openapi: z.literal("3.1.0"),
  info: z.strictObject({ title: z.string(), version: z.string(), description: z.string() }),
  components: z.strictObject({ schemas: z.record(z.string(), schemaObject) }),
  paths: z.record(z.string().startsWith("/"), z.partialRecord(z.enum(["get", "put", "post", "delete"]), operation)),
});

async function readDocument() {
  const app = await buildApp({ store: openMemoryStore(), LOG_LEVEL: "silent", FAULTS_ADMIN: "on" });
  return documentSchema.parse((await app.inject("/openapi.json")).json());
}

describe("the OpenAPI document", () => {
  test("has only keys that OpenAPI 3.1 has, and declares each parameter of each path", async () => {
    const { paths } = await readDocument();
    for (const [path, methods] of Object.entries(paths)) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const { parameters = [] } of Object.values(methods)) {
        expect(parameters.filter((one) => one.in === "path").map(({ name }) => name)).toEqual(inPath);
        expect(parameters.filter((one) => one.in === "path" && !one.required)).toEqual([]);
      }
    }
  });

  test("refers to nothing that is not in it", async () => {
    const document = await readDocument();
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
    expect(references.filter((name) => !Object.keys(document.components.schemas).includes(String(name)))).toEqual([]);
  });

  test("says that buckets are bytes and refusals are JSON", async () => {
    const { paths } = await readDocument();
    const get = paths["/api/buckets/{id}"]?.get;
    expect(Object.keys(get?.responses["200"]?.content ?? {})).toEqual(["application/octet-stream"]);
    expect(Object.keys(get?.responses["404"]?.content ?? {})).toEqual(["application/json"]);
    expect(paths["/api/buckets/{id}"]?.put?.responses["200"]?.content).toBeUndefined();
  });

  test("has the admin routes only where they are served", async () => {
    expect(Object.keys((await readDocument()).paths)).toContain("/admin/faults");
    const plain = await buildApp({ store: openMemoryStore(), LOG_LEVEL: "silent" });
    expect(Object.keys((await plain.inject("/openapi.json")).json().paths)).not.toContain("/admin/faults");
  });
});
