import { expect, test } from "vitest";
import { cycloneDx, packageFolders } from "./sbom.ts";

const rows: [string, string[], string[]][] = [
  ["the project's own files are no package", ["target/server.ts", "slo/a.ts"], []],
  ["two files of a package are one", ["node_modules/zod/a.js", "node_modules/zod/v4/b.js"], ["node_modules/zod"]],
  ["a scoped package keeps its scope", ["node_modules/@fastify/swagger/index.js"], ["node_modules/@fastify/swagger"]],
  ["a package inside a package is its own", ["node_modules/a/node_modules/b/c.js"], ["node_modules/a/node_modules/b"]],
  ["nothing gives nothing", [], []],
];

test.each(rows)("%s", (_sentence, inputs, folders) => {
  expect(packageFolders(inputs)).toEqual(folders);
});

test("a component has a package URL with its scope escaped", () => {
  const document = JSON.parse(cycloneDx("x", [{ name: "@a/b", version: "1.2.3", licence: "MIT" }])) as { components: { purl: string }[] };
  expect(document.components[0]?.purl).toBe("pkg:npm/%40a/b@1.2.3");
});
