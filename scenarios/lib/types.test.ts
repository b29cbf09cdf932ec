import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const project = resolve(import.meta.dirname, "../..");
const client = `import { openClient } from "${project}/scenarios/lib/client.ts";\nimport type { StorageApi } from "${project}/target/api/contract.ts";\nconst call = openClient<StorageApi>("http://127.0.0.1", undefined);\n`;
/** As openapi-typescript 7.13 writes it. */
const openApi = `import { client, type OpenApi } from "${project}/scenarios/lib/k6.ts";
interface paths {
  "/orders": {
    parameters: { query?: never; header?: never; path?: never; cookie?: never };
    get: { parameters: { query?: { page?: number }; header?: never; path?: never; cookie?: never }; requestBody?: never; responses: { 200: { headers: { [name: string]: unknown }; content: { "application/json": { id: string }[] } } } };
    put?: never;
    post: { parameters: { query?: never; path?: never }; requestBody: { content: { "application/json": { item: string } } }; responses: { 201: { headers: { [name: string]: unknown }; content: { "application/json": { id: string } } } } };
  };
  "/orders/{id}": { get?: never; delete: { parameters: { query?: never; path: { id: string } }; requestBody?: never; responses: { 204: { headers: { [name: string]: unknown }; content?: never }; default: { content?: never } } } };
}
const call = client<OpenApi<paths>>();
`;
const shape = 'import type { ConstantArrivalRateScenario } from "k6/options";\n';

/** Each row: what is wrong, a script with » before the place at which the compiler must say so, and its error. */
const wrong: [sentence: string, script: string, code: string][] = [
  ["an unknown route", `${client}call(»"GET /api/bucket/:id", { expect: [200], answer: "none" });\n`, "TS2345"],
  ["a method that the route does not have", `${client}call(»"PATCH /api/buckets/:id", { expect: [200], answer: "none" });\n`, "TS2345"],
  ["a status that the route never answers", `${client}call("GET /api/users", { expect: [»404], answer: "none" });\n`, "TS2322"],
  [
    "a body of the wrong type",
    `${client}call("PUT /api/buckets/:id", { expect: [200], answer: "none" }).send({ params: { id: "a" }, »body: 42 });\n`,
    "TS2322",
  ],
  [
    "no body where one is needed",
    `${client}call("PUT /api/buckets/:id", { expect: [200], answer: "none" }).send(»{ params: { id: "a" } });\n`,
    "TS2345",
  ],
  ["a body where none is read", `${client}call("GET /api/users", { expect: [200], answer: "none" }).send({ »body: 1 });\n`, "TS2322"],
  [
    "a parameter with another name",
    `${client}call("GET /api/buckets/:id", { expect: [200], answer: "none" }).send({ params: { »key: "a" } });\n`,
    "TS2353",
  ],
  [
    "an answer that is not kept",
    `${client}const »text: string = call("GET /api/users", { expect: [200], answer: "none" }).send().body;\nvoid text;\n`,
    "TS2322",
  ],
  ["an operation that the OpenAPI document has not", `${openApi}call(»"PUT /orders", { expect: [200], answer: "none" });\n`, "TS2345"],
  ["a status that it has not", `${openApi}call("GET /orders", { expect: [»404], answer: "none" });\n`, "TS2322"],
  [
    "a body of another type than it says",
    `${openApi}call("POST /orders", { expect: [201], answer: "none" }).send({ body: { »item: 1 } });\n`,
    "TS2322",
  ],
  [
    "no parameter where its path has one",
    `${openApi}call("DELETE /orders/{id}", { expect: [204], answer: "none" }).send(»{});\n`,
    "TS2345",
  ],
  [
    "an executor's field with a wrong name",
    `${shape}export const load = { executor: "constant-arrival-rate", rate: 1, duration: "1s", »preAllocatedVus: 1 } satisfies ConstantArrivalRateScenario;\n`,
    "TS2561",
  ],
  [
    "an executor's field with a wrong type",
    `${shape}export const load = { executor: "constant-arrival-rate", »rate: "1", duration: "1s", preAllocatedVUs: 1 } satisfies ConstantArrivalRateScenario;\n`,
    "TS2322",
  ],
  [
    "a field of another executor",
    `${shape}export const load = { executor: "constant-arrival-rate", rate: 1, »stages: [], duration: "1s", preAllocatedVUs: 1 } satisfies ConstantArrivalRateScenario;\n`,
    "TS2561",
  ],
  [
    "an entry that gives a shape too little",
    `import { storageLoad } from "${project}/scenarios/lib/storage.ts";\nimport { constant } from "${project}/scenarios/lib/shapes.ts";\nstorageLoad("x", constant, »{ peakRate: 1 });\n`,
    "TS2741",
  ],
];
const right = `${openApi}call("GET /orders", { expect: [200], answer: "text" }).send();
call("GET /orders", { expect: [200], answer: "text" }).send({ query: { page: 2 } });
call("POST /orders", { expect: [201], answer: "text" }).send({ body: { item: "x" } });
call("DELETE /orders/{id}", { expect: [204], answer: "none" }).send({ params: { id: "1" } });
client()("PATCH /anything/:id", { expect: [200], answer: "text" }).send({ params: { id: 1 }, body: {} });
`;
const alsoRight = `${client}call("PUT /api/buckets/:id", { expect: [200], answer: "none" }).send({ params: { id: "a" }, body: new ArrayBuffer(1) });\n`;

function compile(scripts: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-fixtures-"));
  try {
    for (const [name, text] of Object.entries(scripts)) writeFileSync(join(folder, name), text);
    const types = join(project, "node_modules/@types");
    const compilerOptions = { typeRoots: [types], types: ["k6"], paths: { "k6/*": [join(types, "k6/*/index.d.ts")] } };
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ extends: join(project, "tsconfig.json"), compilerOptions, include: ["*.ts"] }),
    );
    const tsc = join(project, "node_modules/typescript/bin/tsc");
    return execFileSync(process.execPath, [tsc, "-p", folder, "--pretty", "false"], { cwd: folder, encoding: "utf8" });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const output = compile({
  ...Object.fromEntries(wrong.map(([, script], i) => [`wrong${i}.ts`, script.replace("»", "")])),
  "right.ts": right,
  "also-right.ts": alsoRight,
});

test.each(wrong.map((row, i) => [...row, i] as const))("the compiler refuses %s", (_sentence, script, code, i) => {
  const before = script.slice(0, script.indexOf("»")).split("\n");
  const place = `wrong${i}.ts(${before.length},${(before.at(-1) ?? "").length + 1}): error ${code}`;
  const said = output.split("\n").filter((each) => each.startsWith(`wrong${i}.ts(`));
  expect(said.map((each) => each.slice(0, place.length))).toEqual([place]);
});

test("and takes what is right", () => {
  expect(output.split("\n").filter((line) => !/^(wrong\d|\s|$)/.test(line))).toEqual([]);
});
