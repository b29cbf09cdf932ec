import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";

describeLive("the configuration that Compose gives to Prometheus", ["promtool"], ({ promtool }) => {
  test("is one that Prometheus takes", () => {
    const checked = spawnSync(promtool, ["check", "config", fileURLToPath(new URL("prometheus.yml", import.meta.url))], {
      encoding: "utf8",
    });
    expect(checked.stderr + checked.stdout).toContain("SUCCESS");
    expect(checked.status).toBe(0);
  });
});
