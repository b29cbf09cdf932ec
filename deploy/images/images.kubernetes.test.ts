import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { output } from "../kubernetes/cluster.fixture.ts";

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

const lockFile = JSON.parse(readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8")) as {
  packages: Record<string, { version: string }>;
};
/** Lists the versions in which a package is locked, wherever it is installed. */
const locked = (name: string): string[] =>
  Object.entries(lockFile.packages).flatMap(([folder, { version }]) => (folder.endsWith(`node_modules/${name}`) ? [version] : []));

/** What an image may hold more than Node itself, MB, and the folders of its files. */
const images: Record<string, { most: number; holds: string[]; programs: string[] }> = {
  "plimsoll-target:dev": { most: 15, holds: ["app"], programs: ["node"] },
  "plimsoll:dev": { most: 65, holds: ["plimsoll", "work"], programs: ["k6", "node"] },
};

/** Lists the files of an image, without those that Docker itself mounts. */
async function filesIn(image: string): Promise<string[]> {
  const id = (await docker("create", image)).trim();
  try {
    const listed = await output({ command: "sh", args: ["-c", `docker export ${id} | tar -t`], limitSeconds: 120 });
    return listed.split("\n").filter((path) => path !== "" && !path.endsWith("/") && !/^(dev|proc|sys|\.dockerenv)/.test(path));
  } finally {
    await docker("rm", id);
  }
}

describe.each(Object.keys(images))("%s", (image) => {
  const { most, holds, programs } = images[image] ?? { most: 0, holds: [], programs: [] };

  test(`is Node and at most ${most} MB`, async () => {
    const { Size } = await inspect(image);
    const node = await docker(...closed, "--entrypoint", "node", image, "-p", "fs.statSync(process.execPath).size");
    expect((Size - Number(node)) / 1e6).toBeLessThanOrEqual(most);
  });

  test("holds its own files, the libraries that Node needs, and no shell, package manager or trace of how it was built", async () => {
    const files = await filesIn(image);
    const libraries = /^(usr\/)?lib(64)?\/([\w-]+\/)?(ld-linux-[\w.-]+|lib(c|dl|m|gcc_s|pthread|stdc\+\+)\.so\.\d+)$/;
    const settings =
      /^(etc\/(passwd|group|os-release|hostname|hosts|resolv\.conf|mtab|ssl\/certs\/ca-certificates\.crt)|var\/lib\/dpkg\/status\.d\/[\w+-]+)$/;
    const others = files.filter((path) => !libraries.test(path) && !settings.test(path) && !holds.includes(path.split("/")[0] ?? ""));
    expect(others.toSorted()).toEqual(programs.map((name) => `usr/local/bin/${name}`));
    expect(files.filter((path) => /(^|\/)(meta\.json|package-lock\.json|tsconfig\.json|\.npmrc)$|\.test\.ts$/.test(path))).toEqual([]);
  });

  test("says what it is, who it runs as and how its health is asked", async () => {
    const { Config } = await inspect(image);
    expect(Config.User).toMatch(/^[1-9]\d*:[1-9]\d*$/);
    expect(Config.Healthcheck?.Test[0]).toBe(image === "plimsoll:dev" ? "NONE" : "CMD");
    for (const name of ["title", "description", "licenses", "version"]) {
      expect(Config.Labels[`org.opencontainers.image.${name}`], name).toBeTruthy();
    }
  });

  test("lists the packages that are in its bundle, each in the version of the lock file", async () => {
    const path = image === "plimsoll:dev" ? "/plimsoll/sbom.cdx.json" : "/app/sbom.cdx.json";
    const script = `process.stdout.write(require("node:fs").readFileSync("${path}"))`;
    const bom = JSON.parse(await docker(...closed, "--entrypoint", "node", image, "-e", script)) as {
      components: { name: string; version: string; purl: string }[];
    };
    const names = bom.components.map(({ name }) => name);
    for (const { name, version, purl } of bom.components) {
      expect(locked(name), name).toContain(version);
      expect(decodeURIComponent(purl)).toBe(`pkg:npm/${name}@${version}`);
    }
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
  expect(await docker(...closed, "plimsoll:dev", "check")).toContain("reads well");
  expect(await docker(...closed, "--entrypoint", "k6", "plimsoll:dev", "version")).toContain("v2.2.0");
  const inspected = await docker(...closed, "--entrypoint", "k6", "plimsoll:dev", "inspect", "/plimsoll/bundles/smoke.js");
  expect(inspected).toContain('"smoke"');
});
