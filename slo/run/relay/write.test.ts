import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { readSettings } from "../../host/settings.ts";
import { emptyFolder, ok, pushed, startReceiver } from "./destination.fixture.ts";
import { writeOnce, type Destination } from "./write.ts";

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function headersAt(make: (url: string) => Destination): Promise<IncomingHttpHeaders> {
  let headers: IncomingHttpHeaders = {};
  const to = await startReceiver((body, request, response) => {
    headers = request.headers;
    ok(body, request, response);
  });
  stops.push(to.stop);
  expect(await writeOnce(make(to.url), pushed(1))).toEqual({ kind: "written" });
  expect(to.bodies).toEqual([pushed(1)]);
  return headers;
}

const encoded = `Basic ${Buffer.from("u:p:w@").toString("base64")}`;

test.each<[string, (url: string) => Destination, Record<string, string>]>([
  ["basic credentials go along", (url) => ({ url, basic: { username: "u", password: "p:w@" } }), { authorization: encoded }],
  [
    "a bearer token goes along with other headers",
    (url) => ({ url, bearer: "t", headers: { "X-Scope-OrgID": "load" } }),
    { authorization: "Bearer t", "x-scope-orgid": "load" },
  ],
  [
    "the protocol's own headers cannot be replaced",
    (url) => ({ url, headers: { "content-encoding": "gzip" } }),
    { "content-encoding": "snappy", "x-prometheus-remote-write-version": "0.1.0", "content-type": "application/x-protobuf" },
  ],
])("%s", async (_, make, expected) => {
  expect(await headersAt(make)).toMatchObject(expected);
});

test.each<[string, Destination, string]>([
  ["no URL", { url: "127.0.0.1:9090/secret" }, "the destination's URL is not one"],
  ["a URL of another protocol", { url: "ftp://x:secret@127.0.0.1/" }, "ftp: is not a protocol to write samples over"],
  ["a user in the URL", { url: "http://u:secret@127.0.0.1/" }, "holds a user or a password: PLIMSOLL_PROMETHEUS_* take them"],
  ["a token of two lines", { url: "http://127.0.0.1:9/", bearer: "secret\nx" }, 'Invalid character in header content ["authorization"]'],
  ["a header without a name", { url: "http://127.0.0.1:9/", headers: { "": "secret" } }, 'Header name must be a valid HTTP token [""]'],
])("%s is a reason without the secret, and not a crash", async (_, destination, reason) => {
  const written = await writeOnce(destination, pushed(1));
  expect(written).toEqual({ kind: "unreachable", reason: expect.stringContaining(reason) as string });
  expect(JSON.stringify(written)).not.toContain("secret");
});

test("a secret that the destination repeats does not reach the screen", async () => {
  const to = await startReceiver((_, request, response) => {
    const { authorization, "x-api-key": key } = request.headers;
    response.writeHead(403).end(`denied: ${authorization} ${String(key)} hunter22`);
  });
  stops.push(to.stop);
  const destination = { url: to.url, basic: { username: "u", password: "hunter22" }, headers: { "x-api-key": "0123456789" } };
  expect(await writeOnce(destination, pushed(1))).toMatchObject({ kind: "refused", status: 403, reason: "denied: Basic *** *** ***" });
});

test.each<[string, string, number | undefined]>([
  ["seconds", "7", 7],
  ["a date that has passed", "Wed, 21 Oct 2015 07:28:00 GMT", 0],
  ["nonsense", "soon", undefined],
])("Retry-After as %s", async (_, header, expected) => {
  const to = await startReceiver((__, ___, response) => void response.writeHead(429, { "retry-after": header }).end("slow down"));
  stops.push(to.stop);
  expect(await writeOnce({ url: to.url }, pushed(1))).toEqual({
    kind: "refused",
    status: 429,
    reason: "slow down",
    retryAfterSeconds: expected,
  });
});

test("an answer of megabytes is read to 300 characters", async () => {
  const to = await startReceiver((_, __, response) => void response.writeHead(500).end("x".repeat(5_000_000)));
  stops.push(to.stop);
  expect(await writeOnce({ url: to.url }, pushed(1))).toMatchObject({ status: 500, reason: "x".repeat(300) });
});

test("an answer that never ends is given up after the time-out", async () => {
  const to = await startReceiver((_, __, response) => void response.writeHead(200).write("x"));
  stops.push(to.stop);
  expect(await writeOnce({ url: to.url, timeoutSeconds: 0.2 }, pushed(1))).toEqual({
    kind: "unreachable",
    reason: "no answer within 0.2 s",
  });
});

test("nobody there is told by the system's word, also where a name has two addresses", async () => {
  const to = await startReceiver(ok);
  await to.stop();
  const url = to.url.replace("127.0.0.1", "localhost");
  expect(await writeOnce({ url }, pushed(1))).toMatchObject({
    kind: "unreachable",
    reason: expect.stringContaining("ECONNREFUSED") as string,
  });
});

test("a connection that is cut once, as one that was closed while idle, is not trouble: the body goes over a new one", async () => {
  let requests = 0;
  const server = createServer((socket) => {
    socket
      .on("error", () => undefined)
      .on("data", (data) => {
        if (!data.includes("POST ")) return;
        requests += 1;
        if (requests === 1) socket.resetAndDestroy();
        else socket.end("HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n");
      });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => new Promise((resolve) => server.close(resolve)));
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
  expect([await writeOnce({ url }, pushed(1)), requests]).toEqual([{ kind: "written" }, 2]);
});

function hasOpenssl(): boolean {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

test.skipIf(!hasOpenssl())(
  "a destination's own authority is trusted where PLIMSOLL_PROMETHEUS_CA_FILE names it (skipped without openssl)",
  async () => {
    const [place, trusted] = [emptyFolder(), getCACertificates("default")];
    onTestFinished(() => setDefaultCACertificates(trusted));
    const [keyFile, certFile] = [join(place, "key"), join(place, "pem")];
    const made = [
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:prime256v1",
      "-nodes",
      "-days",
      "1",
      "-keyout",
      keyFile,
      "-out",
      certFile,
    ];
    const named = ["-subj", "/CN=server", "-addext", "subjectAltName=IP:127.0.0.1"];
    execFileSync("openssl", ["req", "-x509", ...made, ...named], { stdio: "ignore" });
    const to = await startReceiver(ok, 0, { key: readFileSync(keyFile), cert: readFileSync(certFile) });
    stops.push(to.stop);
    expect(await writeOnce({ url: to.url }, pushed(1))).toMatchObject({
      kind: "unreachable",
      reason: expect.stringMatching(/certificate/) as string,
    });
    expect(readSettings({ PLIMSOLL_PROMETHEUS_CA_FILE: certFile }, false)).toMatchObject({ kind: "settings" });
    expect(await writeOnce({ url: to.url }, pushed(1))).toEqual({ kind: "written" });
    expect(to.bodies).toHaveLength(1);
  },
);
