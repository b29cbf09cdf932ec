import { describe, expect, test } from "vitest";
import { output } from "../kubernetes/cluster.fixture.ts";
import { ownImages } from "../minikube/images.ts";

interface Inspected {
  Size: number;
  Config: { User: string; Labels: Record<string, string>; Env: string[]; Healthcheck?: { Test: string[] } };
}

const docker = (...args: string[]): Promise<string> => output({ command: "docker", args, limitSeconds: 120 });

async function inspect(image: string): Promise<Inspected> {
  const [found] = JSON.parse(await docker("image", "inspect", image)) as Inspected[];
  if (found === undefined) throw new Error(`no image ${image}`);
  return found;
}

const closed = ["run", "--rm", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--network", "none"];

describe.each(ownImages)("$image", ({ image }) => {
  const override = image === "plimsoll:dev" ? 120 : 40;

  test(`is at most ${override} MB larger than its base`, async () => {
    const { Size, Config } = await inspect(image);
    const base = await inspect((Config.Labels["org.opencontainers.image.base.name"] ?? "").replace("docker.io/library/", ""));
    expect((Size - base.Size) / 1e6).toBeLessThanOrEqual(override);
  });

  test("says what it is, who it runs as and how its health is asked", async () => {
    const { Config } = await inspect(image);
    expect(Config.User).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(Config.Healthcheck?.Test[0]).toBe(image === "plimsoll:dev" ? "NONE" : "CMD");
    for (const name of ["title", "description", "licenses", "version", "base.name"]) {
      expect(Config.Labels[`org.opencontainers.image.${name}`], name).toBeTruthy();
    }
  });

  test("lists the packages that are in its bundle", async () => {
    const path = image === "plimsoll:dev" ? "/plimsoll/sbom.cdx.json" : "/app/sbom.cdx.json";
    const script = `process.stdout.write(require("node:fs").readFileSync("${path}"))`;
    const bom = JSON.parse(await docker(...closed, "--entrypoint", "node", image, "-e", script)) as { components: { name: string }[] };
    const names = bom.components.map(({ name }) => name);
    expect(names).toContain("zod");
    for (const name of ["vitest", "typescript", "esbuild", "oxlint"]) expect(names).not.toContain(name);
  });
});

test("the storage API becomes healthy with everything taken away, and stops on SIGTERM", async () => {
  const id = (await docker(...closed.filter((word) => word !== "--rm"), "--detach", "plimsoll-target:dev")).trim();
  try {
    let health = "";
    for (let tries = 0; tries < 40 && health !== "healthy"; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      health = (await docker("inspect", "--format", "{{.State.Health.Status}}", id)).trim();
    }
    expect(health).toBe("healthy");
    await docker("stop", "--time", "20", id);
    expect((await docker("inspect", "--format", "{{.State.ExitCode}}", id)).trim()).toBe("0");
  } finally {
    await docker("rm", "--force", id);
  }
});

test("the load generator reads the objectives that it carries, and has k6", async () => {
  expect(await docker(...closed, "plimsoll:dev", "check")).toContain("no problem");
  expect(await docker(...closed, "--entrypoint", "k6", "plimsoll:dev", "version")).toContain("v2.2.0");
  const inspected = await docker(...closed, "--entrypoint", "k6", "plimsoll:dev", "inspect", "/plimsoll/bundles/smoke.js");
  expect(inspected).toContain('"smoke"');
});
