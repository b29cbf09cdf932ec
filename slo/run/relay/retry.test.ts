import { expect, test } from "vitest";
import { mayPassLater, pauseMillis, type NotWritten } from "./retry.ts";

const refused = (status: number, retryAfterSeconds?: number): NotWritten => ({ kind: "refused", status, reason: "x", retryAfterSeconds });
const gone: NotWritten = { kind: "unreachable", reason: "x" };

test.each<[string, NotWritten, boolean]>([
  ["nobody there", gone, true],
  ["an overloaded receiver", refused(503), true],
  ["too many requests", refused(429), true],
  ["wrong credentials", refused(401), true],
  ["a proxy that wants credentials", refused(407), true],
  ["a receiver that does not speak remote write 1.0 yet", refused(415), true],
  ["a redirect", refused(307), true],
  ["an answer that is no answer", refused(0), true],
  ["bad or out-of-order samples", refused(400), false],
  ["a conflict of samples, as Thanos says it", refused(409), false],
  ["a body above the receiver's limit", refused(413), false],
  ["samples that cannot be processed", refused(422), false],
])("%s: may it pass later?", (_, answer, expected) => {
  expect(mayPassLater(answer)).toBe(expected);
});

test.each<[string, number, NotWritten, number, number]>([
  ["the first pause is short", 1, gone, 0.5, 50],
  ["each is twice as long", 3, gone, 0.5, 200],
  ["up to two seconds", 50, gone, 0.5, 2000],
  ["a quarter less", 1, gone, 0, 37.5],
  ["a quarter more", 1, gone, 1, 62.5],
  ["a longer one that was asked for is kept", 1, refused(429, 3), 0.5, 3000],
  ["a shorter one is not", 50, refused(429, 0), 0.5, 2000],
  ["an hour is not waited", 1, refused(503, 3600), 0.5, 10_000],
])("pause: %s", (_, failures, answer, random, expected) => {
  expect(pauseMillis(failures, answer, random)).toBe(expected);
});
