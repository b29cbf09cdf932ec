import { randomBytes } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setImmediate as turn } from "node:timers/promises";
import { encodeWrite, readBody } from "./body.ts";
import { type Relay, type RelayPorts, startRelay } from "./relay.ts";
import type { Writer, Written } from "./write.ts";

/** Draws a whole number from 0 to below `n`. */
export type Draw = (n: number) => number;

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
export interface Store {
  taken: Set<number>;
  /** What it refused for good, as the story wanted it. */
  turnedDown: Set<number>;
  take(value: number): Written;
  broken: string | undefined;
}

export function openStore(): Store {
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

export function valueOf(body: Buffer): number {
  const read = readBody(body);
  return read.kind === "body" ? (read.series[0]?.value ?? Number.NaN) : Number.NaN;
}

/** Everything of one story. */
export interface Story {
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
  /** What happened that may make a caveat. */
  excuses: Set<"damage" | "torn" | "stale cursor" | "refused" | "lost">;
  /** Cursors that a lost power may bring back. */
  cursors: string[];
  /** Files that were removed since the step before, which a crash may bring back. */
  files: Map<string, Buffer>;
}

export function portsOf(hold: (held: Held) => void, kept: number): RelayPorts {
  const writer = (): Writer => {
    let mine: Held | undefined;
    return {
      write: (body) => new Promise((answer) => hold((mine = { value: valueOf(body), answer }))),
      close: () => mine?.answer({ kind: "unreachable", reason: "closed" }),
    };
  };
  return { openWriter: () => ({ kind: "open", writer: writer() }), pauseMillis: () => 0, kept };
}

export const destination = { url: "http://127.0.0.1:9/x" };
export const say = (): void => undefined;

export async function open(story: Story): Promise<Relay> {
  const started = await startRelay({ folder: story.folder, destination, say, limitBytes: story.limitBytes }, story.ports);
  if (started.kind === "failed") throw new Error(started.message);
  return started.relay;
}

/** Iterations are pushed more seldom than requests, so that files go which hold their last value. */
export const iterationsBy = (value: number): number => value - ((value + 3) % 4);

export function pushOf(value: number, isLarge: boolean): Buffer {
  const at = (name: string, of: number, more = {}): Parameters<typeof encodeWrite>[0][number] => ({
    labels: { __name__: name, ...more },
    value: of,
    atMillis: value * 1000,
  });
  const iterations = iterationsBy(value) === value ? [at("k6_iterations_total", value)] : [];
  const filler = isLarge ? [at("k6_filler", value, { x: randomBytes(6000).toString("hex") })] : [];
  return encodeWrite([at("k6_http_reqs_total", value), ...iterations, ...filler]);
}

export async function push(story: Story, isLarge: boolean): Promise<void> {
  const value = (story.pushes += 1);
  const { status } = await fetch(story.relay.url, { method: "POST", body: new Uint8Array(pushOf(value, isLarge)) });
  if (status === 204) return void story.acknowledged.push(value);
  story.lost += 1;
  story.excuses.add("lost");
}

export async function answer(story: Story): Promise<void> {
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

export async function fillDisk(story: Story): Promise<void> {
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

export async function openTwice(story: Story): Promise<void> {
  const started = await startRelay({ folder: story.folder, destination, say }, story.ports);
  if (started.kind === "started") throw new Error("the spool was opened twice");
}
