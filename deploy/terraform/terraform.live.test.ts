import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { describeWith } from "../../build/testing/live.ts";
import { findTerraform } from "../../build/testing/tools.ts";

describeWith({ terraform: findTerraform() }, "Terraform's files", ["terraform"], ({ terraform }) => {
  test("are formatted as terraform fmt would", () => {
    const folder = fileURLToPath(new URL(".", import.meta.url));
    const checked = spawnSync(terraform, ["fmt", "-check", "-recursive", "-diff", folder], { encoding: "utf8" });
    expect(checked.stdout).toBe("");
    expect(checked.status).toBe(0);
  });
});
