import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { appendFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { encodeWrite, readBody } from "./body.ts";
import { frameOf } from "./frame.ts";
import type { RelayPorts } from "./open.ts";
import { startRelay, type Relay } from "./relay.ts";
import { resumeRelay, type Resumed } from "./resume.ts";
import type { Writer, Written } from "./write.ts";

/** Draws a whole number from 0 to below `n`. */
type Draw = (n: number) => number;

/** mulberry32 (public domain, by Tommy Ettinger). */
function drawsOf(seed: number): Draw {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * n);
  };
}

const refused = (status: number, reason: string): Written => ({ kind: "refused", status, reason, retryAfterSeconds: undefined });
const outOfOrder = refused(400, "out of order sample");
const answers: readonly (Written | "take" | "take and cut off")[] = [
  ...(["take", "take", "take", "take", "take", "take", "take and cut off"] as const),
  { kind: "unreachable", reason: "no answer within 30 s" },
  { kind: "unreachable", reason: "connect ECONNREFUSED" },
  ...[500, 503, 429, 401, 404, 408].map((status) => refused(status, "x")),
  refused(400, "out of bounds"),
  refused(400, "too old sample"),
  refused(409, "out of bounds"),
  refused(400, "<html>Bad Request</html>"),
  refused(400, "label name is not valid"),
  refused(422, "x"),
];

/** A Prometheus that holds one series; what it is asked waits until the story answers. */
interface Store {
  taken: Set<number>;
  /** What it refused for good, as the story wanted it. */
  turnedDown: Set<number>;
  take(value: number): Written;
  broken: string | undefined;
}

function openStore(): Store {
  let newest = 0;
  const store: Store = {
    taken: new Set(),
    turnedDown: new Set(),
    broken: undefined,
    take(value) {
      const isLate = value < newest;
      if (isLate && !store.taken.has(value) && !store.turnedDown.has(value)) store.broken ??= `push ${value} came after ${newest}`;
      if (isLate) return outOfOrder;
      newest = value;
      store.taken.add(value);
      return { kind: "written" };
    },
  };
  return store;
}

/** A write that waits for its answer. */
interface Held {
  value: number;
  answer: (written: Written) => void;
}

function valueOf(body: Buffer): number {
  const read = readBody(body);
  return read.kind === "body" ? (read.series[0]?.value ?? Number.NaN) : Number.NaN;
}

/** Everything of one story. */
interface Story {
  draw: Draw;
  store: Store;
  /** On a disk that can be filled up. */
  place: string;
  canFill: boolean;
  folder: string;
  relay: Relay;
  ports: RelayPorts;
  limitBytes: number;
  held: Held | undefined;
  pushes: number;
  acknowledged: number[];
  lost: number;
  /** What happened that may make a doubt. */
  excuses: Set<"damage" | "torn" | "stale cursor" | "refused" | "lost">;
  /** Cursors that a lost power may bring back. */
  cursors: string[];
  /** Files that were removed since the step before, which a crash may bring back. */
  files: Map<string, Buffer>;
}

function portsOf(hold: (held: Held) => void, segmentBytes: number): RelayPorts {
  const writer = (): Writer => {
    let mine: Held | undefined;
    return {
      write: (body) => new Promise((answer) => hold((mine = { value: valueOf(body), answer }))),
      close: () => mine?.answer({ kind: "unreachable", reason: "closed" }),
    };
  };
  return { openWriter: () => ({ kind: "open", writer: writer() }), pauseMillis: () => 0, segmentBytes };
}

const receiver = { url: "http://127.0.0.1:9/x" };
const say = (): void => undefined;

async function open(story: Story): Promise<Relay> {
  const started = await startRelay({ folder: story.folder, receiver, say, limitBytes: story.limitBytes }, story.ports);
  if (started.kind === "failed") throw new Error(started.message);
  return started.relay;
}

/** Iterations are pushed more seldom than requests, so that files go which hold their last value. */
const iterationsBy = (value: number): number => value - ((value + 3) % 4);

function pushOf(value: number, isLarge: boolean): Buffer {
  const at = (name: string, of: number, more = {}): Parameters<typeof encodeWrite>[0][number] => ({
    labels: { __name__: name, ...more },
    value: of,
    atMillis: value * 1000,
  });
  const iterations = iterationsBy(value) === value ? [at("k6_iterations_total", value)] : [];
  const filler = isLarge ? [at("k6_filler", value, { x: randomBytes(6000).toString("hex") })] : [];
  return encodeWrite([at("k6_http_reqs_total", value), ...iterations, ...filler]);
}

async function push(story: Story, isLarge: boolean): Promise<void> {
  const value = (story.pushes += 1);
  const { status } = await fetch(story.relay.url, { method: "POST", body: new Uint8Array(pushOf(value, isLarge)) });
  if (status === 204) return void story.acknowledged.push(value);
  story.lost += 1;
  story.excuses.add("lost");
}

async function answer(story: Story): Promise<void> {
  const drawn = answers[story.draw(answers.length)] ?? "take";
  let [isDone, asks] = [false, false];
  for (; story.held === undefined; await turn()) {
    if (isDone) return;
    if (!asks) void story.relay.flushed(0).then(({ kind }) => ([isDone, asks] = [kind === "flushed", false]));
    asks = true;
  }
  const { value, answer: give } = story.held;
  story.held = undefined;
  const written = drawn === "take" || drawn === "take and cut off" ? story.store.take(value) : drawn;
  if (written.kind === "refused" && (written === outOfOrder || written.status === 422 || /label/.test(written.reason))) {
    if (written !== outOfOrder) story.store.turnedDown.add(value);
    if (drawn !== "take and cut off") story.excuses.add("refused");
  }
  give(drawn === "take and cut off" ? { kind: "unreachable", reason: "socket hang up" } : written);
  await turn();
}

async function fillDisk(story: Story): Promise<void> {
  if (!story.canFill) return;
  const filler = join(story.place, "filler");
  try {
    writeFileSync(filler, Buffer.alloc(2 * 1024 * 1024));
  } catch {
    // full, as it should be
  }
  await push(story, true);
  await answer(story);
  await push(story, false);
  rmSync(filler);
}

async function openTwice(story: Story): Promise<void> {
  const started = await startRelay({ folder: story.folder, receiver, say }, story.ports);
  if (started.kind === "started") throw new Error("the spool was opened twice");
}

/** Gives a crash's folder what the crash did to it. */
const damages: readonly ((story: Story, names: string[]) => void)[] = [
  () => undefined,
  function tornWrite({ folder, draw, pushes, excuses }, names) {
    const record = frameOf(pushOf(pushes + 1, false));
    appendFileSync(join(folder, names.at(-1) ?? "bodies"), record.subarray(0, 1 + draw(record.length - 1)));
    excuses.add("torn");
  },
  function staleCursor({ folder, draw, cursors, excuses }) {
    const cursor = cursors[draw(cursors.length)];
    if (cursor !== undefined) writeFileSync(join(folder, "cursor"), cursor);
    excuses.add("stale cursor");
  },
  function removedHalf({ folder, draw, files }) {
    for (const [name, content] of files) if (name.startsWith("bodies") || draw(2) === 0) writeFileSync(join(folder, name), content);
  },
  function rolledHalf({ folder }, names) {
    const last = join(folder, names.at(-1) ?? "bodies");
    if (names.length > 1 && readFileSync(last).length === 0) rmSync(last);
    else writeFileSync(join(folder, "sent.99"), "torn");
  },
  function flippedBit({ folder, draw, excuses }) {
    const names = readdirSync(folder).filter((name) => /^(bodies|sent)/.test(name));
    const file = join(folder, names.toSorted()[draw(names.length)] ?? "bodies");
    const bytes = readFileSync(file);
    if (bytes.length === 0) return;
    const bit = draw(bytes.length * 8);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    writeFileSync(file, bytes);
    excuses.add("damage");
  },
];

/** Goes on with the folder as it is at this moment, and as a crash may have left it. */
async function crash(story: Story): Promise<void> {
  const before = story.folder;
  const damage = damages[story.draw(damages.length)];
  story.folder = join(story.place, String(Number(basename(before)) + 1));
  cpSync(before, story.folder, { recursive: true, filter: (path) => !basename(path).startsWith("lock") });
  const baseOf = (name: string): number => Number(name.split(".")[1] ?? 0);
  const names = readdirSync(story.folder).filter((name) => name.startsWith("bodies"));
  damage?.(
    story,
    names.toSorted((a, b) => baseOf(a) - baseOf(b)),
  );
  await story.relay.close();
  rmSync(before, { recursive: true });
  story.held = undefined;
  if (story.draw(3) === 0) {
    await resumeRelay({ folder: story.folder, receiver, say, limitSeconds: 0 }, story.ports);
    story.held = undefined;
  }
  story.relay = await open(story);
}

/** Notes what a crash after this step may bring back. */
function remember(story: Story, before: ReadonlyMap<string, Buffer>): Map<string, Buffer> {
  const names = readdirSync(story.folder).filter((name) => /^(bodies|sent)/.test(name));
  story.files = new Map([...before].filter(([name]) => !names.includes(name)));
  const cursor = names.length === 0 ? undefined : readCursor(story.folder);
  if (story.files.size > 0) story.cursors = []; // a file goes only when the cursor is sure
  if (cursor !== undefined) story.cursors.push(cursor);
  const content = (name: string): Buffer => readFileSync(join(story.folder, name));
  return new Map(names.map((name) => [name, name.startsWith("bodies") ? content(name) : (before.get(name) ?? content(name))]));
}

function readCursor(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, "cursor"), "utf8");
  } catch {
    return undefined;
  }
}

const steps: readonly ((story: Story) => Promise<void>)[] = [
  ...Array.from({ length: 9 }, () => (story: Story) => push(story, false)),
  ...Array.from({ length: 12 }, () => answer),
  ...[crash, crash, openTwice, fillDisk],
];

/** Judges the run as often as `gate` would: the receiver takes everything now. */
async function resume(story: Story): Promise<{ resumed: Resumed; forwarded: number }> {
  let forwarded = 0;
  const write = (body: Buffer): Promise<Written> => {
    forwarded += 1;
    const written = story.store.take(valueOf(body));
    if (written.kind === "refused") story.excuses.add("refused");
    return Promise.resolve(written);
  };
  const ports: RelayPorts = { ...story.ports, openWriter: () => ({ kind: "open", writer: { write, close: () => undefined } }) };
  return { resumed: await resumeRelay({ folder: story.folder, receiver, say, limitSeconds: 20 }, ports), forwarded };
}

/** Says what is not as it was promised. */
async function brokenBy(story: Story): Promise<string | undefined> {
  const { store, acknowledged, excuses, lost } = story;
  const first = await resume(story);
  const second = await resume(story);
  if (store.broken !== undefined) return store.broken;
  const [a, b] = [first.resumed, second.resumed];
  if (a.kind !== "flushed" || b.kind !== "flushed") return `gate ended ${JSON.stringify([a, b])}`;
  if (second.forwarded > 0) return `the second gate forwarded ${second.forwarded} bodies`;
  const [sent, again] = [a, b].map((one) => ["k6_http_reqs_total", "k6_iterations_total"].map((name) => one.sent.sumOf(name)).join());
  const told = [acknowledged.at(-1) ?? 0, acknowledged.findLast((value) => iterationsBy(value) === value) ?? 0].join();
  if (sent !== again || a.doubts.join() !== b.doubts.join())
    return `the second gate says ${again}, ${b.doubts.join()}; the first ${sent}, ${a.doubts.join()}`;
  const missing = acknowledged.filter((value) => !store.taken.has(value));
  const unexplained = missing.filter((value) => !store.turnedDown.has(value));
  if (missing.length > 0 && a.doubts.length === 0) return `${missing.join()} are missing without a doubt`;
  if (unexplained.length > 0 && !excuses.has("damage")) return `${unexplained.join()} are missing, and nothing was damaged`;
  if (lost > 0 && !a.doubts.some((doubt) => /lost/.test(doubt))) return `${lost} pushes were not acknowledged, and no doubt says so`;
  if (sent !== told && !excuses.has("damage")) return `${told} was acknowledged last, and ${sent} is what was sent`;
  if (sent !== told && a.doubts.length === 0) return `${sent} is what was sent instead of ${told}, without a doubt`;
  return excuses.size === 0 && a.doubts.length > 0 ? `there is a doubt without a reason: ${a.doubts.join()}` : undefined;
}

async function play(story: Story): Promise<string | undefined> {
  let files = remember(story, new Map());
  const length = 10 + story.draw(40);
  for (let i = 0; i < length; i += 1) {
    await steps[story.draw(steps.length)]?.(story);
    files = remember(story, files);
  }
  await story.relay.close();
  return brokenBy(story);
}

/** A place for stories. */
export interface StoryDisk {
  place: string;
  /** It is a disk of its own, and small. */
  canFill: boolean;
  remove: () => void;
}

/** Makes a small disk in memory, which only root may; else a folder there, for a story flushes hundreds of times. */
export function storyDisk(): StoryDisk {
  const place = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "plimsoll-relay-"));
  const remove = (): void => rmSync(place, { recursive: true, force: true });
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=1m", "tmpfs", place], { stdio: "ignore" });
  } catch {
    return { place, canFill: false, remove };
  }
  return { place, canFill: true, remove: () => (execFileSync("umount", ["-l", place]), remove()) };
}

/** Plays one story of pushes, answers, crashes and full disks; gives what it breaks, if anything. */
export async function simulate(seed: number, disk: StoryDisk): Promise<string | undefined> {
  const draw = drawsOf(seed);
  const place = join(disk.place, String(seed));
  mkdirSync(place);
  const segmentBytes = [40, 150, 400, 1e6][draw(4)] ?? 40;
  const story: Story = {
    draw,
    store: openStore(),
    place,
    canFill: disk.canFill,
    folder: join(place, "0"),
    relay: undefined as unknown as Relay,
    ports: portsOf((held) => (story.held = held), segmentBytes),
    limitBytes: draw(4) === 0 ? 400 : 1e6,
    held: undefined,
    pushes: 0,
    acknowledged: [],
    lost: 0,
    excuses: new Set(),
    cursors: ["0"],
    files: new Map(),
  };
  try {
    story.relay = await open(story);
    const broken = await play(story);
    return (
      broken && `relay story ${seed}: ${broken}; again with RELAY_STORY=${seed} npx vitest run --config build/vitest.config.ts simulation`
    );
  } finally {
    rmSync(place, { recursive: true });
  }
}
