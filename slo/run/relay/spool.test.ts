import { mkdtempSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openSpool, type Spool } from "./spool.ts";

const folder = (): string => mkdtempSync(join(tmpdir(), "plimsoll-spool-"));

function bodiesOf(spool: Spool): Buffer[] {
  const bodies: Buffer[] = [];
  for (let record = spool.read(0); record; record = spool.read(record.next)) bodies.push(record.body);
  return bodies;
}

function filled(bodies: readonly Uint8Array[]): string {
  const place = folder();
  const spool = openSpool(place);
  for (const body of bodies) spool.append(Buffer.from(body));
  spool.close();
  return place;
}

const anyBodies = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 6 });

test("what was written is read back, whatever the bytes", () => {
  fc.assert(
    fc.property(anyBodies, (bodies) => {
      const spool = openSpool(filled(bodies));
      expect(bodiesOf(spool)).toEqual(bodies.map((body) => Buffer.from(body)));
      spool.close();
    }),
    { numRuns: 40 },
  );
});

test("a crash at any byte leaves the bodies before it, and never a wrong one", () => {
  fc.assert(
    fc.property(anyBodies, fc.nat(), (bodies, at) => {
      const place = filled(bodies);
      const file = join(place, "bodies");
      const size = readFileSync(file).length;
      truncateSync(file, at % (size + 1));
      const spool = openSpool(place);
      const left = bodiesOf(spool);
      expect(left).toEqual(bodies.slice(0, left.length).map((body) => Buffer.from(body)));
      spool.append(Buffer.from("after the crash"));
      expect(bodiesOf(spool).at(-1)?.toString()).toBe("after the crash");
      spool.close();
    }),
    { numRuns: 60 },
  );
});

test("a flipped byte ends the spool there, because nothing after it can be trusted", () => {
  const place = filled([Buffer.from("one"), Buffer.from("two"), Buffer.from("three")]);
  const file = join(place, "bodies");
  const bytes = readFileSync(file);
  bytes[8 + 3 + 8] = 0xff;
  writeFileSync(file, bytes);
  const spool = openSpool(place);
  expect(bodiesOf(spool).map(String)).toEqual(["one"]);
  spool.close();
});

test("the cursor stays where it was put, and a cursor beyond the end or of nonsense is not believed", () => {
  const place = filled([Buffer.from("one"), Buffer.from("two")]);
  const first = openSpool(place);
  first.moveCursor(11);
  first.close();
  const again = openSpool(place);
  expect(again.cursor()).toBe(11);
  again.close();
  writeFileSync(join(place, "cursor"), "1e9");
  expect(openSpool(place).cursor()).toBe(22);
  writeFileSync(join(place, "cursor"), "-5");
  expect(openSpool(place).cursor()).toBe(0);
});
