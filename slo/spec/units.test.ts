import { expect, test } from "vitest";
import { parseDuration, parsePercent, percentText } from "./units.ts";

test.each([
  ["99.9% is exactly the ratio that is nearest to it", "99.9%", 0.999],
  ["so is 99.99%", "99.99%", 0.9999],
  ["so is 57.3%, which a division misses", "57.3%", 0.573],
  ["spaces do not count", " 99.5 % ", 0.995],
  ["nine digits after the point are taken", "99.999999999%", 0.99999999999],
])("%s", (_, text, ratio) => {
  expect(parsePercent(text)).toEqual({ kind: "value", value: ratio });
});

test.each([
  ["milliseconds", "250ms", 0.25],
  ["parts of a second", "1.5s", 1.5],
  ["a tenth, exactly", "100ms", 0.1],
  ["minutes", "2m", 120],
  ["parts of a minute, without noise", "1.1m", 66],
  ["an hour", "1h", 3600],
  ["thirty days", "30d", 2_592_000],
  ["a week", "1w", 604_800],
  ["spaces do not count", " 250 ms ", 0.25],
])("a duration is read in seconds: %s", (_, text, seconds) => {
  expect(parseDuration(text)).toEqual({ kind: "value", value: seconds });
});

test.each(["", "%", "1e3%", "0x10%", "99.%", ".9%", "NaN%", "99.9%%", "1h30m", "Infinity", "1e9s", "s", "1", "-1s", `${"9".repeat(400)}d`])(
  "%j is no percentage and no duration",
  (text) => {
    expect(parsePercent(text).kind).toBe("problem");
    expect(parseDuration(text).kind).toBe("problem");
  },
);

test.each([
  [0.999, "99.9%"],
  [0.9999, "99.99%"],
  [0.07, "7%"],
  [0.99999999999, "99.999999999%"],
])("%d is written %s", (ratio, text) => {
  expect(percentText(ratio)).toBe(text);
});
