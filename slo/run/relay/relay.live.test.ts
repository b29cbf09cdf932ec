import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { waitFor } from "../wait.ts";
import { encodeWrite } from "./body.ts";
import { startRelay, type Relay } from "./relay.ts";
import { resumeRelay } from "./resume.ts";
import type { Receiver } from "./write.ts";

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

type Answer = (body: Buffer, request: IncomingMessage, response: ServerResponse) => void;

async function receiver(
  answer: Answer,
  secure?: { key: Buffer; cert: Buffer },
): Promise<{ url: string; bodies: Buffer[]; stop: () => Promise<void> }> {
  const bodies: Buffer[] = [];
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const body = Buffer.concat(chunks);
      bodies.push(body);
      answer(body, request, response);
    });
  };
  const server = secure ? createSecureServer(secure, listener) : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const stop = (): Promise<void> => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  stops.push(stop);
  return { url: `${secure ? "https" : "http"}://127.0.0.1:${(server.address() as { port: number }).port}/api/v1/write`, bodies, stop };
}

const ok: Answer = (_, __, response) => void response.writeHead(204).end();
const body = (value: number): Buffer => encodeWrite([{ labels: { __name__: "k6_http_reqs_total" }, value, atMillis: value * 1000 }]);

async function relayTo(
  to: Receiver,
  more: { limitBytes?: number; folder?: string } = {},
): Promise<{ relay: Relay; said: string[]; folder: string }> {
  const said: string[] = [];
  const folder = more.folder ?? mkdtempSync(join(tmpdir(), "plimsoll-relay-"));
  const started = await startRelay({
    folder,
    receiver: to,
    say: (line) => said.push(line),
    ...(more.limitBytes ? { limitBytes: more.limitBytes } : {}),
  });
  if (started.kind === "failed") throw new Error(started.message);
  stops.push(started.relay.close);
  return { relay: started.relay, said, folder };
}

const push = async (relay: Relay, data: Buffer): Promise<number> =>
  (await fetch(relay.url, { method: "POST", body: new Uint8Array(data) })).status;

test("bodies reach the receiver as they came, in order", async () => {
  const to = await receiver(ok);
  const { relay } = await relayTo({ url: to.url });
  for (let i = 1; i <= 20; i += 1) expect(await push(relay, body(i))).toBe(204);
  expect(await relay.flushed(30)).toEqual({ kind: "flushed" });
  expect(to.bodies).toEqual(Array.from({ length: 20 }, (_, i) => body(i + 1)));
  expect(relay.sent().sumOf("k6_http_reqs_total")).toBe(20);
  expect(relay.counts()).toMatchObject({ received: 20, forwarded: 20, refused: 0 });
});

test("a push is acknowledged while the receiver hangs, and is on disk by then", async () => {
  const to = await receiver(() => undefined);
  const { relay, folder } = await relayTo({ url: to.url });
  expect(await push(relay, body(1))).toBe(204);
  expect(readFileSync(join(folder, "bodies")).includes(body(1))).toBe(true);
  expect((await relay.flushed(0.1)).kind).toBe("pending");
});

test("errors of the receiver are tried again until it takes the body, and nothing overtakes", async () => {
  const answers = [500, 503, 429, 204, 204];
  const to = await receiver((_, __, response) => {
    const status = answers.shift() ?? 204;
    response.writeHead(status, status === 429 ? { "retry-after": "0" } : {}).end("busy");
  });
  const { relay, said } = await relayTo({ url: to.url });
  await push(relay, body(1));
  await push(relay, body(2));
  expect(await relay.flushed(30)).toEqual({ kind: "flushed" });
  expect(to.bodies).toEqual([body(1), body(1), body(1), body(1), body(2)]);
  expect(said).toEqual(["Prometheus does not take samples: 500 busy; they are kept and sent again", "Prometheus takes samples again"]);
  expect(relay.doubts()).toEqual([]);
});

test("a body that is refused for good is a doubt with the receiver's own words, and does not hold up the next", async () => {
  const answers = [400, 204];
  const to = await receiver((_, __, response) => void response.writeHead(answers.shift() ?? 204).end("out of order sample\u001b[31m"));
  const { relay } = await relayTo({ url: to.url });
  await push(relay, body(1));
  await push(relay, body(2));
  expect(await relay.flushed(30)).toEqual({ kind: "flushed" });
  expect(relay.doubts()).toEqual(["Prometheus refused 1 pushes for good: 400 out of order sample [31m"]);
});

test("a receiver that is gone keeps the spool; a later relay forwards from where it stopped, and knows all that was sent", async () => {
  const first = await receiver(ok);
  const { relay, folder } = await relayTo({ url: first.url });
  await push(relay, body(1));
  expect(await relay.flushed(30)).toEqual({ kind: "flushed" });
  await first.stop();
  await push(relay, body(2));
  await push(relay, body(3));
  const pending = await relay.flushed(0.3);
  expect(pending).toMatchObject({ kind: "pending", reason: expect.stringContaining("ECONNREFUSED") as string });
  await relay.close();
  stops.pop();
  const second = await receiver(ok);
  const resumed = await resumeRelay({ folder, receiver: { url: second.url }, say: () => undefined, limitSeconds: 30 });
  if (resumed.kind !== "flushed") throw new Error(JSON.stringify(resumed));
  expect(second.bodies).toEqual([body(2), body(3)]);
  expect(resumed.sent.sumOf("k6_http_reqs_total")).toBe(3);
});

test.each([
  [
    "basic credentials go along",
    { basic: { username: "u", password: "p:w" } },
    { authorization: `Basic ${Buffer.from("u:p:w").toString("base64")}` },
  ],
  [
    "a bearer token goes along with other headers",
    { bearer: "t", headers: { "x-scope-orgid": "load" } },
    { authorization: "Bearer t", "x-scope-orgid": "load" },
  ],
])("%s", async (_, credentials, expected) => {
  let headers: IncomingMessage["headers"] = {};
  const to = await receiver((__, request, response) => {
    headers = request.headers;
    ok(__, request, response);
  });
  const { relay, said } = await relayTo({ url: to.url, ...credentials });
  await push(relay, body(1));
  await relay.flushed(30);
  expect(headers).toMatchObject({ ...expected, "content-encoding": "snappy", "x-prometheus-remote-write-version": "0.1.0" });
  expect(said.join()).not.toMatch(/p:w|Bearer/);
});

test("TLS is spoken to a receiver whose authority is given, and refused without it", async () => {
  const place = mkdtempSync(join(tmpdir(), "plimsoll-tls-"));
  const [key, cert] = [join(place, "key.pem"), join(place, "cert.pem")];
  execFileSync(
    "openssl",
    [
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-days",
      "1",
      "-subj",
      "/CN=127.0.0.1",
      "-addext",
      "subjectAltName=IP:127.0.0.1",
      "-keyout",
      key,
      "-out",
      cert,
    ],
    { stdio: "ignore" },
  );
  const to = await receiver(ok, { key: readFileSync(key), cert: readFileSync(cert) });
  const trusted = await relayTo({ url: to.url, tls: { caFile: cert } });
  await push(trusted.relay, body(1));
  expect(await trusted.relay.flushed(30)).toEqual({ kind: "flushed" });
  const untrusted = await relayTo({ url: to.url });
  await push(untrusted.relay, body(1));
  expect(await untrusted.relay.flushed(0.5)).toMatchObject({ kind: "pending", reason: expect.stringMatching(/certificate/) as string });
});

test("the limit on disk is a clear end: refused, said once, and remembered as lost", async () => {
  const to = await receiver(ok);
  const { relay, said } = await relayTo({ url: to.url }, { limitBytes: 100 });
  const statuses = [await push(relay, body(1)), await push(relay, body(2)), await push(relay, body(3))];
  expect(statuses).toEqual([204, 507, 507]);
  expect(said.filter((line) => line.includes("limit of 100 bytes"))).toHaveLength(1);
  expect(relay.doubts()).toEqual([expect.stringContaining("2 pushes were lost")]);
});

test("a full disk is a doubt that names the folder, and does not end the relay", async (context) => {
  const place = mkdtempSync(join(tmpdir(), "plimsoll-full-"));
  const disk = join(place, "disk");
  mkdirSync(disk);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", disk], { stdio: "ignore" });
  } catch {
    return context.skip("needs the right to mount a small disk: run as root");
  }
  stops.push(() => Promise.resolve(execFileSync("umount", ["-l", disk])));
  writeFileSync(join(disk, "filler"), Buffer.alloc(56 * 1024));
  const to = await receiver(ok);
  const { relay } = await relayTo({ url: to.url }, { folder: join(disk, "spool") });
  const large = encodeWrite(
    Array.from({ length: 400 }, (_, i) => ({ labels: { __name__: "k6_http_reqs_total", n: String(Math.sin(i)) }, value: i, atMillis: i })),
  );
  expect(await push(relay, large)).toBe(503);
  expect(relay.doubts()).toEqual([expect.stringMatching(/1 pushes were lost: the spool in .*disk\/spool cannot be written: ENOSPC/)]);
  expect(await push(relay, body(1))).toBe(204);
  expect(await relay.flushed(30)).toEqual({ kind: "flushed" });
});

test("a spool folder that cannot be made is a failure that names it", async () => {
  const place = mkdtempSync(join(tmpdir(), "plimsoll-file-"));
  writeFileSync(join(place, "file"), "");
  const started = await startRelay({
    folder: join(place, "file", "spool"),
    receiver: { url: "http://127.0.0.1:9/x" },
    say: () => undefined,
  });
  expect(started).toMatchObject({ kind: "failed", message: expect.stringContaining(join(place, "file")) as string });
});

test("only remote write is served: no other path, method or body", async () => {
  const to = await receiver(ok);
  const { relay } = await relayTo({ url: to.url });
  const base = relay.url.replace("/api/v1/write", "");
  expect((await fetch(`${base}/other`, { method: "POST", body: "x" })).status).toBe(404);
  expect((await fetch(relay.url)).status).toBe(405);
  expect(await push(relay, Buffer.from("not snappy at all"))).toBe(400);
  expect(relay.counts()).toMatchObject({ received: 0, spooledBytes: 0 });
});

test("a receiver that was killed and is back gets everything that waited", async () => {
  const first = await receiver(ok);
  const { relay, said } = await relayTo({ url: first.url });
  const port = new URL(first.url).port;
  await first.stop();
  for (let i = 1; i <= 5; i += 1) await push(relay, body(i));
  await waitFor(async () => (said.length > 0 ? true : undefined), 10, 20);
  const bodies: Buffer[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request
      .on("data", (chunk: Buffer) => chunks.push(chunk))
      .on("end", () => {
        bodies.push(Buffer.concat(chunks));
        response.writeHead(204).end();
      });
  });
  await new Promise<void>((resolve) => server.listen(Number(port), "127.0.0.1", resolve));
  stops.push(() => new Promise((resolve) => (server.closeAllConnections(), server.close(resolve))));
  expect(await relay.flushed(30)).toEqual({ kind: "flushed" });
  expect(bodies).toEqual([1, 2, 3, 4, 5].map(body));
});
