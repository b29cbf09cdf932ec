import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { createServer } from "node:net";
import { join } from "node:path";
import type { PeerCertificate, TLSSocket } from "node:tls";
import { afterEach, describe, expect, test } from "vitest";
import { emptyFolder, ok, pushed, startReceiver } from "./destination.fixture.ts";
import { openWriter, writeOnce, type Destination } from "./write.ts";

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
  ["so do those in the URL", (url) => ({ url: url.replace("//", "//u:p%3Aw%40@") }), { authorization: encoded }],
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
  ["a user that is not percent-encoded", { url: "http://u:secret%zz@127.0.0.1/" }, "not percent-encoded"],
  [
    "a token of two lines",
    { url: "http://127.0.0.1:9/", bearer: "secret\nx" },
    'the header "authorization" for the destination has a name or value',
  ],
  ["a header without a name", { url: "http://127.0.0.1:9/", headers: { "": "secret" } }, 'the header "" for the destination'],
  [
    "a key that is not there",
    { url: "https://127.0.0.1:9/", tls: { keyFile: "/nowhere" } },
    "the key file for the destination cannot be read: ENOENT",
  ],
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

test("a connection that was closed while idle is not trouble: the body goes over a new one", async () => {
  const requests: string[] = [];
  const server = createServer((socket) => {
    let served = 0;
    socket
      .on("error", () => undefined)
      .on("data", (data) => {
        if (!data.includes("POST ")) return;
        served += 1;
        requests.push(`request ${served} of its connection`);
        if (served > 1) socket.resetAndDestroy();
        else socket.write("HTTP/1.1 204 No Content\r\nconnection: keep-alive\r\n\r\n");
      });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  stops.push(() => new Promise((resolve) => server.close(resolve)));
  const opened = openWriter({ url: `http://127.0.0.1:${(server.address() as { port: number }).port}/` });
  if (opened.kind === "failed") throw new Error(opened.message);
  const { writer } = opened;
  expect([await writer.write(pushed(1)), await writer.write(pushed(2))]).toEqual([{ kind: "written" }, { kind: "written" }]);
  writer.close();
  expect(requests).toEqual(["request 1 of its connection", "request 2 of its connection", "request 1 of its connection"]);
});

function hasOpenssl(): boolean {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

interface Pair {
  keyFile: string;
  certFile: string;
}

/** Makes a certificate that vouches for itself. */
function certificate(place: string, name: string, subject: string): Pair {
  const pair = { keyFile: join(place, `${name}.key`), certFile: join(place, `${name}.pem`) };
  const made = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1", "-keyout", pair.keyFile];
  const named = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=${subject}`, "-out", pair.certFile];
  execFileSync("openssl", ["req", "-x509", ...made, ...named], { stdio: "ignore" });
  return pair;
}

describe.skipIf(!hasOpenssl())("TLS (skipped without openssl)", () => {
  const place = emptyFolder();
  const pairs = hasOpenssl()
    ? {
        server: certificate(place, "server", "IP:127.0.0.1"),
        named: certificate(place, "named", "DNS:metrics.test"),
        client: certificate(place, "client", "DNS:client"),
      }
    : undefined;
  if (pairs === undefined) return;
  const { server, named, client } = pairs;
  writeFileSync(join(place, "no.pem"), "this is no certificate");

  test.each<[string, Pair, Destination["tls"], RegExp | undefined]>([
    ["an authority that is given is trusted", server, { caFile: server.certFile }, undefined],
    ["another is not", server, {}, /certificate/],
    ["a certificate for another name is refused", named, { caFile: named.certFile }, /IP: 127.0.0.1 is not in the cert's list/],
    ["unless that name is asked for", named, { caFile: named.certFile, serverName: "metrics.test" }, undefined],
    ["whoever asks for no verification gets none", named, { insecureSkipVerify: true }, undefined],
    [
      "a key that fits no certificate is told before anything is sent",
      server,
      { certFile: client.certFile, keyFile: named.keyFile },
      /TLS files for the destination do not serve/,
    ],
    ["a CA file that is none is told", server, { caFile: join(place, "no.pem") }, /TLS files for the destination do not serve|certificate/],
  ])("%s", async (_, pair, tls, refusal) => {
    const to = await startReceiver(ok, 0, { key: readFileSync(pair.keyFile), cert: readFileSync(pair.certFile) });
    stops.push(to.stop);
    const written = await writeOnce({ url: to.url, ...(tls ? { tls } : {}) }, pushed(1));
    if (refusal === undefined) expect(written).toEqual({ kind: "written" });
    else expect(written).toEqual({ kind: "unreachable", reason: expect.stringMatching(refusal) as string });
    expect(to.bodies).toHaveLength(refusal === undefined ? 1 : 0);
  });

  test("a client's own certificate reaches a destination that asks for one", async () => {
    const seen: (PeerCertificate | undefined)[] = [];
    const to = await startReceiver(
      (body, request, response) => {
        seen.push((request.socket as TLSSocket).getPeerCertificate());
        ok(body, request, response);
      },
      0,
      {
        key: readFileSync(server.keyFile),
        cert: readFileSync(server.certFile),
        ca: readFileSync(client.certFile),
        requestCert: true,
        rejectUnauthorized: true,
      },
    );
    stops.push(to.stop);
    expect(await writeOnce({ url: to.url, tls: { caFile: server.certFile, ...client } }, pushed(1))).toEqual({ kind: "written" });
    expect(seen.map((certificateSeen) => certificateSeen?.subject.CN)).toEqual(["client"]);
    expect((await writeOnce({ url: to.url, tls: { caFile: server.certFile } }, pushed(1))).kind).toBe("unreachable");
  });
});
