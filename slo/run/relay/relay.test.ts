import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { waitFor } from "../../host/wait.ts";
import { encodeWrite } from "./body.ts";
import { emptyFolder, inTurn, ok, pushed, startReceiver, type Answer, type TestReceiver } from "./destination.fixture.ts";
import { startRelay, type Relay } from "./relay.ts";
import type { Destination } from "./write.ts";

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function destination(answer: Answer, port = 0): Promise<TestReceiver> {
  const started = await startReceiver(answer, port);
  stops.push(started.stop);
  return started;
}

async function relayTo(
  to: Destination,
  more: { limitBytes?: number; folder?: string } = {},
): Promise<{ relay: Relay; said: string[]; folder: string }> {
  const said: string[] = [];
  const folder = more.folder ?? emptyFolder();
  const started = await startRelay({
    folder,
    destination: to,
    say: (line: string) => void said.push(line),
    ...(more.limitBytes ? { limitBytes: more.limitBytes } : {}),
  });
  if (started.kind === "failed") throw new Error(started.message);
  stops.push(started.relay.close);
  return { relay: started.relay, said, folder };
}

const push = async (relay: Relay, data: Buffer, headers: Record<string, string> = {}): Promise<number> =>
  (await fetch(relay.url, { method: "POST", body: new Uint8Array(data), headers })).status;

test("bodies reach the destination as they came, in order", async () => {
  const to = await destination(ok);
  const { relay, said } = await relayTo({ url: to.url });
  for (let i = 1; i <= 20; i += 1) expect(await push(relay, pushed(i))).toBe(204);
  expect(await relay.flushed(30)).toEqual({ kind: "flushed" });
  expect(to.bodies).toEqual(Array.from({ length: 20 }, (_, i) => pushed(i + 1)));
  expect(relay.sent().sumOf("k6_http_reqs_total")).toBe(20);
  expect([...relay.caveats(), ...said]).toEqual([]);
});

test("a push is acknowledged while the destination hangs, and is on disk by then", async () => {
  const to = await destination(() => undefined);
  const { relay, folder, said } = await relayTo({ url: to.url });
  expect(await push(relay, pushed(1))).toBe(204);
  expect(readFileSync(join(folder, "push.0")).includes(pushed(1))).toBe(true);
  expect(await relay.flushed(0.1)).toMatchObject({ kind: "pending", reason: "Prometheus has not answered yet" });
  await waitFor(() => Promise.resolve(to.bodies.length > 0 || undefined), 10, 10);
  await relay.close();
  stops.pop();
  expect(said, "its own end is no trouble of the destination").toEqual([]);
});

test("a destination that hangs is given up after the time-out, and asked again", async () => {
  let first = true;
  const to = await destination((data, request, response) => {
    if (first) first = false;
    else ok(data, request, response);
  });
  const { relay, said } = await relayTo({ url: to.url, timeoutSeconds: 0.2 });
  await push(relay, pushed(1));
  expect(await relay.flushed(30)).toEqual({ kind: "flushed" });
  expect(to.bodies).toEqual([pushed(1), pushed(1)]);
  expect(said[0]).toContain("no answer within 0.2 s");
});

test("errors of the destination are tried again until it takes the body, and nothing overtakes", async () => {
  const to = await destination(inTurn([500, 500, 503, 429], "busy", { "retry-after": "0" }));
  const { relay, said } = await relayTo({ url: to.url });
  await push(relay, pushed(1));
  await push(relay, pushed(2));
  expect(await relay.flushed(30)).toEqual({ kind: "flushed" });
  expect(to.bodies).toEqual([pushed(1), pushed(1), pushed(1), pushed(1), pushed(1), pushed(2)]);
  expect(said).toEqual([
    "Prometheus does not take samples: 500 busy; they are kept and sent again",
    "Prometheus does not take samples: 503 busy; they are kept and sent again",
    "Prometheus does not take samples: 429 busy; they are kept and sent again",
    "Prometheus takes samples again",
  ]);
  expect(relay.caveats()).toEqual([]);
});

test.each([
  ["a redirect, as of a proxy that wants a login, is tried again", 302, ""],
  ["credentials that are refused are tried again, for they get mended", 401, " (check the credentials)"],
  ["a path that is not there is tried again", 404, " (check the address, and --web.enable-remote-write-receiver)"],
])("%s", async (_, status, remedy) => {
  const to = await destination(inTurn([status, status], "not here", { location: "/login" }));
  const { relay, said } = await relayTo({ url: to.url });
  await push(relay, pushed(1));
  expect(await relay.flushed(30)).toEqual({ kind: "flushed" });
  expect(to.bodies).toHaveLength(3);
  expect(said[0]).toBe(`Prometheus does not take samples: ${status} not here${remedy}; they are kept and sent again`);
  expect(relay.caveats()).toEqual([]);
});

test("a body that is refused for good is a caveat with the destination's own words, whatever comes later, and does not hold up the next", async () => {
  const answers = [400, 503];
  const to = await destination((_, __, response) => {
    const status = answers.shift() ?? 204;
    response.writeHead(status).end(status === 400 ? "out of order sample\u001b[31m" : "busy");
  });
  const { relay } = await relayTo({ url: to.url });
  await push(relay, pushed(1));
  await push(relay, pushed(2));
  expect(await relay.flushed(30)).toEqual({ kind: "flushed" });
  expect(to.bodies).toEqual([pushed(1), pushed(2), pushed(2)]);
  expect(relay.caveats()).toEqual(["Prometheus refused 1 push for good: 400 out of order sample\uFFFD[31m"]);
});

test("twenty refusals are one line on the screen, and counted", async () => {
  const to = await destination(
    inTurn(
      Array.from({ length: 20 }, () => 400),
      "no",
    ),
  );
  const { relay, said } = await relayTo({ url: to.url });
  for (let i = 1; i <= 20; i += 1) await push(relay, pushed(i));
  expect(await relay.flushed(30)).toEqual({ kind: "flushed" });
  expect(said).toEqual(["Prometheus refuses samples for good: 400 no"]);
  expect(relay.caveats()).toEqual(["Prometheus refused 20 pushes for good: 400 no"]);
});

test("a destination that was killed and is back gets everything that waited", async () => {
  const first = await destination(ok);
  const { relay, said } = await relayTo({ url: first.url });
  await first.stop();
  for (let i = 1; i <= 5; i += 1) await push(relay, pushed(i));
  await waitFor(() => Promise.resolve(said.length > 0 || undefined), 10, 20);
  expect(await relay.flushed(0)).toMatchObject({ kind: "pending", reason: expect.stringContaining("ECONNREFUSED") as string });
  const second = await destination(ok, Number(new URL(first.url).port));
  expect(await relay.flushed(30)).toEqual({ kind: "flushed" });
  expect(second.bodies).toEqual([1, 2, 3, 4, 5].map(pushed));
});

test("the limit on disk is a clear end: refused, said once, and remembered as lost", async () => {
  const to = await destination(() => undefined);
  const { relay, said } = await relayTo({ url: to.url }, { limitBytes: 100 });
  const statuses = [await push(relay, pushed(1)), await push(relay, pushed(2)), await push(relay, pushed(3))];
  expect(statuses).toEqual([204, 507, 507]);
  expect(said.filter((line) => line.includes("limit of 100 bytes"))).toHaveLength(1);
  expect(relay.caveats()).toEqual([expect.stringContaining("2 pushes were lost")]);
  expect(relay.sent().sumOf("k6_http_reqs_total"), "what is lost was not sent").toBe(1);
});

test("what was forwarded does not count for the limit", async () => {
  const to = await destination(ok);
  const { relay, folder } = await relayTo({ url: to.url }, { limitBytes: 100 });
  for (let i = 1; i <= 20; i += 1) {
    expect(await push(relay, pushed(i))).toBe(204);
    expect(await relay.flushed(30)).toEqual({ kind: "flushed" });
  }
  expect(readdirSync(folder).filter((name) => name.startsWith("push."))).toHaveLength(20);
  expect([relay.caveats(), relay.sent().sumOf("k6_http_reqs_total")]).toEqual([[], 20]);
});

test("a full disk is a caveat that names the folder, and does not end the relay", async (context) => {
  const disk = join(emptyFolder(), "disk");
  mkdirSync(disk);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=128k", "tmpfs", disk], { stdio: "ignore" });
  } catch {
    if (process.env["CI"]) throw new Error("this test needs the right to mount a small disk: run as root");
    return context.skip("needs the right to mount a small disk: run as root");
  }
  stops.push(() => Promise.resolve(execFileSync("umount", ["-l", disk])));
  const to = await destination(ok);
  const { relay } = await relayTo({ url: to.url }, { folder: join(disk, "spool") });
  writeFileSync(join(disk, "filler"), Buffer.alloc(96 * 1024));
  const large = encodeWrite(
    Array.from({ length: 800 }, (_, i) => ({ labels: { __name__: "k6_http_reqs_total", n: String(Math.sin(i)) }, value: i, atMillis: i })),
  );
  expect(await push(relay, large)).toBe(503);
  expect(relay.caveats()).toEqual([expect.stringMatching(/1 push was lost: the spool in .*disk\/spool cannot be written: ENOSPC/)]);
  expect(readFileSync(join(disk, "spool", "rejected"), "utf8"), "noted on the full disk as well").toContain("ENOSPC");
  expect(await push(relay, pushed(1))).toBe(204);
  expect(await relay.flushed(30)).toEqual({ kind: "flushed" });
  expect(to.bodies).toEqual([pushed(1)]);
});

test.each<[string, (place: string) => Parameters<typeof startRelay>[0], string]>([
  [
    "a spool folder that cannot be made is a failure that names it",
    (place) => ({ folder: join(place, "file", "spool"), destination: { url: "http://127.0.0.1:9/x" }, say: () => undefined }),
    "file/spool cannot be written",
  ],
  [
    "a header that cannot be sent is a failure that names it",
    (place) => ({ folder: join(place, "spool"), destination: { url: "https://127.0.0.1:9/x", bearer: "x\n" }, say: () => undefined }),
    'Invalid character in header content ["authorization"]',
  ],
])("%s", async (_, options, message) => {
  const place = emptyFolder();
  writeFileSync(join(place, "file"), "");
  expect(await startRelay(options(place))).toEqual({ kind: "failed", message: expect.stringContaining(message) as string });
});

test("only remote write is served; what k6 may have pushed and could not be read is a caveat", async () => {
  const to = await destination(ok);
  const { relay } = await relayTo({ url: to.url });
  const base = relay.url.replace("/api/v1/write", "");
  expect((await fetch(`${base}/other`, { method: "POST", body: "x" })).status).toBe(404);
  expect((await fetch(relay.url)).status).toBe(404);
  expect(relay.caveats()).toEqual([]);
  expect(await push(relay, Buffer.from("not snappy at all"))).toBe(400);
  expect(relay.sent().all()).toEqual({});
  expect(relay.caveats()).toEqual([expect.stringContaining("1 push was lost: not a push that the relay can read: ")]);
});

test("a push that its sender cuts off is not taken", async () => {
  const to = await destination(ok);
  const { relay } = await relayTo({ url: to.url });
  const socket = connect(Number(new URL(relay.url).port), "127.0.0.1");
  await new Promise<void>((resolve) => socket.once("connect", resolve));
  socket.end(Buffer.concat([Buffer.from("POST /api/v1/write HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n"), pushed(1)]));
  await new Promise((resolve) => socket.once("close", resolve).resume());
  expect(await push(relay, pushed(2))).toBe(204);
  expect([relay.sent().sumOf("k6_http_reqs_total"), await relay.flushed(30), to.bodies]).toEqual([2, { kind: "flushed" }, [pushed(2)]]);
});

test("an idle connection stays open, for k6 does not repeat a push that met a closing one", async () => {
  const to = await destination(ok);
  const { relay } = await relayTo({ url: to.url });
  const socket = connect(Number(new URL(relay.url).port), "127.0.0.1");
  const body = pushed(1);
  const head = `POST /api/v1/write HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n`;
  const answered = new Promise<string>((resolve) => socket.once("data", (data) => resolve(String(data))));
  socket.write(Buffer.concat([Buffer.from(head), body]));
  expect(await answered, "a Keep-Alive header would name the seconds after which it closes").not.toMatch(/keep-alive: timeout/i);
  socket.destroy();
});
