import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { describeLive } from "./live.ts";

describeLive("the live tools", ["k6", "prometheus", "promtool", "chromium"], (paths) => {
  test.each(["k6", "prometheus", "promtool"] as const)("%s is the real one and the workers' environment names it", (tool) => {
    const said = spawnSync(paths[tool], [tool === "k6" ? "version" : "--version"], { encoding: "utf8" });
    expect(`${said.stdout}${said.stderr}`).toContain(tool);
    expect(process.env[`${tool.toUpperCase()}_BIN`]).toBe(paths[tool]);
  });
});
