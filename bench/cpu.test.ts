import { expect, test } from "vitest";
import { childrenSeconds, statCpuSeconds } from "./cpu.ts";

test("a program's name with brackets and spaces does not shift the fields of /proc/PID/stat", () => {
  const stat = "42 (a) b (c)) S 1 42 42 0 -1 4194304 100 0 0 0 250 50 7 7 20 0 1 0 1 1 1";
  expect(statCpuSeconds(stat)).toBe(3);
});

test.each<[sentence: string, times: string, seconds: number]>([
  ["dash prints six decimals", "0m0.010000s 0m0.000000s\n0m1.250000s 0m0.500000s\n", 1.75],
  ["bash prints three; minutes count", "0m0.001s 0m0.002s\n1m1.250s 2m0.500s\n", 181.75],
])("%s", (_sentence, times, seconds) => {
  expect(childrenSeconds(times)).toBe(seconds);
});

test("what is no output of times is an error, not zero", () => {
  expect(() => childrenSeconds("0m0.01s 0m0.00s\n")).toThrow("times printed");
});
