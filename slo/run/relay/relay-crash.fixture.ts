import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { resumeRelay } from "./relay.ts";
import { open, pushOf, destination, say, type Story } from "./relay-story.fixture.ts";

const numberOf = (name: string | undefined): number => Number(name?.split(".")[1] ?? -1);

/** Gives a crash's folder what the crash did to it. */
const damages: readonly ((story: Story, names: string[]) => void)[] = [
  () => undefined,
  function tornWrite({ folder, draw, pushes, excuses }, names) {
    const record = Buffer.concat([Buffer.from("crc."), pushOf(pushes + 1, false)]);
    writeFileSync(join(folder, `push.${numberOf(names.at(-1)) + 1}`), record.subarray(0, draw(record.length)));
    excuses.add("torn");
  },
  function staleCursor({ folder, draw, cursors, excuses }) {
    const cursor = cursors[draw(cursors.length)];
    if (cursor !== undefined) writeFileSync(join(folder, "cursor"), cursor);
    excuses.add("stale cursor");
  },
  function removedHalf({ folder, draw, files }) {
    for (const [name, content] of files) if (draw(2) === 0) writeFileSync(join(folder, name), content);
  },
  function rolledHalf({ folder }, names) {
    writeFileSync(join(folder, `sent.${numberOf(names.at(-1)) + 1}`), "torn");
  },
  function flippedBit({ folder, draw, excuses }) {
    const names = readdirSync(folder).filter((name) => /^(push|sent)/.test(name));
    if (names.length === 0) return;
    const file = join(folder, names.toSorted()[draw(names.length)] ?? "");
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
  const names = readdirSync(story.folder).filter((name) => name.startsWith("push"));
  damage?.(
    story,
    names.toSorted((a, b) => numberOf(a) - numberOf(b)),
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
  const names = readdirSync(story.folder).filter((name) => /^(push|sent)/.test(name));
  story.files = new Map([...before].filter(([name]) => !names.includes(name)));
  const cursor = names.length === 0 ? undefined : readCursor(story.folder);
  if (story.files.size > 0) story.cursors = []; // a file goes only when the cursor is sure
  if (cursor !== undefined) story.cursors.push(cursor);
  const content = (name: string): Buffer => readFileSync(join(story.folder, name));
  return new Map(names.map((name) => [name, name.startsWith("push") ? content(name) : (before.get(name) ?? content(name))]));
}

function readCursor(folder: string): string | undefined {
  try {
    return readFileSync(join(folder, "cursor"), "utf8");
  } catch {
    return undefined;
  }
}
