import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Relay, type RelayPorts, resumeRelay } from "./relay.ts";
import type { Written } from "./write.ts";
import { crash, remember } from "./relay-crash.fixture.ts";
import {
  answer,
  fillDisk,
  iterationsBy,
  open,
  openStore,
  openTwice,
  portsOf,
  push,
  destination,
  say,
  valueOf,
  type Draw,
  type Story,
} from "./relay-story.fixture.ts";

/** Draws the same numbers for the same seed (mulberry32). */
function drawsOf(seed: number): Draw {
  let state = seed >>> 0;
  return (n) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * n);
  };
}

const steps: readonly ((story: Story) => Promise<void>)[] = [
  ...Array.from({ length: 9 }, () => (story: Story) => push(story, false)),
  ...Array.from({ length: 12 }, () => answer),
  crash,
  crash,
  openTwice,
  fillDisk,
];

/** Judges the run as often as `gate` would: the destination takes everything now. */
async function resume(story: Story): Promise<{ resumed: Awaited<ReturnType<typeof resumeRelay>>; forwarded: number }> {
  let forwarded = 0;
  const write = (body: Buffer): Promise<Written> => {
    forwarded += 1;
    const written = story.store.take(valueOf(body));
    if (written.kind === "refused") story.excuses.add("refused");
    return Promise.resolve(written);
  };
  const ports: RelayPorts = { ...story.ports, openWriter: () => ({ kind: "open", writer: { write, close: () => undefined } }) };
  return { resumed: await resumeRelay({ folder: story.folder, destination, say, limitSeconds: 20 }, ports), forwarded };
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
  if (sent !== again || a.caveats.join() !== b.caveats.join())
    return `the second gate says ${again}, ${b.caveats.join()}; the first ${sent}, ${a.caveats.join()}`;
  const missing = acknowledged.filter((value) => !store.taken.has(value));
  const unexplained = missing.filter((value) => !store.turnedDown.has(value));
  if (missing.length > 0 && a.caveats.length === 0) return `${missing.join()} are missing without a caveat`;
  if (unexplained.length > 0 && !excuses.has("damage")) return `${unexplained.join()} are missing, and nothing was damaged`;
  if (lost > 0 && !a.caveats.some((caveat) => /lost/.test(caveat))) return `${lost} pushes were not acknowledged, and no caveat says so`;
  if (sent !== told && !excuses.has("damage")) return `${told} was acknowledged last, and ${sent} is what was sent`;
  if (sent !== told && a.caveats.length === 0) return `${sent} is what was sent instead of ${told}, without a caveat`;
  return excuses.size === 0 && a.caveats.length > 0 ? `there is a caveat without a reason: ${a.caveats.join()}` : undefined;
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
  const kept = [1, 3, 8, 1e6][draw(4)] ?? 1;
  const story: Story = {
    draw,
    store: openStore(),
    place,
    canFill: disk.canFill,
    folder: join(place, "0"),
    relay: undefined as unknown as Relay,
    ports: portsOf((held) => (story.held = held), kept),
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
      broken &&
      `relay story ${seed}: ${broken}; again with RELAY_STORY=${seed} npx vitest run --config build/vitest.config.ts relay-stories`
    );
  } finally {
    rmSync(place, { recursive: true });
  }
}
