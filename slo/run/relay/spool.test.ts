import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { emptyFolder } from "./destination.fixture.ts";
import { openSpool, type Spool } from "./spool.ts";

/** Reads what waits, and goes on to the end. */
function waitingIn(spool: Spool): string[] {
  const bodies: string[] = [];
  for (let next = spool.read(); next.kind !== "end"; next = spool.read()) {
    if (next.kind === "push") bodies.push(next.body.toString("latin1"));
    spool.advance();
  }
  return bodies;
}

function filled(bodies: readonly Uint8Array[]): string {
  const place = emptyFolder();
  const spool = openSpool(place);
  for (const body of bodies) spool.append(Buffer.from(body));
  return place;
}

const latin1 = (body: Uint8Array): string => Buffer.from(body).toString("latin1");
const filesIn = (place: string): string[] =>
  readdirSync(place)
    .filter((name) => /^(push|sent)/.test(name))
    .toSorted();
const anyBodies = fc.array(fc.uint8Array({ minLength: 1, maxLength: 60 }), { maxLength: 6 });
const three = ["one", "two", "three"].map((text) => Buffer.from(text));

test("what was written is read back, whatever the bytes", () => {
  fc.assert(
    fc.property(anyBodies, (bodies) => {
      const spool = openSpool(filled(bodies));
      expect([...spool.sent()].map(latin1)).toEqual(bodies.map(latin1));
      expect(spool.waitingBytes()).toBe(bodies.reduce((sum, { length }) => sum + 4 + length, 0));
      expect(waitingIn(spool)).toEqual(bodies.map(latin1));
      expect([spool.caveats(), spool.waitingBytes(), spool.isForwarded()]).toEqual([[], 0, true]);
    }),
    { numRuns: 40 },
  );
});

test("a crash in the middle of a write leaves the pushes before it, and never a wrong one", () => {
  fc.assert(
    fc.property(anyBodies, fc.uint8Array({ maxLength: 40 }), (bodies, garbage) => {
      const place = filled(bodies);
      writeFileSync(join(place, `push.${bodies.length}`), garbage);
      const spool = openSpool(place);
      expect(spool.caveats()).toEqual([`the spool in ${place} ends in ${garbage.length} bytes that are no whole push`]);
      spool.append(Buffer.from("after the crash"));
      expect(waitingIn(spool)).toEqual([...bodies.map(latin1), "after the crash"]);
    }),
    { numRuns: 40 },
  );
});

test("any one flipped bit costs at most the push that it is in, is never read as a wrong body, and is never silent", () => {
  for (const at of three.keys()) {
    const whole = readFileSync(join(filled(three), `push.${at}`));
    for (let bit = 0; bit < whole.length * 8; bit += 1) {
      const place = filled(three);
      const bytes = Buffer.from(whole);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      writeFileSync(join(place, `push.${at}`), bytes);
      const spool = openSpool(place);
      expect(waitingIn(spool)).toEqual(three.filter((_, i) => i !== at).map(latin1));
      expect(spool.caveats()).toHaveLength(1);
      expect(readFileSync(join(place, `push.${at}`)), "opening changes nothing").toEqual(bytes);
    }
  }
});

test("zeros, as a lost power leaves them, are no push", () => {
  const place = filled(three);
  writeFileSync(join(place, "push.3"), Buffer.alloc(64));
  const spool = openSpool(place);
  expect([waitingIn(spool), spool.caveats()]).toEqual([
    three.map(latin1),
    [`the spool in ${place} ends in 64 bytes that are no whole push`],
  ]);
});

test.each<[string, string, string[]]>([
  ["a cursor stays where it was put", "1", ["two"]],
  ["a cursor beyond the end is at the end", "100", []],
  ["a negative cursor is at the beginning", "-5", ["one", "two"]],
  ["no number is at the beginning", "x", ["one", "two"]],
  ["a long text is at the beginning", "1".repeat(100), ["one", "two"]],
])("%s", (_, text, expected) => {
  const place = filled(three.slice(0, 2));
  writeFileSync(join(place, "cursor"), text);
  expect(waitingIn(openSpool(place))).toEqual(expected);
});

test("a cursor that was moved is found again", () => {
  const place = filled(three);
  openSpool(place).advance();
  expect(waitingIn(openSpool(place))).toEqual(["two", "three"]);
});

function rolled(): { place: string; spool: Spool } {
  const place = emptyFolder();
  const spool = openSpool(place, 2);
  for (const [i, body] of three.entries()) {
    spool.roll(() => Buffer.from(`sum of ${i}`));
    spool.append(body);
  }
  return { place, spool };
}

test("pushes that were forwarded go once what was sent before them is kept, and it stays known", () => {
  const { place, spool } = rolled();
  expect(filesIn(place)).toEqual(["push.0", "push.1", "push.2", "sent.2"]);
  spool.advance();
  spool.append(Buffer.from("four"));
  spool.roll(() => Buffer.from("sum of 4"));
  expect(filesIn(place)).toEqual(["push.1", "push.2", "push.3", "sent.4"]);
  const again = openSpool(place, 2);
  expect([...again.sent()].map(latin1)).toEqual(["sum of 4"]);
  expect([again.lacksPushes, again.caveats()]).toEqual([false, []]);
  expect(waitingIn(again)).toEqual(["two", "three", "four"]);
});

test.each<[string, (place: string) => void, string[], RegExp | undefined]>([
  [
    "a push that is damaged stays, for it is evidence",
    (place) => writeFileSync(join(place, "push.0"), "x"),
    ["push.0", "push.2"],
    /read back: 1$/,
  ],
  ["a push that was not forwarded and is gone is noticed", (place) => rmSync(join(place, "push.0")), ["push.2"], undefined],
  [
    "a sum that is not whole is made from the pushes",
    (place) => writeFileSync(join(place, "sent.2"), "x"),
    ["push.0", "push.1", "push.2"],
    undefined,
  ],
])("%s", (_, harm, left, caveat) => {
  const { place } = rolled();
  harm(place);
  const again = openSpool(place, 1);
  expect([again.lacksPushes, again.caveats()]).toEqual([
    left.length === 1,
    caveat === undefined ? [] : [expect.stringMatching(caveat) as string],
  ]);
  waitingIn(again);
  again.roll(() => Buffer.from("sum"));
  expect(filesIn(place).filter((name) => name.startsWith("push"))).toEqual(left);
});

test("what was sent before a sum that is lost is a caveat", () => {
  const { place, spool } = rolled();
  waitingIn(spool);
  spool.append(Buffer.from("four"));
  spool.roll(() => Buffer.from("sum of 4"));
  rmSync(join(place, "sent.4"));
  expect(openSpool(place).caveats()).toEqual([`the spool in ${place} does not tell any more what was sent at first`]);
});
