import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readSpecFile } from "./spec-file.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "plimsoll-spec-"));
  mkdirSync(join(folder, "specs"));
  writeFileSync(join(folder, "specs", "a.yaml"), "version: 1\n");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each<[string, string, RegExp]>([
  ["a spec that is not there", "nope.yaml", /^there is no spec nope\.yaml \(looked for \/.*\/nope\.yaml\)$/],
  ["a file below a file", "specs/a.yaml/b.yaml", /^there is no spec specs\/a\.yaml\/b\.yaml/],
  ["a folder is no spec", "specs/", /^specs\/ is a folder; give the spec file in it$/],
  ["an address is not fetched", "https://shop.example/slo.yaml", /^https:\/\/shop\.example\/slo\.yaml is an address; a spec is a file/],
  ["an empty name, as an unset variable leaves it", "", /^the name of a spec is empty$/],
])("%s", (_, given, message) => {
  expect(readSpecFile(folder, given)).toEqual({ kind: "problem", message: expect.stringMatching(message) });
});

test.each<[string, Buffer, RegExp]>([
  [
    "a spec in latin-1 names the first byte that is no UTF-8",
    Buffer.from("version: 1\nservice: caf\xe9\n", "latin1"),
    /^odd\.yaml:2:13 is not UTF-8/,
  ],
  ["a spec in UTF-16 is told at its first byte", Buffer.from("\ufeffversion: 1\n", "utf16le"), /^odd\.yaml:1:1 is not UTF-8/],
])("%s", (_, bytes, message) => {
  writeFileSync(join(folder, "odd.yaml"), bytes);
  expect(readSpecFile(folder, "odd.yaml")).toEqual({ kind: "problem", message: expect.stringMatching(message) });
});

test("what stands for an unreadable letter may be written as itself", () => {
  writeFileSync(join(folder, "odd.yaml"), "service: \ufffd\n");
  expect(readSpecFile(folder, "odd.yaml")).toEqual({ kind: "text", text: "service: \ufffd\n" });
});

test("a spec that can be read is its text", () => {
  expect(readSpecFile(folder, "specs/a.yaml")).toEqual({ kind: "text", text: "version: 1\n" });
});
