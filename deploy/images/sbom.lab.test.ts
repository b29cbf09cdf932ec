import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { goProgram } from "../../build/testing/go-programs.ts";
import { describeWith } from "../../build/testing/live.ts";
import { output } from "../kubernetes/cluster.fixture.ts";

interface Found {
  artifacts: { name: string; version: string; type: string }[];
}

describeWith({ syft: await goProgram("syft") }, "What a scanner finds in the load generator's image", ["syft"], ({ syft: folder }) => {
  const work = mkdtempSync(join(tmpdir(), "plimsoll-syft-"));
  afterAll(() => rmSync(work, { recursive: true }));
  const archive = join(work, "image.tar");

  /** Scans with the scanner that Docker's `--sbom` runs. */
  async function scan(...flags: string[]): Promise<Found["artifacts"]> {
    const file = join(work, "found.json");
    const args = ["scan", `docker-archive:${archive}`, "--quiet", "-o", `syft-json=${file}`, ...flags];
    const environment = { ...process.env, SYFT_CHECK_FOR_APP_UPDATE: "false" };
    await output({ command: join(folder, "syft"), args, limitSeconds: 300, environment });
    return (JSON.parse(readFileSync(file, "utf8")) as Found).artifacts;
  }

  test("is Node, its libraries and k6's modules; the packages inside of the bundle by its own list alone", async () => {
    await output({ command: "docker", args: ["save", "--output", archive, "plimsoll:dev"], limitSeconds: 120 });
    const found = await scan();
    const named = (type: string) => found.filter((one) => one.type === type).map(({ name }) => name);
    expect(named("deb").toSorted()).toEqual(["libc6", "libgcc-s1", "libstdc++6"]);
    expect([named("binary"), named("npm")]).toEqual([["node"], ["uplot"]]);
    expect(found.find(({ name }) => name === "go.k6.io/k6/v2")?.version).toBe("v2.2.0");
    const list = JSON.parse(
      await output({
        command: "docker",
        args: ["run", "--rm", "--entrypoint", "node", "plimsoll:dev", "-p", "fs.readFileSync('/plimsoll/sbom.cdx.json', 'utf8')"],
        limitSeconds: 60,
      }),
    ) as { components: { name: string; version: string }[] };
    const told = await scan("--select-catalogers", "+sbom-cataloger");
    const packages = told.filter(({ type }) => type === "npm").map(({ name, version }) => `${name}@${version}`);
    expect(packages).toEqual(expect.arrayContaining(list.components.map(({ name, version }) => `${name}@${version}`)));
    expect(packages.length).toBeGreaterThan(10);
  });
});
