import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { encodeWrite } from "./body.ts";
import { emptyFolder, inTurn, ok, pushed, startReceiver, type Answer, type TestReceiver } from "./destination.fixture.ts";
import { openRejected } from "./rejected.ts";
import { resumeRelay, startRelay, type Relay } from "./relay.ts";
import { openSpool } from "./spool.ts";

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).toReversed()) await stop();
});

async function destination(answer: Answer): Promise<TestReceiver> {
  const started = await startReceiver(answer);
  stops.push(started.stop);
  return started;
}

async function relayIn(folder: string, url: string, limitBytes?: number): Promise<Relay> {
  const started = await startRelay({ folder, destination: { url }, say: () => undefined, ...(limitBytes ? { limitBytes } : {}) });
  if (started.kind === "failed") throw new Error(started.message);
  return started.relay;
}

const sample = (i: number): Parameters<typeof encodeWrite>[0][number] => ({ labels: { __name__: `n${i}` }, value: i, atMillis: i });
const push = (relay: Relay, value: number): Promise<Response> => fetch(relay.url, { method: "POST", body: new Uint8Array(pushed(value)) });
const resume = (folder: string, url: string, limitSeconds = 30): ReturnType<typeof resumeRelay> =>
  resumeRelay({ folder, destination: { url }, say: () => undefined, limitSeconds });

/** Writes a spool as a relay that was killed would leave it. */
function spoolOf(...values: number[]): string {
  const folder = emptyFolder();
  const spool = openSpool(folder);
  for (const value of values) spool.append(pushed(value));
  openRejected(folder).close();
  return folder;
}

test("what waited is forwarded from where it stopped, and all that was sent is known", async () => {
  const folder = emptyFolder();
  const first = await destination(ok);
  const relay = await relayIn(folder, first.url);
  await push(relay, 1);
  expect(await relay.flushed(30)).toEqual({ kind: "flushed" });
  await first.stop();
  await push(relay, 2);
  await push(relay, 3);
  await relay.close();
  const second = await destination(ok);
  const resumed = await resume(folder, second.url);
  if (resumed.kind !== "flushed") throw new Error(JSON.stringify(resumed));
  expect(second.bodies).toEqual([pushed(2), pushed(3)]);
  expect(resumed.sent.sumOf("k6_http_reqs_total")).toBe(3);
  expect(resumed.caveats).toEqual([]);
});

test("a destination that is still gone leaves it pending, with the reason and how much waits", async () => {
  const folder = spoolOf(1, 2);
  const gone = await destination(ok);
  await gone.stop();
  expect(await resume(folder, gone.url, 0.3)).toEqual({
    kind: "pending",
    bytes: 8 + pushed(1).length + pushed(2).length,
    reason: expect.stringContaining("ECONNREFUSED") as string,
  });
});

test("a run that is judged later knows what it lost: refused by the destination, and never taken", async () => {
  const folder = emptyFolder();
  const to = await destination(inTurn([400], "out of order sample"));
  const relay = await relayIn(folder, to.url, 30 + pushed(1).length);
  await push(relay, 1);
  await relay.flushed(30);
  await fetch(relay.url, { method: "POST", body: new Uint8Array(encodeWrite(Array.from({ length: 50 }, (_, i) => sample(i)))) });
  const caveats = relay.caveats();
  await relay.close();
  expect(caveats).toHaveLength(2);
  for (const again of [await resume(folder, to.url), await resume(folder, to.url)])
    expect(again).toMatchObject({ kind: "flushed", caveats });
});

test.each(["out of bounds", "too old sample"])(
  "samples that waited too long (%s) stay, name the setting, and go once the destination takes them",
  async (words) => {
    const folder = spoolOf(1, 2);
    let isWide = false;
    const to = await destination((body, request, response) =>
      isWide ? ok(body, request, response) : void response.writeHead(400).end(`${words}\n`),
    );
    const first = await resume(folder, to.url, 0.3);
    expect(first).toMatchObject({ kind: "pending", reason: expect.stringContaining(`400 ${words} (they are older`) as string });
    expect(first).toMatchObject({ reason: expect.stringContaining("out_of_order_time_window") as string });
    isWide = true;
    to.bodies.length = 0;
    const second = await resume(folder, to.url);
    expect(second).toMatchObject({ kind: "flushed", caveats: [] });
    expect(to.bodies.slice(-2), "what was under way when the first ended may come before them").toEqual([pushed(1), pushed(2)]);
  },
);

test("a damaged body in the middle costs that body alone, is a caveat, and nothing on the disk is thrown away", async () => {
  const folder = spoolOf(1, 2, 3);
  const file = join(folder, "push.1");
  const bytes = readFileSync(file);
  bytes[4 + 3] = 0xff;
  writeFileSync(file, bytes);
  const to = await destination(ok);
  const resumed = await resume(folder, to.url);
  expect(to.bodies).toEqual([pushed(1), pushed(3)]);
  expect(resumed).toMatchObject({ kind: "flushed", caveats: [expect.stringContaining("pushes that cannot be read back: 1")] });
  expect(readFileSync(file)).toEqual(bytes);
});

test.each<[string, string, number[]]>([
  ["a cursor is kept", "1", [2]],
  ["a cursor of nonsense sends all", "soon", [1, 2]],
])("%s", async (_, cursor, expected) => {
  const folder = spoolOf(1, 2);
  writeFileSync(join(folder, "cursor"), cursor);
  const to = await destination(ok);
  expect(await resume(folder, to.url)).toMatchObject({ kind: "flushed", caveats: [] });
  expect(to.bodies).toEqual(expected.map(pushed));
});

test("a spool that is shorter than what was forwarded from it is a caveat", async () => {
  const folder = spoolOf(1);
  writeFileSync(join(folder, "cursor"), "99999");
  const to = await destination(ok);
  expect(await resume(folder, to.url)).toMatchObject({ kind: "flushed", caveats: [expect.stringContaining("shorter")] });
});

test("a spool that a running relay writes is left alone", async () => {
  const folder = emptyFolder();
  const to = await destination(() => undefined);
  const relay = await relayIn(folder, to.url);
  stops.push(relay.close);
  await push(relay, 1);
  expect(await resume(folder, to.url)).toEqual({
    kind: "failed",
    message: `the spool in ${folder} is in use by process ${process.pid}: wait for its end, or stop it`,
  });
});

test("a folder without a spool is a failure, and stays as it was", async () => {
  const folder = emptyFolder();
  expect(await resume(folder, "http://127.0.0.1:9/x")).toEqual({ kind: "failed", message: `the run has no spool in ${folder}` });
});
