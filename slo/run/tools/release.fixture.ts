import { createHash } from "node:crypto";
import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AddressInfo, Server } from "node:net";
import { gzipSync } from "node:zlib";
import { Header } from "tar";
import { onTestFinished } from "vitest";
import { defaultBounds, type Bounds, type Ports } from "./tool.ts";

export const k6Folder = "/grafana/k6/releases/download/v2.2.0";
export const archiveName = "k6-v2.2.0-linux-amd64.tar.gz";
export const member = "k6-v2.2.0-linux-amd64/k6";

/** Writes a shell script that says it is k6 of a version. */
export function script(version: string, extra = ""): string {
  return `#!/bin/sh\n${extra}echo "k6 v${version} (commit/fixture, go1.26.8, linux/amd64)"\n`;
}

interface Entry {
  path: string;
  content?: string;
  type?: "File" | "SymbolicLink" | "Link" | "Directory";
  linkpath?: string;
}

/** Makes a .tar.gz of entries exactly as named, unsafe ones included. */
export function archiveOf(entries: Entry[]): Buffer {
  const blocks: Buffer[] = [];
  for (const { path, content = "", type = "File", linkpath } of entries) {
    const header = Buffer.alloc(512);
    new Header({
      path,
      type,
      size: Buffer.byteLength(content),
      mode: 0o755,
      mtime: new Date(0),
      ...(linkpath === undefined ? {} : { linkpath }),
    }).encode(header, 0);
    const body = Buffer.alloc(Math.ceil(Buffer.byteLength(content) / 512) * 512);
    body.write(content);
    blocks.push(header, body);
  }
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

/** The archive that k6 2.2.0 would be released as. */
export const goodArchive = archiveOf([
  { path: "k6-v2.2.0-linux-amd64/", type: "Directory" },
  { path: "k6-v2.2.0-linux-amd64/LICENSE", content: "free" },
  { path: member, content: script("2.2.0") },
]);

/** Writes a checksum list with an archive's real SHA-256 between two other lines. */
export function listOf(archive: Buffer, name = archiveName): string {
  const line = (bytes: string | Buffer, of: string) => `${createHash("sha256").update(bytes).digest("hex")}  ${of}\n`;
  return line("other", "k6-v2.2.0-linux-arm64.tar.gz") + line(archive, name) + line("rpm", "k6-v2.2.0-linux-amd64.rpm");
}

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/** Serves an archive and its list, or what `handlers` put in their place by path. */
export function releasePages(archive: Buffer, handlers: Record<string, Handler> = {}): Record<string, Handler> {
  return {
    [`${k6Folder}/k6-v2.2.0-checksums.txt`]: (_request, response) => response.end(listOf(archive)),
    [`${k6Folder}/${archiveName}`]: (_request, response) => response.end(archive),
    ...handlers,
  };
}

/** Serves pages on loopback until the test ends; what no page answers is a 404. Gives the base URL and the paths asked for so far. */
export async function serve(pages: Record<string, Handler>): Promise<{ base: string; asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    const page = pages[request.url ?? ""];
    if (page === undefined) response.writeHead(404).end("not here");
    else page(request, response);
  });
  return { base: `http://127.0.0.1:${await listen(server)}`, asked };
}

/** Listens on a free loopback port until the test ends. */
export async function listen(server: Server & { closeAllConnections?: () => void }): Promise<number> {
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  onTestFinished(() => {
    server.closeAllConnections?.();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Makes a folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "plimsoll-tools-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Lists what a cache holds of k6: a folder for each recipe, and the lock. */
export const entryOf = async (cache: string): Promise<string[]> => (await readdir(join(cache, "tools", "k6-2.2.0-linux-amd64"))).toSorted();

/** Writes an executable file. */
export async function writeProgram(path: string, content: string): Promise<string> {
  await writeFile(path, content);
  await chmod(path, 0o755);
  return path;
}

/** Makes ports for a Linux machine with nothing but an empty cache; `lines` holds what was said. */
export async function portsWith(
  environment: Record<string, string>,
  bounds: Partial<Bounds> = {},
): Promise<Ports & { lines: string[]; cache: string }> {
  const lines: string[] = [];
  const cache = join(await temporaryFolder(), "cache");
  return {
    environment: { PATH: "", PLIMSOLL_CACHE: cache, ...environment },
    say: (line) => void lines.push(line),
    platform: { os: "linux", arch: "x64" },
    bounds: { ...defaultBounds, ...bounds },
    lines,
    cache,
  };
}
