import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { generate, staleFiles, type Generated } from "./generate.ts";

test("missing and edited files are stale, a check leaves them so, and they are written once", async () => {
  const root = await mkdtemp(join(tmpdir(), "plimsoll-generated-"));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  const files = ["fresh", "edited", "missing"].map((path): Generated => [path, () => `made for ${path}\n`]);
  const stale = async (): Promise<string[]> => (await staleFiles(root, files)).map(([path]) => path);
  await writeFile(join(root, "fresh"), "made for fresh\n");
  await writeFile(join(root, "edited"), "made for edited, then changed\n");
  expect(await generate(root, files, true)).toBe(1);
  expect(await stale()).toEqual(["edited", "missing"]);
  expect(await generate(root, files, false)).toBe(0);
  expect(await stale()).toEqual([]);
  expect(await generate(root, files, true)).toBe(0);
  expect(await readFile(join(root, "missing"), "utf8")).toBe("made for missing\n");
});
