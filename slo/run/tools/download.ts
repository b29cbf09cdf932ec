import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { extract } from "tar";
import { errorMessage } from "../../host/error-message.ts";
import { releaseOf, type Pin, type Release } from "./catalog.ts";
import { fetchPieces } from "./fetch.ts";
import { Unavailable, type Ports, type ToolName } from "./tool.ts";

const officialBase = "https://github.com";
const maxListBytes = 1_000_000;
const maxArchiveBytes = 400_000_000;
const sayEverySeconds = 3;

/**
 * Downloads a tool's official release into `folder`, checks it against the release's own SHA-256 list and unpacks its programs there.
 * Gives the tools that are now files of that folder. `PLIMSOLL_DOWNLOAD_BASE` stands in for https://github.com.
 */
export async function downloadRelease(pin: Pin, platform: string, folder: string, ports: Ports): Promise<ToolName[]> {
  const release = releaseOf(pin, platform);
  const base = (ports.environment["PLIMSOLL_DOWNLOAD_BASE"] || officialBase).replace(/\/+$/, "");
  if (!URL.canParse(base)) throw new Unavailable("PLIMSOLL_DOWNLOAD_BASE is not a URL");
  const expected = await publishedChecksum(`${base}${release.checksums}`, release.fileName, ports);
  const archive = join(folder, "archive.tar.gz");
  const actual = await fetchArchive(`${base}${release.archive}`, archive, `${pin.product} ${pin.version}`, ports);
  if (actual !== expected) throw new Unavailable(`${release.fileName} has the SHA-256 ${actual}; its release publishes ${expected}`);
  await unpack(archive, release, folder);
  return release.tools;
}

/** Reads a file's SHA-256 (lower-case hex) from a published list of lines `<hex>  <name>`. */
async function publishedChecksum(url: string, fileName: string, ports: Ports): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const { bytes } of fetchPieces(url, maxListBytes, ports)) pieces.push(bytes);
  const lines = Buffer.concat(pieces).toString("utf8").split(/\r?\n/);
  const found = lines.map((line) => /^([0-9a-fA-F]{64}) [ *](.+)$/.exec(line)).find((match) => match?.[2] === fileName);
  if (found?.[1] === undefined) throw new Unavailable(`${url} does not list ${fileName}`);
  return found[1].toLowerCase();
}

/** Gets an archive into a file; gives its SHA-256. */
async function fetchArchive(url: string, file: string, label: string, ports: Ports): Promise<string> {
  const hash = createHash("sha256");
  const handle = await open(file, "wx");
  ports.say(`${label}: downloading ${url}`);
  let [received, saidAt] = [0, performance.now()];
  try {
    for await (const { bytes, totalBytes } of fetchPieces(url, maxArchiveBytes, ports)) {
      hash.update(bytes);
      await handle.writeFile(bytes);
      received += bytes.length;
      if (performance.now() - saidAt < sayEverySeconds * 1000) continue;
      saidAt = performance.now();
      ports.say(`${label}: ${megabytes(received)} of ${totalBytes === undefined ? "?" : megabytes(totalBytes)} MB`);
    }
    return hash.digest("hex");
  } finally {
    await handle.close();
  }
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(0);

/** Unpacks a release's tools, which must be regular files, into `folder` by their last name, and nothing else. */
async function unpack(file: string, { folder: top, tools }: Release, folder: string): Promise<void> {
  const absent = new Set(tools.map((tool) => `${top}/${tool}`));
  const filter = (path: string, entry: object): boolean =>
    "type" in entry && /^(Old)?File$/.test(String(entry.type)) && absent.delete(path);
  try {
    await extract({ file, cwd: folder, strict: true, strip: 1, noMtime: true, filter });
  } catch (error) {
    throw new Unavailable(`the archive cannot be unpacked: ${errorMessage(error)}`, { cause: error });
  }
  const [first] = absent;
  if (first !== undefined) throw new Unavailable(`the archive holds no regular file ${first}`);
}
