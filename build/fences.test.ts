import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";

const root = fileURLToPath(new URL("..", import.meta.url));
const copy = mkdtempSync(join(tmpdir(), "plimsoll-fences-"));
const outputSchema = z.object({ diagnostics: z.array(z.object({ code: z.string(), message: z.string(), filename: z.string() })) });

// The project's own lint configuration and rule, over rooms that hold nothing but these files.
const files: [string, string, string][] = [
  ["a value across a fence", "slo/run/a.ts", 'import { judge } from "../judge/judge.ts";\njudge();\n'],
  ["a type across a fence", "slo/run/b.ts", 'import type { Verdict } from "../judge/judge.ts";\nexport type V = Verdict;\n'],
  ["an inline type import", "slo/spec/c.ts", 'import { type Verdict } from "../judge/judge.ts";\nexport type V = Verdict;\n'],
  ["a re-export", "slo/spec/d.ts", 'export { judge } from "../judge/judge.ts";\n'],
  ["a re-export of everything", "slo/spec/e.ts", 'export * from "../judge/judge.ts";\n'],
  ["a dynamic import", "slo/judge/f.ts", 'export const later = () => import("node:fs");\n'],
  ["a dynamic import with a computed path", "slo/judge/g.ts", "export const later = (name: string) => import(name);\n"],
  ["the type of an import", "slo/spec/h.ts", 'export type V = import("../judge/judge.ts").Verdict;\n'],
  ["an import for its effect", "slo/report/i.ts", 'import "node:fs";\n'],
  [
    "a value where only types may pass",
    "scenarios/j.ts",
    'import { routes } from "../target/api/contract.ts";\nexport const all = routes;\n',
  ],
];
const fitting: [string, string][] = [
  ["slo/judge/judge.ts", "export type Verdict = string;\nexport const judge = (): void => undefined;\n"],
  ["target/api/contract.ts", "export type Route = string;\nexport const routes: string[] = [];\n"],
  [
    "scenarios/fits.ts",
    'import { type Route } from "../target/api/contract.ts";\nimport http from "k6/http";\nexport const go = (route: Route) => http.get(route);\n',
  ],
  ["slo/verify/fits.ts", 'import { judge } from "../judge/judge.ts";\njudge();\n'],
  ["slo/cli/fits.ts", 'import { readFileSync } from "node:fs";\nreadFileSync("x");\n'],
];

let found: z.infer<typeof outputSchema>["diagnostics"];

beforeAll(() => {
  for (const name of [".oxlintrc.json", "build/lint"]) cpSync(join(root, name), join(copy, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
  for (const [path, content] of [...files.map(([, path, content]) => [path, content] as const), ...fitting]) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), content);
  }
  const ran = spawnSync(
    process.execPath,
    [join(root, "node_modules/oxlint/bin/oxlint"), "--format", "json", "slo", "scenarios", "target"],
    { cwd: copy, encoding: "utf8" },
  );
  if (ran.status !== 1) throw new Error(`oxlint ended with ${ran.status}: ${ran.stdout}${ran.stderr}`);
  found = outputSchema.parse(JSON.parse(ran.stdout)).diagnostics;
});

afterAll(() => rmSync(copy, { recursive: true, force: true }));

test.each(files)("oxlint fails on %s", (_sentence, path) => {
  expect(found.filter(({ filename }) => filename === path).map(({ code }) => code)).toContain("rooms(fences)");
});

test("oxlint says nothing of imports that may stand", () => {
  const fenced = found.filter(({ code }) => code === "rooms(fences)").map(({ filename }) => filename);
  expect(new Set(fenced)).toEqual(new Set(files.map(([, path]) => path)));
});
