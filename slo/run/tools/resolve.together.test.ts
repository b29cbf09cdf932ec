import { spawn, type ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { archiveName, entryOf, goodArchive, k6Folder, portsWith, releasePages, script, serve, type Handler } from "./release.fixture.ts";
import { resolveTool } from "./resolve.ts";

const archive = `${k6Folder}/${archiveName}`;
const program = `
import { resolveTool } from ${JSON.stringify(fileURLToPath(new URL("resolve.ts", import.meta.url)))};
const resolution = await resolveTool("k6", { platform: { os: "linux", arch: "x64" }, say: (line) => console.error(line) });
console.log(JSON.stringify(resolution));
`;

function startRun(environment: Record<string, string | undefined>): {
  child: ChildProcess;
  said: string[];
  finished: Promise<{ from?: string; path?: string }>;
} {
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", program], {
    env: { ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const said: string[] = [];
  let result = "";
  child.stderr.on("data", (piece: Buffer) => said.push(piece.toString()));
  child.stdout.on("data", (piece: Buffer) => (result += piece.toString()));
  const finished = new Promise<{ from?: string; path?: string }>((resolve) =>
    child.on("close", () => resolve(result === "" ? {} : JSON.parse(result))),
  );
  return { child, said, finished };
}

function gatedArchive(): { pages: Record<string, Handler>; asked: Promise<void>; open: () => void } {
  const asked = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const page: Handler = (_request, response) => {
    asked.resolve();
    void gate.promise.then(() => response.end(goodArchive));
  };
  return { pages: releasePages(goodArchive, { [archive]: page }), asked: asked.promise, open: gate.resolve };
}

test("two processes at once: one installs, the other waits, says so and is served", async () => {
  const gate = gatedArchive();
  const server = await serve(gate.pages);
  const ports = await portsWith({ PLIMSOLL_DOWNLOAD_BASE: server.base });
  const first = startRun(ports.environment);
  await gate.asked;
  const second = startRun(ports.environment);
  await expect
    .poll(() => second.said.join(""), { timeout: 15_000 })
    .toContain(`waiting for another run that installs it (process ${first.child.pid})`);
  gate.open();
  const results = [await first.finished, await second.finished];
  expect(results.map((result) => result.from)).toEqual(["download", "cache"]);
  expect(server.asked.filter((path) => path === archive)).toHaveLength(1);
  expect(await readFile(results[1]?.path ?? "", "utf8")).toBe(script("2.2.0"));
});

test("a run that was killed while it installed neither blocks the next one nor leaves anything", async () => {
  const gate = gatedArchive();
  const server = await serve(gate.pages);
  const ports = await portsWith({ PLIMSOLL_DOWNLOAD_BASE: server.base });
  const killed = startRun(ports.environment);
  await gate.asked;
  killed.child.kill("SIGKILL");
  await killed.finished;
  gate.open();
  expect(await resolveTool("k6", ports)).toMatchObject({ from: "download" });
  expect(await entryOf(ports.cache)).toEqual([expect.stringMatching(/^[0-9a-f]{16}$/), "lock.db"]);
});

test("many resolutions in one process download once", async () => {
  const server = await serve(releasePages(goodArchive));
  const ports = await portsWith({ PLIMSOLL_DOWNLOAD_BASE: server.base });
  const results = await Promise.all(Array.from({ length: 8 }, () => resolveTool("k6", ports)));
  expect(results.map((result) => (result.kind === "found" ? result.from : result.message)).toSorted()).toEqual([
    ...Array.from({ length: 7 }, () => "cache"),
    "download",
  ]);
  expect(server.asked.filter((path) => path === archive)).toHaveLength(1);
});

test("a wait that is too long ends with its reason", async () => {
  const gate = gatedArchive();
  const server = await serve(gate.pages);
  const ports = await portsWith({ PLIMSOLL_DOWNLOAD_BASE: server.base });
  const first = resolveTool("k6", ports);
  await gate.asked;
  const second = await resolveTool("k6", { ...ports, bounds: { ...ports.bounds, buildSeconds: 0.2 } });
  expect(second).toMatchObject({ kind: "missing", message: expect.stringContaining("another run still installs it after 0.2 s") });
  gate.open();
  expect(await first).toMatchObject({ from: "download" });
});
