import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { extract } from "tar";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Host } from "../host/host.ts";
import { uploadReport } from "./write-report.ts";

let folder: string;
let said: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "plimsoll-upload-"));
  said = [];
  for (const name of ["report.json", "report.html", "run.json"]) writeFileSync(join(folder, name), name);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const host = { say: (line: string) => void said.push(line) } as Host;

/** Answers with each of the statuses in turn, and keeps what came with the last one. */
async function store(statuses: number[], path: string): Promise<{ asked: string[]; body: Buffer; host: string }> {
  const asked: string[] = [];
  let body = Buffer.alloc(0);
  const server = createServer(async (request, response) => {
    body = await buffer(request);
    asked.push(`${request.method} ${request.url} ${request.headers["content-length"]}`);
    response.writeHead(statuses[asked.length - 1] ?? 200, { location: "http://127.0.0.1:1/" }).end("<Code>AccessDenied</Code>");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const where = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  await uploadReport(`http://${where}${path}`, folder, host).finally(() => server.close());
  return { asked, body, host: where };
}

test("a report's files go in one body of a known length, the URL stays as it is, and a store that is away for a moment is asked again", async () => {
  const put = await store([503, 200], "/bucket/run.tar.gz?X-Amz-Signature=ab%2Fc");
  expect(put.asked).toEqual(Array(2).fill(`PUT /bucket/run.tar.gz?X-Amz-Signature=ab%2Fc ${put.body.length}`));
  mkdirSync(join(folder, "out"));
  writeFileSync(join(folder, "out.tgz"), put.body);
  await extract({ file: join(folder, "out.tgz"), cwd: join(folder, "out") });
  expect(readFileSync(join(folder, "out", "report.json"), "utf8")).toBe("report.json");
  expect(() => readFileSync(join(folder, "out", "run.json"))).toThrow("ENOENT");
  expect(said).toEqual([`report uploaded to ${put.host}`]);
});

test.each([403, 307])("a store that refuses (%d) is quoted once, and the URL with its signature is never told", async (status) => {
  const { asked } = await store([status], "/bucket/x?X-Amz-Signature=abc");
  expect(asked).toHaveLength(1);
  expect(said.join("\n")).toMatch(new RegExp(`not uploaded: 127\\.0\\.0\\.1:\\d+ answers ${status}: <Code>AccessDenied`));
  expect(said.join("\n")).not.toContain("abc");
});
