import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { bundleScenario } from "./bundle.ts";
import { checkTypes } from "./check-types.ts";
import { tscProblems } from "./problems.ts";
import { findScenario, listScenarios } from "./scenarios.ts";

const project = resolve(import.meta.dirname, "../../..");
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "plimsoll-bundle-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function put(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}
const bundle = (entry: string) => bundleScenario({ entry: join(folder, entry), outfile: join(folder, "out/bundle.js") });
const check = (entry: string) => checkTypes(join(folder, entry), project);

const http = 'import http from "k6/http";\nexport default () => http.get("http://127.0.0.1");\n';
const npm = { "node_modules/pack/package.json": '{"main":"i.js"}', "node_modules/pack/i.js": "export const one = 1;" };

test.each<[string, Record<string, string>, boolean]>([
  ["a single file becomes a bundle", { "a.js": http }, false],
  ["so does one that imports from https", { "a.js": `import "https://example.org/x.js";\n${http}` }, false],
  ["so does one that opens a file and imports by exact name", { "a.js": `import "./b.js";\nopen("d.json");\n${http}`, "b.js": "" }, false],
  [
    "CommonJS stays where it is, since a bundle would lose its exports",
    { "a.js": 'const b = require("./b.js"); exports.default = () => b;', "b.js": "" },
    true,
  ],
  ["files that import each other become one", { "a.js": `import "./b.js";\n${http}`, "b.js": "" }, false],
  ["CommonJS that is imported is taken in", { "a.js": `import "./b.js";\n${http}`, "b.js": "exports.b = 1;" }, false],
  [
    "an import without extension, which k6 cannot follow, becomes one file",
    { "a.ts": `import "./b";\n${http}`, "b.ts": "export {};" },
    false,
  ],
  [
    "plimsoll/k6 is taken in, whatever is installed there",
    { "a.ts": 'import { client } from "plimsoll/k6";\nexport default () => client();\n' },
    false,
  ],
  ["an npm package is taken in", { "a.js": `import { one } from "pack";\none;\n${http}`, ...npm }, false],
  [
    "an npm package and open() together are taken in",
    { "a.js": `import { one } from "pack";\none; open("d.json");\n${http}`, ...npm },
    false,
  ],
])("%s", async (_sentence, files, inPlace) => {
  put(files);
  const entry = Object.keys(files)[0] ?? "";
  const bundled = await bundle(entry);
  expect(bundled).toMatchObject({ kind: "bundled", file: join(folder, inPlace ? entry : "out/bundle.js") });
  expect(existsSync(join(folder, "out"))).toBe(!inPlace);
});

test("a bundle looks for open()ed files beside the script, and leaves a name that the script made alone", async () => {
  put({
    "a.js": `import { one } from "pack";\nimport "./own.js";\nexport const text = open("d.json", "b") + one;\nexport const again = open;\n${http}`,
    "own.js": "const f = (open) => open(1); f(f);",
    ...npm,
  });
  const bundled = await bundle("a.js");
  const text = bundled.kind === "bundled" ? readFileSync(bundled.file, "utf8") : "";
  expect(text).toContain(JSON.stringify(`${folder}/`));
  expect(text).toContain('plimsollOpen("d.json", "b")');
  expect(text).toContain("again = plimsollOpen");
  expect(text).toContain("(open2) => open2(1)");
});

test.each<[string, Record<string, string>, object]>([
  ["a syntax error has its place", { "a.js": "let x = 1;\nlet y = ;\n" }, { line: 2, column: 9, message: 'Unexpected ";"' }],
  [
    "a missing import has its place",
    { "a.js": 'import "./gone.js";\n' },
    { line: 1, column: 8, message: 'Could not resolve "./gone.js"; there is no such file' },
  ],
  [
    "a Node module is not there in k6",
    { "a.js": 'import "node:fs";\n' },
    { line: 1, column: 8, message: expect.stringMatching(/k6 has no modules of Node\.js$/) },
  ],
  [
    "a package that is not there can be installed",
    { "a.js": 'import "@a/b/c";\n' },
    { message: expect.stringMatching(/beside the script: npm install @a\/b$/) },
  ],
  ["a file of a package too", { "a.js": 'import "lost/c.js";\n' }, { message: expect.stringMatching(/npm install lost$/) }],
  ["a folder is no script", { "a.js/b.js": "" }, { message: "is a folder; give the script in it" }],
])("%s", async (_sentence, files, problem) => {
  put(files);
  expect(await bundle("a.js")).toEqual({
    kind: "problems",
    problems: [expect.objectContaining({ file: join(folder, "a.js"), ...problem })],
  });
});

test("a type error has its place, and is found again every time", async () => {
  put({ "a.ts": 'import http from "k6/http";\nexport default () => {\n  http.get(42);\n};\n' });
  const expected = [{ file: join(folder, "a.ts"), line: 3, column: 12, message: expect.stringContaining("TS2345") }];
  expect(await check("a.ts")).toEqual(expected);
  expect(await check("a.ts")).toEqual(expected);
});

test("a file that only gives types is checked too, each time", async () => {
  put({ "a.ts": 'import type { N } from "./n.ts";\nconst n: N = 1;\nexport default () => n;\n', "n.ts": "export type N = number;\n" });
  expect(await check("a.ts")).toEqual([]);
  put({ "n.ts": "export type N = string;\n" });
  expect(await check("a.ts")).toMatchObject([{ line: 2 }]);
});

test.each<[string, string]>([
  ["JavaScript is not checked", "a.js"],
  ["a forgiving look at a stranger's TypeScript: implicit any, https and extension modules pass", "a.ts"],
])("%s", async (_sentence, name) => {
  put({
    [name]:
      'import x from "https://example.org/x.js";\nimport y from "k6/x/thing";\nconst f = (a) => a;\nconsole.log(__ENV.A);\nexport default () => f(x + y);\n',
  });
  expect(await check(name)).toEqual([]);
});

test.each<[string, string, object[]]>([
  [
    "lines that go on are joined",
    "a.ts(1,2): error TS1: no.\n  because\n/x/b.ts\n",
    [{ file: "/f/a.ts", line: 1, column: 2, message: "TS1: no. because" }],
  ],
  [
    "an error without a place points at the script",
    "error TS5: bad option",
    [{ file: "/f/e.ts", line: 1, column: 1, message: "TS5: bad option" }],
  ],
  ["no output is no problem", "", []],
])("tsc's words: %s", (_sentence, output, problems) => {
  expect(tscProblems(output, "/f/e.ts", "/f")).toEqual(problems);
});

test.each<[string, string, object]>([
  ["a name is found", "spike", { kind: "found", name: "spike", entry: join(project, "scenarios/spike.ts") }],
  ["a near miss is named", "spkie", { kind: "unknown", message: expect.stringContaining("did you mean spike?") }],
  [
    "a far miss lists what there is",
    "zzzzzz",
    { kind: "unknown", message: 'unknown scenario "zzzzzz"; scenarios: breakpoint, load, smoke, soak, spike, stress' },
  ],
  ["a path is not a name", "../slo/cli/main", { kind: "unknown" }],
  ["nothing is not a name", "", { kind: "unknown", message: expect.stringContaining("no scenario named") }],
])("scenario names: %s", (_sentence, name, found) => {
  expect(findScenario(join(project, "scenarios"), name)).toEqual(expect.objectContaining(found));
});

test("tests and folders are not scenarios", () => {
  put({ "one.ts": "", "one.test.ts": "", "one.live.test.ts": "", "lib/x.ts": "", "README.md": "" });
  expect(listScenarios(folder)).toEqual(["one"]);
});
