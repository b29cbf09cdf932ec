import fc from "fast-check";
import { expect, test } from "vitest";
import { messageLines, openMessageReader, type PodMessage } from "./message.ts";

const progress = (labels: Record<string, string>[]): PodMessage => ({
  kind: "progress",
  begunSeconds: 1,
  sent: { k6_http_reqs_total: labels.map((own) => ({ labels: own, value: 1, atSeconds: 2 })) },
});

test("a message of any length and any letters comes out as it went in, in lines that a log keeps whole", () => {
  const labels = fc.dictionary(
    fc.string().filter((name) => name !== "__proto__"),
    fc.string({ unit: "grapheme", maxLength: 200 }),
    { maxKeys: 5 },
  );
  fc.assert(
    fc.property(fc.array(labels, { maxLength: 60 }), fc.nat(), (all, id) => {
      const message = progress(all);
      const lines = messageLines(message, id);
      expect(lines.every((line) => Buffer.byteLength(line) < 16 * 1024 && !line.includes("\n"))).toBe(true);
      const read = openMessageReader();
      expect(lines.map((line) => read(line)).at(-1)).toEqual(message);
    }),
    { numRuns: 60 },
  );
});

const long = progress(Array.from({ length: 100 }, (_, i) => ({ name: `/route/${i}` })));
const lines = messageLines(long, 7);

test.each<[string, string[], unknown]>([
  ["a line of another sort is told apart", ["k6 began"], { kind: "other" }],
  ["half a message is none", lines.slice(0, -1), undefined],
  ["a message without its beginning is none", lines.slice(1), undefined],
  ["two messages that got mixed are none", [...messageLines(long, 6).slice(0, 1), ...lines.slice(1)], undefined],
  ["what begins anew is read anew", [...lines.slice(0, 1), ...lines], long],
  ["another kind than there is, is none", ['plimsoll-pod 1 1/1 {"kind":"verdict"}'], undefined],
  ["what is no JSON is none", ["plimsoll-pod 1 1/1 {"], undefined],
])("%s", (_, said, expected) => {
  const read = openMessageReader();
  expect(said.map((line) => read(line)).at(-1)).toEqual(expected);
});
