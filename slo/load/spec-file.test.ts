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
  ["a spec that is not there", "nope.yaml", /^the spec "nope\.yaml" cannot be read: ENOENT: .*\/nope\.yaml'$/],
  ["a file below a file", "specs/a.yaml/b.yaml", /^the spec "specs\/a\.yaml\/b\.yaml" cannot be read: ENOTDIR/],
  ["a folder is no spec", "specs/", /^the spec "specs\/" cannot be read: EISDIR: .* directory/],
  ["an address is not fetched", "https://shop.example/slo.yaml", /^the spec "https:\/\/shop\.example\/slo\.yaml" cannot be read: ENOENT/],
  ["an empty name, as an unset variable leaves it", "", /^the spec "" cannot be read: EISDIR/],
])("%s", (_, given, message) => {
  expect(readSpecFile(folder, given)).toEqual({ kind: "problem", message: expect.stringMatching(message) });
});

test.each<[string, Buffer]>([
  ["a spec in latin-1 is refused", Buffer.from("version: 1\nservice: caf\xe9\n", "latin1")],
  ["a spec in UTF-16 is refused", Buffer.from("\ufeffversion: 1\n", "utf16le")],
])("%s", (_, bytes) => {
  writeFileSync(join(folder, "odd.yaml"), bytes);
  const message = 'the spec "odd.yaml" cannot be read: it is not UTF-8 (latin-1 or UTF-16, perhaps): save the file as UTF-8';
  expect(readSpecFile(folder, "odd.yaml")).toEqual({ kind: "problem", message });
});

test("what stands for an unreadable letter may be written as itself", () => {
  writeFileSync(join(folder, "odd.yaml"), "service: \ufffd\n");
  expect(readSpecFile(folder, "odd.yaml")).toEqual({ kind: "text", text: "service: \ufffd\n" });
});

test("a spec that can be read is its text", () => {
  expect(readSpecFile(folder, "specs/a.yaml")).toEqual({ kind: "text", text: "version: 1\n" });
});
