import { chmod, mkdir, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { pins, type Pin } from "./catalog.ts";
import { goodArchive, portsWith, releasePages, script, serve, temporaryFolder, writeProgram } from "./release.fixture.ts";
import { resolveTool } from "./resolve.ts";

const noNetwork = "http://127.0.0.1:1";
const fakeGo = `#!/bin/sh
while [ "$1" != "-o" ]; do shift; done
printf '%s\\n' '#!/bin/sh' 'echo "k6 v2.2.0 (go1.26.8, linux/amd64)"' > "$2"
echo built >> "$BUILDS"
`;

async function pathWith(programs: Record<string, string>): Promise<string> {
  const folder = await temporaryFolder();
  for (const [name, content] of Object.entries(programs)) await writeProgram(join(folder, name), content);
  return folder;
}

test("the variable comes before everything", async () => {
  const folder = await pathWith({ mine: script("2.7.1"), k6: script("2.2.0") });
  const ports = await portsWith({ K6_BIN: join(folder, "mine"), PATH: folder });
  expect(await resolveTool("k6", ports)).toEqual({ kind: "found", path: join(folder, "mine"), from: "environment", version: "2.7.1" });
});

const brokenVariables: [string, string | undefined, string][] = [
  ["a file that is not there", undefined, "ENOENT"],
  ["a program that fails", "#!/bin/sh\nexit 3\n", "does not run"],
  ["a program that is not k6", "#!/bin/sh\necho hello\n", "does not state a version of k6"],
  ["a program that is too old", script("1.9.9"), "is k6 1.9.9"],
  ["a program that never answers", script("2.2.0", "while :; do :; done\n"), "gave no answer within"],
];

test.each(brokenVariables)(
  "a variable that names %s is an error that names the variable, and nothing else is tried",
  async (_sentence, content, reason) => {
    const folder = await pathWith({ k6: script("2.2.0"), ...(content === undefined ? {} : { set: content }) });
    const server = await serve(releasePages(goodArchive));
    const ports = await portsWith(
      { K6_BIN: join(folder, "set"), PATH: folder, PLIMSOLL_DOWNLOAD_BASE: server.base },
      content?.includes("while") ? { probeSeconds: 0.5 } : {},
    );
    const resolution = await resolveTool("k6", ports);
    expect(resolution).toMatchObject({
      kind: "missing",
      attempts: [{ way: "environment" }],
      message: expect.stringContaining(`K6_BIN=${join(folder, "set")}`),
    });
    expect(resolution).toMatchObject({ message: expect.stringContaining(reason) });
    expect(server.asked).toEqual([]);
  },
);

test("a program on PATH serves when it is new enough", async () => {
  const folder = await pathWith({ k6: script("2.3.0") });
  expect(await resolveTool("k6", await portsWith({ PATH: folder }))).toEqual({
    kind: "found",
    path: join(folder, "k6"),
    from: "path",
    version: "2.3.0",
  });
});

test("a program on PATH that is too old is passed over, with the reason", async () => {
  const ports = await portsWith({ PATH: await pathWith({ k6: script("2.1.0") }), PLIMSOLL_DOWNLOAD_BASE: noNetwork });
  expect(await resolveTool("k6", ports)).toMatchObject({
    attempts: expect.arrayContaining([{ way: "path", reason: expect.stringContaining("k6 2.1.0; 2.2.0 or newer") }]),
  });
});

test("a build serves where no download can be had, and is kept", async () => {
  const folder = await pathWith({ go: fakeGo });
  const builds = join(folder, "builds");
  const ports = await portsWith({ PATH: folder, BUILDS: builds, PLIMSOLL_DOWNLOAD_BASE: noNetwork });
  expect(await resolveTool("k6", ports)).toMatchObject({ from: "build", version: "2.2.0" });
  expect(await resolveTool("k6", ports)).toMatchObject({ from: "cache", version: "2.2.0" });
  expect(await readFile(builds, "utf8")).toBe("built\n");
  expect(ports.lines.join("\n")).toMatch(/not downloaded: .*ECONNREFUSED[^]*building from its pinned Go module[^]*built in \d+ s/);
});

test("a build from another recipe is not served", async () => {
  const moduleFolder = await temporaryFolder();
  const folder = await pathWith({ go: fakeGo });
  const pin: Pin = { ...pins.k6, recipe: { ...pins.k6.recipe, moduleFolder } };
  const ports = await portsWith({ PATH: folder, BUILDS: join(folder, "builds"), PLIMSOLL_DOWNLOAD_BASE: noNetwork });
  await writeFile(join(moduleFolder, "main.go"), "package main");
  expect(await resolveTool(pin, ports)).toMatchObject({ from: "build" });
  expect(await resolveTool(pin, ports)).toMatchObject({ from: "cache" });
  await writeFile(join(moduleFolder, "main.go"), "package main // with an extension");
  expect(await resolveTool(pin, ports)).toMatchObject({ from: "build" });
});

const failedBuilds: [string, string, string][] = [
  [
    "Go's own last words",
    "#!/bin/sh\necho 'go: downloading x v1' >&2\necho 'main.go:3: undefined: cmd' >&2\nexit 1\n",
    "go build failed: main.go:3: undefined: cmd",
  ],
  ["a build that writes nothing", "#!/bin/sh\nexit 0\n", "ENOENT"],
  ["a build without end", "#!/bin/sh\nwhile :; do :; done\n", "not finished within 0.5 s"],
];

test.each(failedBuilds)("a failed build is told with %s", async (_sentence, go, reason) => {
  const ports = await portsWith({ PATH: await pathWith({ go }), PLIMSOLL_DOWNLOAD_BASE: noNetwork }, { buildSeconds: 0.5 });
  expect(await resolveTool("k6", ports)).toMatchObject({
    kind: "missing",
    attempts: expect.arrayContaining([{ way: "build", reason: expect.stringContaining(reason) }]),
  });
});

const harms: [string, (path: string) => Promise<unknown>, "cache" | "download"][] = [
  ["whose time changed is served", (path) => utimes(path, 1, 1), "cache"],
  ["that is gone is installed anew", (path) => rm(path), "download"],
  ["that may not be executed is installed anew", (path) => chmod(path, 0o644), "download"],
];

test.each(harms)("a cached program %s", async (_sentence, harm, from) => {
  const server = await serve(releasePages(goodArchive));
  const ports = await portsWith({ PLIMSOLL_DOWNLOAD_BASE: server.base });
  const first = await resolveTool("k6", ports);
  if (first.kind === "missing") throw new Error(first.message);
  await harm(first.path);
  expect(await resolveTool("k6", ports)).toEqual({ ...first, from });
  expect(await readFile(first.path, "utf8")).toBe(script("2.2.0"));
  expect(await resolveTool("k6", ports)).toEqual({ ...first, from: "cache" });
});

test("a cached program is not spawned", async () => {
  const trace = join(await temporaryFolder(), "spawned");
  const folder = await pathWith({ go: fakeGo.replace("'echo", `'echo x >> ${trace}' 'echo`) });
  const ports = await portsWith({ PATH: folder, BUILDS: "/dev/null", PLIMSOLL_DOWNLOAD_BASE: noNetwork });
  await resolveTool("k6", ports);
  await resolveTool("k6", ports);
  await resolveTool("k6", ports);
  expect(await readFile(trace, "utf8")).toBe("x\n");
});

test("a cache folder that cannot be written is named", async () => {
  const file = join(await temporaryFolder(), "in-the-way");
  await writeFile(file, "");
  const server = await serve(releasePages(goodArchive));
  const resolution = await resolveTool("k6", await portsWith({ PLIMSOLL_CACHE: file, PLIMSOLL_DOWNLOAD_BASE: server.base }));
  expect(resolution).toMatchObject({
    kind: "missing",
    message: expect.stringMatching(new RegExp(`${file}.*lock.db: ENOTDIR.* a folder that can be written.*\n.*PLIMSOLL_CACHE`, "s")),
  });
});

test("a folder in the place of the lock is named", async () => {
  const ports = await portsWith({ PLIMSOLL_DOWNLOAD_BASE: noNetwork });
  await mkdir(join(ports.cache, "tools", "k6-2.2.0-linux-amd64", "lock.db"), { recursive: true });
  expect(await resolveTool("k6", ports)).toMatchObject({
    kind: "missing",
    message: expect.stringContaining("lock.db: unable to open database file"),
  });
});

test("when nothing works, one error lists each way with its reason and says what to install", async () => {
  const ports = await portsWith({ PLIMSOLL_DOWNLOAD_BASE: noNetwork });
  const resolution = await resolveTool("k6", ports);
  if (resolution.kind === "found") throw new Error(resolution.path);
  expect(resolution.attempts.map((attempt) => attempt.way)).toEqual(["environment", "path", "cache", "download", "build"]);
  expect(resolution.message.replaceAll(ports.cache, "CACHE")).toBe(`k6 2.2.0 is needed and could not be had:
  environment: K6_BIN is not set
  path: no k6 on PATH
  cache: CACHE/tools/k6-2.2.0-linux-amd64 holds no k6
  download: http://127.0.0.1:1/grafana/k6/releases/download/v2.2.0/k6-v2.2.0-checksums.txt: connect ECONNREFUSED 127.0.0.1:1
  build: Go is not on PATH
Install k6 2.2.0 (https://grafana.com/docs/k6/latest/set-up/install-k6/) on PATH or name it in K6_BIN; or install Go and run again;
or let this machine reach github.com (PLIMSOLL_DOWNLOAD_BASE names a mirror). The cache is CACHE; PLIMSOLL_CACHE moves it.`);
});

test("macOS builds k6, whose release there is a zip", async () => {
  const folder = await pathWith({ go: fakeGo });
  const ports = { ...(await portsWith({ PATH: folder, BUILDS: "/dev/null" })), platform: { os: "darwin" as const, arch: "arm64" } };
  expect(await resolveTool("k6", ports)).toMatchObject({ from: "build" });
  expect(ports.lines[0]).toContain("a .zip only");
  expect(await readdir(join(ports.cache, "tools"))).toEqual(["k6-2.2.0-darwin-arm64"]);
});

test("a system without a build is told so", async () => {
  const ports = { ...(await portsWith({})), platform: { os: "win32" as const, arch: "x64" } };
  expect(await resolveTool("k6", ports)).toMatchObject({ kind: "missing", message: expect.stringContaining("no build for win32 x64") });
});
