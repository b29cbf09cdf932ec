import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { findConfig } from "./read-config.ts";

let folder = "";
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), "plimsoll config-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (text: string, name = "plimsoll.config.ts"): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const head = 'import { defineConfig } from "plimsoll";\n';

/** Reads a config in a plain Node, as the package does: vitest's own import passes Node's hooks by. */
function read(file: string): unknown {
  const url = new URL("read-config.ts", import.meta.url).href;
  const code = `import { readConfig } from "${url}"; console.log(JSON.stringify(await readConfig(process.argv[1])));`;
  return JSON.parse(execFileSync(process.execPath, ["--input-type=module", "--eval", code, file], { encoding: "utf8" }));
}

test("a config is read with its imports, also in a project of CommonJS that has not installed the package", () => {
  write(JSON.stringify({ type: "commonjs" }), "package.json");
  write('export const staging: string = "https://shop.example/";', "addresses.ts");
  write('exports.spec = "perf/slo.yaml";', "paths.js");
  const file = write(`${head}import { staging } from "./addresses";
import { spec } from "./paths.js";
export default defineConfig({ spec, environments: { staging: { target: staging, serverLabels: { job: "shop" } } } });`);
  expect(read(file)).toEqual({
    kind: "config",
    config: { spec: "perf/slo.yaml", environments: { staging: { target: "https://shop.example", serverLabels: { job: "shop" } } } },
  });
});

test.each(["plimsoll.config.mts", "plimsoll.config.js", "plimsoll.config.mjs"])("%s is read too in a project of CommonJS", (name) => {
  write(JSON.stringify({ type: "commonjs" }), "package.json");
  expect(read(write(`${head}export default defineConfig({ spec: "a.yaml" });`, name))).toEqual({
    kind: "config",
    config: { spec: "a.yaml" },
  });
});

const rows: [string, string, string][] = [
  ["a file that cannot be parsed is named with its place", `${head}export default defineConfig({ spec: });`, ":2 Expression expected"],
  ["an import that is not there is named", 'import { x } from "./gone.ts";\nexport default x;', " Cannot find module"],
  [
    "what it throws has its place",
    `${head}const where = () => {\n  throw new Error("no address");\n};\nexport default where();`,
    ":3:9 no address",
  ],
  ["a file without a default export is refused", "export const config = {};", " has no default export: export default defineConfig({ … })"],
  [
    "an unknown key is named",
    `${head}export default defineConfig({\n  specs: "a.yaml",\n});`,
    " specs is an unknown key (did you mean spec?)",
  ],
  ["and the key that is meant", 'export default { scrpt: "a.js" };', " scrpt is an unknown key (did you mean script?)"],
  [
    "that of an environment too",
    'export default { environments: { a: { targt: "b" } } };',
    " environments.a.targt is an unknown key (did you mean target?)",
  ],
  [
    "an unknown key of an environment is named by its path",
    `${head}export default {\n  spec: "job",\n  environments: {\n    local: { job: "x" },\n  },\n};`,
    " environments.local.job is an unknown key",
  ],
  [
    "an address must be one",
    'export default { environments: { a: { target: "localhost:80" } } };',
    " environments.a.target must be a URL such as http://127.0.0.1:5000",
  ],
  [
    "a secret in place of its variable's name is refused and not repeated",
    'export default { environments: { a: { credentials: { bearerToken: "s3cr3t-value" } } } };',
    " environments.a.credentials.bearerToken must be the name of an environment variable, never the secret itself",
  ],
  ["a config that is no object is refused", "export default 7;", " the config must be object"],
];
test.each(rows)("%s", (_sentence, text, message) => {
  const file = write(text);
  expect(read(file)).toEqual({ kind: "problem", message: expect.stringContaining(`${file}${message}`) });
});

test("the nearest config upwards counts, and above the project itself none", () => {
  const deep = join(folder, "a/b");
  mkdirSync(deep, { recursive: true });
  const file = write("export default {};");
  expect(findConfig(deep, "/elsewhere/")).toBe(file);
  expect(findConfig(deep, `${join(folder, "a")}/`)).toBeUndefined();
});
