import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { basename, dirname, join } from "node:path";
import { expect, test } from "vitest";
import {
  archiveName,
  archiveOf,
  entryOf,
  goodArchive,
  k6Folder,
  listen,
  listOf,
  member,
  portsWith,
  releasePages,
  script,
  serve,
  type Handler,
} from "./release.fixture.ts";
import { resolveTool } from "./resolve.ts";
import type { Bounds, Resolution } from "./tool.ts";

const list = `${k6Folder}/k6-v2.2.0-checksums.txt`;
const archive = `${k6Folder}/${archiveName}`;
const never: Handler = () => undefined;

test("a good archive is installed, runs, and is served from the cache without asking again", async () => {
  const server = await serve(releasePages(goodArchive));
  const ports = await portsWith({ PLIMSOLL_DOWNLOAD_BASE: server.base });
  const first = await resolveTool("k6", ports);
  expect(first).toEqual({ kind: "found", path: expect.stringMatching(/[0-9a-f]{16}.k6$/), from: "download", version: "2.2.0" });
  const path = first.kind === "found" ? first.path : "";
  expect(await readFile(path, "utf8")).toBe(script("2.2.0"));
  expect(await resolveTool("k6", ports)).toEqual({ kind: "found", path, from: "cache", version: "2.2.0" });
  expect(server.asked).toEqual([list, archive]);
  expect(await entryOf(ports.cache)).toEqual([basename(dirname(path)), "lock.db"]);
});

test("one archive of Prometheus brings promtool too", async () => {
  const folder = "prometheus-3.14.0.linux-amd64";
  const says = (name: string) => `#!/bin/sh\necho "${name}, version 3.14.0 (branch: HEAD)"\n`;
  const bundle = archiveOf([
    { path: `${folder}/promtool`, content: says("promtool") },
    { path: `${folder}/prometheus`, content: says("prometheus") },
  ]);
  const base = "/prometheus/prometheus/releases/download/v3.14.0";
  const server = await serve({
    [`${base}/sha256sums.txt`]: (_request, response) => response.end(listOf(bundle, `${folder}.tar.gz`)),
    [`${base}/${folder}.tar.gz`]: (_request, response) => response.end(bundle),
  });
  const ports = await portsWith({ PLIMSOLL_DOWNLOAD_BASE: server.base });
  expect(await resolveTool("prometheus", ports)).toMatchObject({ from: "download", version: "3.14.0" });
  expect(await resolveTool("promtool", ports)).toMatchObject({ from: "cache", version: "3.14.0" });
});

test("a redirect is followed", async () => {
  const server = await serve({
    ...releasePages(goodArchive, { [archive]: (_request, response) => response.writeHead(302, { location: "/elsewhere" }).end() }),
    "/elsewhere": (_request, response) => response.end(goodArchive),
  });
  expect(await resolveTool("k6", await portsWith({ PLIMSOLL_DOWNLOAD_BASE: server.base }))).toMatchObject({ from: "download" });
});

const cutShort: Handler = (_request, response) => {
  response.writeHead(200, { "content-length": goodArchive.length });
  response.write(goodArchive.subarray(0, 100), () => response.destroy());
};
const half: Handler = (_request, response) => {
  response.writeHead(200, { "content-length": goodArchive.length });
  response.write(goodArchive.subarray(0, 100));
};
const trickle: Handler = (_request, response) => {
  const timer = setInterval(() => response.write("x"), 20);
  response.on("close", () => clearInterval(timer));
};
const to =
  (location: string): Handler =>
  (_request, response) =>
    response.writeHead(302, { location }).end();

const badServers: [string, Record<string, Handler>, Partial<Bounds>, string][] = [
  ["a wrong checksum", { [archive]: (_request, response) => response.end("not the archive") }, {}, "its release publishes"],
  [
    "a list that lacks the file",
    { [list]: (_request, response) => response.end(listOf(goodArchive, "k6-other.tar.gz")) },
    {},
    `does not list ${archiveName}`,
  ],
  ["an empty list", { [list]: (_request, response) => response.end() }, {}, "does not list"],
  ["no list", { [list]: (_request, response) => response.writeHead(404).end() }, {}, `${list}: HTTP 404`],
  ["no archive", { [archive]: (_request, response) => response.writeHead(404).end() }, {}, `${archive}: HTTP 404`],
  ["a server error", { [archive]: (_request, response) => response.writeHead(503).end() }, {}, "HTTP 503"],
  ["a cut connection", { [archive]: cutShort }, {}, "the connection was cut after 100 bytes"],
  ["a server that never answers", { [list]: never }, { idleSeconds: 0.3 }, "nothing came for 0.3 s"],
  ["a body that stops coming", { [archive]: half }, { idleSeconds: 0.3 }, "nothing came for 0.3 s"],
  ["a body that never ends", { [archive]: trickle }, { totalSeconds: 1 }, "not finished within 1 s"],
  [
    "a body announced too large",
    { [list]: (_request, response) => response.writeHead(200, { "content-length": 2_000_000 }).write("x") },
    {},
    "larger than the 1000000 bytes",
  ],
  [
    "a body that grows too large",
    { [list]: (_request, response) => response.end("x".repeat(1_000_001)) },
    {},
    "larger than the 1000000 bytes",
  ],
  ["a redirect away from TLS", { [list]: to("http://example.invalid/list") }, {}, "http://example.invalid: only HTTPS is trusted"],
  ["a redirect without end", { [list]: to(list) }, {}, "more than 5 redirects"],
];

test.each(badServers)("%s is refused, and said", async (_sentence, pages, bounds, reason) => {
  const server = await serve(releasePages(goodArchive, pages));
  const ports = await portsWith({ PLIMSOLL_DOWNLOAD_BASE: server.base }, bounds);
  await expectRefused(await resolveTool("k6", ports), reason, ports.cache);
});

const oddEntries: [string, Parameters<typeof archiveOf>[0][number]][] = [
  ["a path that climbs out", { path: "../../escaped", content: "x" }],
  ["a path that climbs out of its folder", { path: "k6-v2.2.0-linux-amd64/../../escaped", content: "x" }],
  ["an absolute path", { path: "/tmp/escaped", content: "x" }],
  ["a link beside the program", { path: "k6-v2.2.0-linux-amd64/k6.d", type: "SymbolicLink", linkpath: "/tmp" }],
  ["the program a second time", { path: member, content: "other" }],
];

test.each(oddEntries)("of an archive with %s the program alone is unpacked", async (_sentence, entry) => {
  const program = { path: member, content: script("2.2.0") };
  for (const entries of entry.path === member
    ? [[program, entry]]
    : [
        [program, entry],
        [entry, program],
      ]) {
    const server = await serve(releasePages(archiveOf(entries)));
    const ports = await portsWith({ PLIMSOLL_DOWNLOAD_BASE: server.base });
    expect(await resolveTool("k6", ports)).toMatchObject({ kind: "found", from: "download", version: "2.2.0" });
    expect(await entryOf(ports.cache)).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/), "lock.db"]);
    expect(await readdir(join(ports.cache, "..")), "nothing is written outside").toEqual(["cache"]);
  }
});

const badArchives: [string, Buffer, string][] = [
  [
    "a symbolic link for the program",
    archiveOf([{ path: member, type: "SymbolicLink", linkpath: "/bin/sh" }]),
    `holds no regular file ${member}`,
  ],
  ["a hard link for the program", archiveOf([{ path: member, type: "Link", linkpath: "/bin/sh" }]), `holds no regular file ${member}`],
  [
    "a folder that is a link",
    archiveOf([{ path: "k6-v2.2.0-linux-amd64", type: "SymbolicLink", linkpath: "/tmp" }]),
    `holds no regular file ${member}`,
  ],
  ["no program", archiveOf([{ path: "README", content: "x" }]), `holds no regular file ${member}`],
  ["half an archive", goodArchive.subarray(0, goodArchive.length / 2), "cannot be unpacked"],
  ["no archive at all", Buffer.from("<html>"), "cannot be unpacked"],
  ["a program that fails", archiveOf([{ path: member, content: "#!/bin/sh\necho broken >&2\nexit 1\n" }]), "does not run: broken"],
  [
    "a program of another version",
    archiveOf([{ path: member, content: script("2.1.9") }]),
    "is k6 2.1.9; 2.2.0 or newer within 2.x is needed",
  ],
];

test.each(badArchives)("an archive with %s is refused although its checksum is right", async (_sentence, bytes, reason) => {
  const server = await serve(releasePages(bytes));
  const ports = await portsWith({ PLIMSOLL_DOWNLOAD_BASE: server.base });
  await expectRefused(await resolveTool("k6", ports), reason, ports.cache);
});

test("no network is said at once", async () => {
  const server = createServer();
  const port = await listen(server);
  await new Promise((closed) => server.close(closed));
  const ports = await portsWith({ PLIMSOLL_DOWNLOAD_BASE: `http://127.0.0.1:${port}` });
  await expectRefused(await resolveTool("k6", ports), "ECONNREFUSED", ports.cache);
});

test("a server that takes the connection and never speaks TLS is given up", async () => {
  const port = await listen(createServer());
  const ports = await portsWith({ PLIMSOLL_DOWNLOAD_BASE: `https://127.0.0.1:${port}` }, { idleSeconds: 0.3 });
  await expectRefused(await resolveTool("k6", ports), "nothing came for 0.3 s", ports.cache);
});

test("a proxy is asked where HTTPS_PROXY names one", async () => {
  const server = await serve({});
  const ports = await portsWith({ HTTPS_PROXY: server.base, PLIMSOLL_DOWNLOAD_BASE: "https://releases.invalid" });
  await expectRefused(await resolveTool("k6", ports), "releases.invalid", ports.cache);
  expect(await resolveTool("k6", ports)).not.toMatchObject({ message: expect.stringContaining("ENOTFOUND") });
});

async function expectRefused(resolution: Resolution, reason: string, cache: string): Promise<void> {
  expect(resolution).toMatchObject({
    kind: "missing",
    attempts: expect.arrayContaining([{ way: "download", reason: expect.stringContaining(reason) }]),
  });
  if (resolution.kind === "missing") expect(resolution.message).toContain(reason);
  expect(await entryOf(cache), "nothing half done is left").toEqual(["lock.db"]);
  expect(await readdir(join(cache, "..")), "nothing is written outside").toEqual(["cache"]);
}
