import { mkdtempSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { openProcessGroup } from "../host/process-group.ts";
import { startPrometheus, startTarget } from "./local-services.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

describeLive("a service that is started here", ["prometheus"], ({ prometheus: binary }) => {
  const group = openProcessGroup();
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-services-"));
  const logFile = join(folder, "log");
  const stranger = createServer((_, response) => void response.end("ok"));
  let port: number;
  beforeAll(async () => {
    await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
    ({ port } = stranger.address() as AddressInfo);
  });
  afterAll(async () => {
    stranger.close();
    await group.stopAll();
  });
  const target = (at?: number) =>
    startTarget(group, { root, logFile, environment: process.env, ...(at === undefined ? {} : { port: at }) });
  const prometheus = (at?: number) =>
    startPrometheus(group, {
      binary,
      folder,
      logFile,
      job: "none",
      targetUrl: undefined,
      ...(at === undefined ? {} : { port: at }),
    });

  test.each([
    ["the storage API", target],
    ["Prometheus", prometheus],
  ])("%s is not taken for whoever else answers 200 at its port", async (name, start) => {
    expect(await start(port)).toMatchObject({
      kind: "failed",
      message: expect.stringMatching(new RegExp(`^${name} ended at once[^]*(EADDRINUSE|address already in use)`)),
    });
    expect(await start()).toMatchObject({ kind: "started" });
  });
});
