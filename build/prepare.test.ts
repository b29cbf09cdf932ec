import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

test("an install without the development packages says that nothing was built, and is no failure", () => {
  const { scripts } = JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { scripts: { prepare: string } };
  const ran = spawnSync("sh", ["-c", scripts.prepare], { cwd: mkdtempSync(join(tmpdir(), "plimsoll-prepare-")), encoding: "utf8" });
  expect([ran.status, ran.stderr, ran.stdout]).toEqual([0, "", "the package is not built: its development packages are not installed\n"]);
});
