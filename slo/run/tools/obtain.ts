import { mkdir, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { endingText, runProcess } from "../../host/process.ts";
import { takeLock } from "../lock.ts";
import { findCached, install } from "./cache.ts";
import { type Pin, pins } from "./catalog.ts";
import { downloadRelease } from "./download.ts";
import { findOnPath } from "./locate.ts";
import { type Found, type Ports, Unavailable, unavailableReason, type Way } from "./tool.ts";

/** Goes one way to a tool; undefined where it does not lead to it, and the reason is noted. */
export type TryWay = (way: Way, find: () => Promise<Found | undefined>) => Promise<Found | undefined>;

const pollMillis = 100;
const sayEverySeconds = 10;

/** Brings a tool into its cache entry, by download or else by building it, while holding the entry's lock. */
export async function obtain(pin: Pin, platform: string, folder: string, ports: Ports, tryWay: TryWay): Promise<Found | undefined> {
  const release = await awaitLock(folder, `${pin.name} ${pin.version}`, ports);
  try {
    // Another run may have installed it while this one waited.
    const cached = await findCached(pin, folder).catch(expected);
    if (cached !== undefined) return cached;
    // The lock is ours, so what an earlier run left behind belongs to nobody.
    const work = join(folder, "work");
    await rm(work, { recursive: true, force: true });
    await mkdir(work);
    try {
      const downloaded = await tryWay("download", () => download(pin, platform, folder, work, ports));
      return downloaded ?? (await tryWay("build", () => build(pin, folder, work, ports)));
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  } finally {
    release();
  }
}

/** Passes over what is no reason to stop; a bug is thrown on. */
function expected(error: unknown): undefined {
  unavailableReason(error);
}

/** Waits until an entry's lock is held, for as long as a build may take; gives its release. */
async function awaitLock(folder: string, label: string, { bounds, say }: Ports): Promise<() => void> {
  const began = performance.now();
  for (let nextWords = 0; ; await sleep(pollMillis)) {
    const lock = takeLock(folder, label, 0);
    if (lock.kind === "held") return lock.release;
    if (lock.kind === "failed") throw new Unavailable(lock.message);
    const waited = (performance.now() - began) / 1000;
    if (waited >= bounds.buildSeconds) throw new Unavailable(`another run still installs it after ${bounds.buildSeconds} s`);
    if (waited < nextWords) continue;
    say(`${label}: waiting for another run that installs it (process ${lock.pid}), ${Math.floor(waited)} s`);
    nextWords += sayEverySeconds;
  }
}

async function download(pin: Pin, platform: string, folder: string, work: string, ports: Ports): Promise<Found> {
  const tools = await downloadRelease(pin, platform, work, ports);
  const found = await install(pin, folder, join(work, pin.name), "download", ports);
  // The archive's other tools come in handy; without them they are found missing when they are asked for.
  for (const name of tools.filter((tool) => tool !== pin.name))
    await install(pins[name], folder, join(work, name), "download", ports).catch(expected);
  return found;
}

/** Builds a tool from its pinned Go module, with progress every 10 s; fails with Go's own last words. */
async function build(pin: Pin, folder: string, work: string, ports: Ports): Promise<Found> {
  const go = findOnPath("go", ports.environment);
  if (go === undefined) throw new Unavailable("Go is not on PATH");
  const file = join(work, `built-${pin.name}`);
  const say = (words: string): void => ports.say(`${pin.name} ${pin.version}: ${words}`);
  const began = performance.now();
  const elapsed = (): string => `${Math.round((performance.now() - began) / 1000)} s`;
  const module = relative(process.cwd(), pin.recipe.moduleFolder) || ".";
  say(`building from its pinned Go module ${module}; the first time takes minutes`);
  const ticker = setInterval(() => say(`still building, ${elapsed()}`), sayEverySeconds * 1000);
  try {
    await runGo(go, pin, file, ports);
  } finally {
    clearInterval(ticker);
  }
  say(`built in ${elapsed()}`);
  return await install(pin, folder, file, "build", ports);
}

async function runGo(go: string, { recipe }: Pin, file: string, { environment, bounds }: Ports): Promise<void> {
  const { GOOS: _system, GOARCH: _processor, GOFLAGS: _flags, ...rest } = environment;
  const limitSeconds = bounds.buildSeconds;
  // readonly: neither go.mod nor go.sum of the pinned module may change. buildvcs: the result must not depend on a checkout.
  const flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", `-tags=${recipe.tags}`, `-ldflags=${recipe.linkerFlags}`];
  const { ending, output } = await runProcess({
    command: go,
    args: ["build", ...flags, "-o", file, recipe.package],
    folder: recipe.moduleFolder,
    environment: { ...rest, CGO_ENABLED: "0", GOWORK: "off" },
    limitSeconds,
    graceSeconds: 5, // Go stops its compilers and tidies up on SIGINT
  });
  if (ending.kind === "overdue") throw new Unavailable(`go build was not finished within ${limitSeconds} s`);
  if (ending.kind !== "exited") throw new Unavailable(endingText({ command: "go", limitSeconds }, ending));
  if (ending.code !== 0) throw new Unavailable(`go build failed: ${lastWords(output)}`);
}

function lastWords(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("go: downloading "));
  return lines.slice(-3).join(" / ") || "it said nothing";
}
