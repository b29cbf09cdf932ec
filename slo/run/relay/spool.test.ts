import { appendFileSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { emptyFolder } from "./destination.fixture.ts";
import { openSpool, type Spool } from "./spool.ts";

function bodiesOf(spool: Spool): Buffer[] {
  const bodies: Buffer[] = [];
  for (let offset = 0; ;) {
    const frame = spool.read(offset);
    if (frame.kind === "end" || frame.kind === "torn") return bodies;
    if (frame.kind === "body") bodies.push(frame.body);
    offset = frame.next;
  }
}

function filled(bodies: readonly Uint8Array[]): string {
  const place = emptyFolder();
  const spool = openSpool(place);
  for (const body of bodies) spool.append(Buffer.from(body));
  spool.close();
  return place;
}

const anyBodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 6 });
const three = ["one", "two", "three"].map((text) => Buffer.from(text));

test("what was written is read back, whatever the bytes", () => {
  fc.assert(
    fc.property(anyBodies, (bodies) => {
      const spool = openSpool(filled(bodies));
      expect(bodiesOf(spool)).toEqual(bodies.map((body) => Buffer.from(body)));
      expect(spool.caveats()).toEqual([]);
      spool.close();
    }),
    { numRuns: 40 },
  );
});

test("a crash at any byte leaves the bodies before it, and never a wrong one", () => {
  fc.assert(
    fc.property(anyBodies, fc.nat(), fc.uint8Array({ maxLength: 40 }), (bodies, at, garbage) => {
      const place = filled(bodies);
      const file = join(place, "bodies");
      const cut = at % (readFileSync(file).length + 1);
      truncateSync(file, cut);
      appendFileSync(file, garbage);
      const spool = openSpool(place);
      const left = bodiesOf(spool);
      let [whole, end] = [0, 0];
      for (const body of bodies) if ((end += 8 + body.length) <= cut) whole += 1;
      expect(left.slice(0, whole)).toEqual(bodies.slice(0, whole).map((body) => Buffer.from(body)));
      // The garbage may by chance continue the torn record as it was; anything else would be a wrong body.
      expect(left).toEqual(bodies.slice(0, left.length).map((body) => Buffer.from(body)));
      spool.append(Buffer.from("after the crash"));
      expect(bodiesOf(spool).at(-1)?.toString()).toBe("after the crash");
      spool.close();
    }),
    { numRuns: 100 },
  );
});

test("any one flipped bit costs at most what the damage covers, is never read as a wrong body, and is never silent", () => {
  const whole = readFileSync(join(filled(three), "bodies"));
  for (let bit = 0; bit < whole.length * 8; bit += 1) {
    const place = emptyFolder();
    const bytes = Buffer.from(whole);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    writeFileSync(join(place, "bodies"), bytes);
    const spool = openSpool(place);
    const read = bodiesOf(spool).map(String);
    expect(three.map(String)).toEqual(expect.arrayContaining(read));
    expect(read.length).toBeLessThan(3);
    expect(spool.caveats()).toHaveLength(1);
    spool.close();
    expect(readFileSync(join(place, "bodies")), "opening changes nothing").toEqual(bytes);
  }
});

test("zeros at the end, as a lost power leaves them, are no bodies", () => {
  const place = filled(three);
  appendFileSync(join(place, "bodies"), Buffer.alloc(64));
  const spool = openSpool(place);
  expect(bodiesOf(spool)).toEqual(three);
  expect(spool.caveats()).toEqual([`the spool in ${place} ends in 64 bytes that are no whole push`]);
  spool.close();
});

test.each<[string, string, number]>([
  ["a cursor stays where it was put", "11", 11],
  ["a cursor beyond the end is at the end", "100", 22],
  ["a cursor inside a body is at its beginning", "12", 11],
  ["a negative cursor is at the beginning", "-5", 0],
  ["no number is at the beginning", "x", 0],
  ["a long text is not even read", "1".repeat(100), 0],
])("%s", (_, text, expected) => {
  const place = filled(three.slice(0, 2));
  writeFileSync(join(place, "cursor"), text);
  const spool = openSpool(place);
  expect(spool.cursor()).toBe(expected);
  spool.close();
});

test("a cursor that was moved is found again", () => {
  const place = filled(three);
  const first = openSpool(place);
  first.moveCursor(11);
  first.close();
  const again = openSpool(place);
  expect(again.cursor()).toBe(11);
  again.close();
});

test("a file that was forwarded goes once the next has begun, and what was sent before it stays known", () => {
  const place = emptyFolder();
  const spool = openSpool(place, 20);
  for (const [i, body] of three.entries()) {
    spool.roll(() => Buffer.from(`sum of ${i}`));
    spool.append(body);
  }
  expect(readdirSync(place).toSorted()).toEqual(["bodies", "bodies.22", "sent.22"]);
  spool.moveCursor(11);
  expect(readdirSync(place)).toContain("bodies");
  spool.moveCursor(22);
  expect(readdirSync(place).toSorted()).toEqual(["bodies.22", "cursor", "sent.22"]);
  spool.close();
  const again = openSpool(place, 20);
  expect([...again.sent()].map(String)).toEqual(["sum of 2", "three"]);
  expect([again.cursor(), again.size(), again.lacksFiles, again.caveats()]).toEqual([22, 35, false, []]);
  again.close();
});

test.each<[string, (place: string) => void, string[]]>([
  ["a file that is damaged stays, for it is evidence", () => undefined, ["bodies", "bodies.22"]],
  ["a file that was not forwarded and is gone is noticed", (place) => rmSync(join(place, "bodies")), ["bodies.22"]],
])("%s", (_, harm, left) => {
  const place = emptyFolder();
  const spool = openSpool(place, 20);
  for (const body of three) {
    spool.roll(() => Buffer.from("sum"));
    spool.append(body);
  }
  spool.close();
  const bytes = readFileSync(join(place, "bodies"));
  bytes[9] = 0xff;
  writeFileSync(join(place, "bodies"), bytes);
  harm(place);
  const again = openSpool(place, 20);
  expect(again.lacksFiles || again.caveats().some((caveat) => caveat.includes("cannot be read back: 1"))).toBe(true);
  again.moveCursor(again.size());
  expect(
    readdirSync(place)
      .filter((name) => name.startsWith("bodies"))
      .toSorted(),
  ).toEqual(left);
  again.close();
});
