import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { releaseOf, type Pin, type Release } from "./catalog.ts";
import { fetchBody } from "./fetch.ts";
import type { Outcome, Ports, ToolName } from "./tool.ts";
import { unpackMembers } from "./unpack.ts";

const officialBase = "https://github.com";
const maxListBytes = 1_000_000;
const maxArchiveBytes = 400_000_000;
const sayEverySeconds = 3;

/**
 * Downloads a tool's official release into `folder`, checks it against the release's own SHA-256 list and unpacks its programs there.
 * Gives the tools that are now files of that folder. `PLIMSOLL_DOWNLOAD_BASE` stands in for https://github.com.
 */
export async function downloadRelease(pin: Pin, platform: string, folder: string, ports: Ports): Promise<Outcome<ToolName[]>> {
  const found = releaseOf(pin, platform);
  if (found.kind === "none") return { kind: "failed", reason: found.reason };
  const base = (ports.environment["PLIMSOLL_DOWNLOAD_BASE"] || officialBase).replace(/\/+$/, "");
  if (!URL.canParse(base)) return { kind: "failed", reason: `PLIMSOLL_DOWNLOAD_BASE is not a URL` };
  const expected = await publishedChecksum(base, found.release, ports);
  if (expected.kind === "failed") return expected;
  const archive = join(folder, "archive.tar.gz");
  const actual = await fetchArchive(`${base}${found.release.archive}`, archive, `${pin.product} ${pin.version}`, ports);
  if (actual.kind === "failed") return actual;
  if (actual.value !== expected.value) {
    return { kind: "failed", reason: `${found.release.fileName} has the SHA-256 ${actual.value}; its release publishes ${expected.value}` };
  }
  const unpacked = await unpackMembers(archive, Object.values(found.release.members), folder);
  return unpacked.kind === "failed" ? unpacked : { kind: "ok", value: unpacked.value as ToolName[] };
}

async function publishedChecksum(base: string, release: Release, ports: Ports): Promise<Outcome<string>> {
  const pieces: Buffer[] = [];
  const list = await fetchBody(`${base}${release.checksums}`, maxListBytes, ports, (piece) => void pieces.push(piece));
  if (list.kind === "failed") return list;
  const checksum = checksumIn(Buffer.concat(pieces).toString("utf8"), release.fileName);
  if (checksum === undefined) return { kind: "failed", reason: `${base}${release.checksums} does not list ${release.fileName}` };
  return { kind: "ok", value: checksum };
}

/** Finds a file's SHA-256 (lower-case hex) in a published list of lines `<hex>  <name>`. */
function checksumIn(list: string, fileName: string): string | undefined {
  const lines = list.split(/\r?\n/).map((line) => /^([0-9a-fA-F]{64}) [ *](.+)$/.exec(line));
  return lines.find((match) => match?.[2] === fileName)?.[1]?.toLowerCase();
}

async function fetchArchive(url: string, file: string, label: string, ports: Ports): Promise<Outcome<string>> {
  const hash = createHash("sha256");
  const handle = await open(file, "wx");
  const progress = sayProgress(label, ports);
  ports.say(`${label}: downloading ${url}`);
  try {
    const body = await fetchBody(url, maxArchiveBytes, ports, async (piece, totalBytes) => {
      hash.update(piece);
      await handle.writeFile(piece);
      progress(piece.length, totalBytes);
    });
    return body.kind === "failed" ? body : { kind: "ok", value: hash.digest("hex") };
  } finally {
    await handle.close();
  }
}

function sayProgress(label: string, ports: Ports): (bytes: number, totalBytes: number | undefined) => void {
  let received = 0;
  let saidAt = performance.now();
  return (bytes, totalBytes) => {
    received += bytes;
    if (performance.now() - saidAt < sayEverySeconds * 1000) return;
    saidAt = performance.now();
    ports.say(`${label}: ${megabytes(received)} of ${totalBytes === undefined ? "?" : megabytes(totalBytes)} MB`);
  };
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
