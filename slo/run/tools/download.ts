import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import { join } from "node:path";
import { extract } from "tar";
import { errorMessage } from "../../host/error-message.ts";
import { type Pin, releaseOf, type ToolName } from "./catalog.ts";
import { type Ports, Unavailable } from "./tool.ts";

const redirectLimit = 5;

/**
 * Gets a body over HTTP in pieces, bounded in size and by the ports' idle and total times; its whole length is undefined where the server does not say it.
 * Honours HTTPS_PROXY, HTTP_PROXY and NO_PROXY. Plain HTTP is only spoken to loopback.
 */
async function* fetchPieces(url: string, maxBytes: number, ports: Ports) {
  const overall = AbortSignal.timeout(ports.bounds.totalSeconds * 1000);
  let received = 0;
  try {
    const response = await follow(new URL(url), overall, ports, redirectLimit);
    const announced = response.headers["content-length"];
    const totalBytes = announced === undefined ? undefined : Number(announced);
    for await (const bytes of response as AsyncIterable<Buffer>) {
      received += bytes.length;
      if (Math.max(received, totalBytes ?? 0) > maxBytes) throw new Error(`larger than the ${maxBytes} bytes that are allowed`);
      yield { bytes, totalBytes };
    }
  } catch (error) {
    const isCut = received > 0 && error instanceof Error && "code" in error && error.code === "ECONNRESET";
    const said = isCut ? `the connection was cut after ${received} bytes` : errorMessage(error);
    const why = overall.aborted ? `not finished within ${ports.bounds.totalSeconds} s` : said;
    throw new Unavailable(`${url}: ${why}`, { cause: error });
  }
}

async function follow(url: URL, signal: AbortSignal, ports: Ports, redirects: number): Promise<IncomingMessage> {
  const isLoopback = url.protocol === "http:" && ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname);
  if (url.protocol !== "https:" && !isLoopback) throw new Error(`${url.origin}: only HTTPS is trusted with a download`);
  const response = await ask(url, signal, ports);
  const { statusCode: status = 0, headers } = response;
  if (status === 200) return response;
  response.destroy();
  const next = status >= 300 && status < 400 ? headers.location : undefined;
  if (next === undefined) throw new Error(`HTTP ${status}${redirects < redirectLimit ? ` from ${url.host}` : ""}`);
  if (redirects === 0) throw new Error(`more than ${redirectLimit} redirects`);
  return await follow(new URL(next, url), signal, ports, redirects - 1);
}

function ask(url: URL, signal: AbortSignal, { bounds: { idleSeconds }, environment }: Ports): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const client = url.protocol === "https:" ? https : http;
  const agent = new client.Agent({ proxyEnv: environment });
  // The time-out counts from before the connection, and anew whenever something comes.
  const request = client.get(url, { agent, signal, timeout: idleSeconds * 1000, headers: { "user-agent": "plimsoll" } });
  let response: IncomingMessage | undefined;
  request.on("response", (answer) => resolve((response = answer)));
  request.on("timeout", () => (response ?? request).destroy(new Error(`nothing came for ${idleSeconds} s`)));
  request.on("error", reject);
  return promise;
}

const officialBase = "https://github.com";
const maxListBytes = 1_000_000;
const maxArchiveBytes = 400_000_000;
const sayEverySeconds = 3;

/** Downloads a release into `folder`, from GitHub or PLIMSOLL_DOWNLOAD_BASE, checks it by the release's own SHA-256 list and unpacks its programs; gives those tools. */
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
async function unpack(file: string, { folder: top, tools }: ReturnType<typeof releaseOf>, folder: string): Promise<void> {
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
