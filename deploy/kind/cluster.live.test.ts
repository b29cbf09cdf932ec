import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { runProcess } from "../../slo/host/process.ts";

const config = fileURLToPath(new URL("cluster.yaml", import.meta.url));

describeLive("kind's own reader of its configuration, which comes before it looks for Docker", ["kind"], (paths) => {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-kind-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** Says why no cluster is made where there is no Docker. */
  async function reason(file: string): Promise<string> {
    const args = ["create", "cluster", "--name", "plimsoll-no-docker", "--config", file];
    const ran = await runProcess({ command: paths.kind, args, limitSeconds: 60, environment: { PATH: folder, HOME: folder } });
    expect(ran.ending).toEqual({ kind: "exited", code: 1 });
    return ran.stderr;
  }

  test("takes cluster.yaml", async () => {
    expect(await reason(config)).toContain("failed to get docker info");
  });

  test("and would refuse a key that it does not know", async () => {
    const odd = join(folder, "odd.yaml");
    writeFileSync(odd, readFileSync(config, "utf8").replace("extraMounts", "extraMount"));
    expect(await reason(odd)).toContain("field extraMount not found in type v1alpha4.Node");
  });
});
