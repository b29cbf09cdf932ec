import { expect, test } from "vitest";
import { mayPassLater, pauseMillis, reasonOf, type NotWritten } from "./retry.ts";

const refused = (status: number, retryAfterSeconds?: number): NotWritten => ({ kind: "refused", status, reason: "x", retryAfterSeconds });
const said = (status: number, reason: string): NotWritten => ({ kind: "refused", status, reason, retryAfterSeconds: undefined });
const gone: NotWritten = { kind: "unreachable", reason: "x" };

test.each<[string, NotWritten, boolean]>([
  ["nobody there", gone, true],
  ["an overloaded destination", refused(503), true],
  ["too many requests", refused(429), true],
  ["wrong credentials", refused(401), true],
  ["a proxy that wants credentials", refused(407), true],
  ["a destination that does not speak remote write 1.0 yet", refused(415), true],
  ["a redirect", refused(307), true],
  ["an answer that is no answer", refused(0), true],
  ["bad or out-of-order samples", refused(400), false],
  ["a conflict of samples, as Thanos says it", refused(409), false],
  ["a body above the destination's limit", refused(413), false],
  ["samples that cannot be processed", refused(422), false],
  ["too slow a request", refused(408), true],
  ["credentials that may not write", refused(403), true],
  ["a Prometheus without its destination", said(404, "remote write receiver needs to be enabled"), true],
  ["a method that a proxy does not pass", refused(405), true],
  ["samples older than the head takes, after an outage of more than an hour", said(400, "out of bounds"), true],
  ["samples older than the window that is set", said(400, "too old sample"), true],
  ["samples too old for Thanos", said(409, "store locally for endpoint: add 3 samples: out of bounds"), true],
  ["samples too old for Mimir", said(400, "the sample has been rejected because its timestamp is too old"), true],
  ["samples from a clock that is ahead", said(400, "out of bounds: timestamp is too far in the future"), true],
  ["a series that has a newer sample", said(400, "out of order sample"), false],
  ["another value at the same time", said(400, "duplicate sample for timestamp"), false],
  ["a body that is not snappy", said(400, "snappy: corrupt input"), false],
  ["a proxy's page", said(400, "<html>The plain HTTP request was sent to HTTPS port</html>"), true],
])("%s: may it pass later?", (_, answer, expected) => {
  expect(mayPassLater(answer)).toBe(expected);
});

test.each<[string, NotWritten, string]>([
  ["an error of the destination has its words alone", said(503, "out of bounds"), "503 out of bounds"],
  ["nobody there has its words alone", gone, "x"],
  [
    "samples that are too old name the setting",
    said(400, "too old sample"),
    "400 too old sample (they are older than it takes: set storage.tsdb.out_of_order_time_window to more than their age, and reload it)",
  ],
  [
    "a clock that is ahead is not the window's matter",
    said(400, "out of bounds: timestamp is too far in the future"),
    "400 out of bounds: timestamp is too far in the future (set the destination's clock and this machine's right)",
  ],
  ["wrong credentials", refused(401), "401 x (check the credentials)"],
  ["a destination that is off", refused(404), "404 x (check the address, and --web.enable-remote-write-receiver)"],
  ["a refusal for good", said(400, "out of order sample"), "400 out of order sample"],
])("reason: %s", (_, answer, expected) => {
  expect(reasonOf(answer)).toBe(expected);
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
