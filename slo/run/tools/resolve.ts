import { resolve } from "node:path";
import { entryFolder, findCached } from "./cache.ts";
import { pins, platformName, type Pin, type ToolName } from "./catalog.ts";
import { cacheFolder, findOnPath } from "./locate.ts";
import type { TryWay } from "./obtain.ts";
import { defaultBounds, Unavailable, unavailableReason } from "./tool.ts";
import type { Attempt, Found, Ports, Resolution, Way } from "./tool.ts";
import { probe } from "./version.ts";

/** Finds a tool, or that of another pin: variable (if set and of no use, the search ends), PATH, cache, download, build from the pinned module. Expected failures are values; nothing is thrown for them. */
export async function resolveTool(tool: ToolName | Pin, given: Pick<Ports, "say"> & Partial<Ports>): Promise<Resolution> {
  const pin = typeof tool === "string" ? pins[tool] : tool;
  const platform = { os: process.platform, arch: process.arch };
  const ports: Ports = { environment: process.env, platform, bounds: defaultBounds, ...given };
  const attempts: Attempt[] = [];
  const tryWay: TryWay = async (way, find) => {
    try {
      return await find();
    } catch (error) {
      const reason = unavailableReason(error);
      attempts.push({ way, reason });
      if (way === "download") ports.say(`${pin.name} ${pin.version}: not downloaded: ${reason}`);
      return undefined;
    }
  };
  const set = ports.environment[pin.variable];
  if (set) {
    const path = set.includes("/") ? resolve(set) : (findOnPath(set, ports.environment) ?? resolve(set));
    return (await tryWay("environment", () => foundAt(path, "environment", pin, ports))) ?? misled(pin, set, attempts);
  }
  attempts.push({ way: "environment", reason: `${pin.variable} is not set` });
  return (await findOrInstall(pin, ports, tryWay)) ?? missing(pin, attempts, ports);
}

async function foundAt(path: string, from: Way, pin: Pin, ports: Ports): Promise<Found> {
  return { kind: "found", path, from, version: await probe(path, pin, ports) };
}

async function findOrInstall(pin: Pin, ports: Ports, tryWay: TryWay): Promise<Found | undefined> {
  const path = findOnPath(pin.name, ports.environment);
  const onPath = await tryWay("path", () => foundAt(path ?? unavailable(`no ${pin.name} on PATH`), "path", pin, ports));
  if (onPath) return onPath;
  const { os, arch } = ports.platform;
  const platform = platformName(ports.platform);
  if (platform === undefined) return await tryWay("download", () => unavailable(`there is no build for ${os} ${arch}`));
  const folder = entryFolder(pin, platform, ports);
  const cached = await tryWay("cache", () => findCached(pin, folder));
  if (cached) return cached;
  // Loaded only now: the tar reader and SQLite cost more time than a hit in the cache takes.
  const { obtain } = await import("./obtain.ts");
  return await tryWay("cache", () => obtain(pin, platform, folder, ports, tryWay));
}

function unavailable(reason: string): never {
  throw new Unavailable(reason);
}

function misled({ name, version, variable }: Pin, set: string, attempts: readonly Attempt[]): Resolution {
  const reason = `${variable}=${set}: ${attempts[0]?.reason}`;
  const message = `${reason}\nCorrect ${variable}, or unset it to have ${name} ${version} found or installed.`;
  return { kind: "missing", attempts: [{ way: "environment", reason }], message };
}

function missing({ name, version, install, variable }: Pin, attempts: Attempt[], ports: Ports): Resolution {
  const cache = cacheFolder(ports.environment, ports.platform.os);
  const lines = [
    `${name} ${version} is needed and could not be had:`,
    ...attempts.map(({ way, reason }) => `  ${way}: ${reason}`),
    `Install ${name} ${version} (${install}) on PATH or name it in ${variable}; or install Go and run again;`,
    `or let this machine reach github.com (PLIMSOLL_DOWNLOAD_BASE names a mirror). The cache is ${cache}; PLIMSOLL_CACHE moves it.`,
  ];
  return { kind: "missing", attempts, message: lines.join("\n") };
}
