import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { manifests, output } from "./cluster.fixture.ts";
import { quantity, readObjects, templateOf } from "./manifests.fixture.ts";

describeLive("the whole lab as kubectl renders it, every patch applied", ["kubectl"], ({ kubectl }) => {
  test("asks for no more than the README says, and that fits 2 CPUs and 6 GiB", async () => {
    const rendered = readObjects(
      await output({ command: kubectl, args: ["kustomize", join(manifests, "overlays/all")], limitSeconds: 60 }),
    );
    const containers = rendered.flatMap((object) => {
      const { replicas = 1 } = (object.spec ?? {}) as { replicas?: number };
      return Array.from({ length: replicas }, () => templateOf(object)?.spec.containers ?? []).flat();
    });
    const sum = (resource: "cpu" | "memory"): number =>
      containers.reduce((total, { resources }) => total + quantity(resources?.requests?.[resource] ?? "0"), 0);
    // What only a patch says.
    expect(containers.flatMap(({ env = [] }) => env).filter(({ name, value }) => name === "STORE" && value === "mongodb")).toHaveLength(2);
    const asked = { milliCpu: Math.round(sum("cpu") * 1_000), mebibytes: Math.round(sum("memory") / 2 ** 20) };
    const readme = readFileSync(join(manifests, "README.md"), "utf8");
    const [, milliCpu = "", mebibytes = ""] = /The whole lab requests at most (\d+) m of CPU and (\d+) MiB/.exec(readme) ?? [];
    expect(asked.milliCpu).toBeGreaterThan(0);
    expect(asked.milliCpu).toBeLessThanOrEqual(Number(milliCpu));
    expect(asked.mebibytes).toBeLessThanOrEqual(Number(mebibytes));
    expect(Number(milliCpu)).toBeLessThanOrEqual(2_000);
    expect(Number(mebibytes)).toBeLessThanOrEqual(6 * 1_024);
  });
});
