import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeBundles } from "./bundles.ts";

let folder = "";
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "plimsoll-bundles-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test("every scenario of ours becomes one file that imports only k6's modules", async () => {
  const written = await writeBundles(fileURLToPath(new URL("../scenarios", import.meta.url)), folder);
  if (written.kind !== "bundles") throw new Error(written.messages.join("\n"));
  expect(written.files.map((file) => basename(file))).toEqual(["breakpoint.js", "load.js", "smoke.js", "soak.js", "spike.js", "stress.js"]);
  for (const file of written.files) {
    const modules = [...readFileSync(file, "utf8").matchAll(/^import .* from "([^"]+)";$/gm)].map(([, name]) => name);
    expect(modules.length).toBeGreaterThan(0);
    for (const name of modules) expect(name).toMatch(/^k6(\/|$)/);
  }
});

const rows: [string, Record<string, string>, string][] = [
  ["a missing import is named with its line", { "a.ts": '\nimport "./gone.ts";\n' }, 'a.ts:2:8 Could not resolve "./gone.ts"'],
  [
    "a script tied to its place cannot be one file",
    { "a.ts": 'import { b } from "./lib.js";\nopen("x" + b);\n', "lib.js": "export const b = 1;" },
    "a.ts runs only in its place",
  ],
];

test.each(rows)("%s", async (_sentence, files, message) => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  const written = await writeBundles(folder, join(folder, "out"));
  expect(written.kind === "problems" ? written.messages.join("\n") : written.kind).toContain(message);
});
