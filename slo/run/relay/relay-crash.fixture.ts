import { appendFileSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { frameOf } from "./frame.ts";
import { resumeRelay } from "./resume.ts";
import { open, pushOf, destination, say, type Story } from "./relay-story.fixture.ts";

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
export async function crash(story: Story): Promise<void> {
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
    await resumeRelay({ folder: story.folder, destination, say, limitSeconds: 0 }, story.ports);
    story.held = undefined;
  }
  story.relay = await open(story);
}

/** Notes what a crash after this step may bring back. */
export function remember(story: Story, before: ReadonlyMap<string, Buffer>): Map<string, Buffer> {
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
