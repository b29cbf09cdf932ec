import { resolve } from "node:path";
import { entryFolder, readCached } from "./cache.ts";
import { pins, platformName, type Pin } from "./catalog.ts";
import { cacheFolder, findOnPath } from "./locate.ts";
import { probe } from "./probe.ts";
import { defaultBounds, type Attempt, type Ports, type Resolution, type ToolName } from "./tool.ts";

/**
 * Finds k6, prometheus or promtool: environment variable, PATH, cache, download of the official release, build from the pinned module.
 * A set variable that does not serve ends the search. Expected failures are values; nothing is thrown for them.
 */
export async function resolveTool(name: ToolName, ports: Partial<Ports> = {}): Promise<Resolution> {
  return await resolvePin(pins[name], {
    environment: ports.environment ?? process.env,
    say: ports.say ?? (() => undefined),
    platform: ports.platform ?? { os: process.platform, arch: process.arch },
    bounds: ports.bounds ?? defaultBounds,
    ...(ports.signal === undefined ? {} : { signal: ports.signal }),
  });
}

/** Finds the tool of a pin; `resolveTool` with nothing left to default. */
export async function resolvePin(pin: Pin, ports: Ports): Promise<Resolution> {
  const set = ports.environment[pin.variable];
  if (set) return await fromVariable(pin, set, ports);
  const attempts: Attempt[] = [{ way: "environment", reason: `${pin.variable} is not set` }];
  const onPath = await fromPath(pin, ports);
  if ("kind" in onPath) return onPath;
  attempts.push(onPath);
  const platform = platformName(ports.platform);
  if (platform === undefined) {
    attempts.push({ way: "download", reason: `there is no build for ${ports.platform.os} ${ports.platform.arch}` });
    return missing(pin, attempts, ports);
  }
  const folder = entryFolder(pin, platform, ports);
  const cached = await readCached(pin, folder, ports);
  if (cached.kind === "ok") return { kind: "found", from: "cache", ...cached.value };
  attempts.push({ way: "cache", reason: cached.reason });
  // Loaded only now: the tar reader and SQLite cost more time than a hit in the cache takes.
  const { obtain } = await import("./obtain.ts");
  const obtained = await obtain(pin, platform, folder, ports);
  if (obtained.kind === "ok") return { kind: "found", ...obtained.value };
  return missing(pin, [...attempts, ...obtained.attempts], ports);
}

async function fromVariable(pin: Pin, set: string, ports: Ports): Promise<Resolution> {
  const path = set.includes("/") ? resolve(set) : (findOnPath(set, ports.environment) ?? resolve(set));
  const probed = await probe(path, pin, ports.environment, ports.bounds);
  if (probed.kind === "ok") return { kind: "found", path, from: "environment", version: probed.value };
  const reason = `${pin.variable}=${set}: ${probed.reason}`;
  const message = `${reason}\nCorrect ${pin.variable}, or unset it to have ${pin.name} ${pin.version} found or installed.`;
  return { kind: "missing", attempts: [{ way: "environment", reason }], message };
}

async function fromPath(pin: Pin, ports: Ports): Promise<Resolution | Attempt> {
  const path = findOnPath(pin.name, ports.environment);
  if (path === undefined) return { way: "path", reason: `no ${pin.name} on PATH` };
  const probed = await probe(path, pin, ports.environment, ports.bounds);
  if (probed.kind === "ok") return { kind: "found", path, from: "path", version: probed.value };
  return { way: "path", reason: probed.reason };
}

function missing(pin: Pin, attempts: Attempt[], ports: Ports): Resolution {
  const cache = cacheFolder(ports.environment, ports.platform.os);
  const lines = [
    `${pin.name} ${pin.version} is needed and could not be had:`,
    ...attempts.map((attempt) => `  ${attempt.way}: ${attempt.reason}`),
    `Install ${pin.name} ${pin.version} (${pin.install}) on PATH or name it in ${pin.variable}; or install Go and run again;`,
    `or let this machine reach github.com (PLIMSOLL_DOWNLOAD_BASE names a mirror). The cache is ${cache}; PLIMSOLL_CACHE moves it.`,
  ];
  return { kind: "missing", attempts, message: lines.join("\n") };
}
