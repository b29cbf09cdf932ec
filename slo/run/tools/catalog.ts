import { fileURLToPath } from "node:url";
import stated from "./pins.json" with { type: "json" };
import { Unavailable, type Ports } from "./tool.ts";

/** What a run takes, and what only tests take. */
export type ToolName = keyof typeof stated;

/** A pinned tool as `pins.json` states it, where $version and $platform are gaps in texts. */
interface Stated {
  /** The product that brings it: tools of one product share a cache entry, an archive and a Go module. */
  product: string;
  version: string;
  variable: string;
  /** How it is asked for its version, where that is not `--version`. */
  versionArguments?: string[];
  recipe: Record<"package" | "tags" | "linkerFlags", string>;
  /** The official archive: where it is below the download base, and what it holds; none of what is for tests only. */
  release?: { base: string; folder: string; checksums: string; tools: string[] };
  install: string;
}

const modules = fileURLToPath(new URL("../../../build/tools/", import.meta.url));

function pinOf(name: ToolName) {
  const { recipe, ...pin }: Stated = stated[name];
  const linkerFlags = recipe.linkerFlags.replaceAll("$version", pin.version);
  return { ...pin, name, recipe: { ...recipe, linkerFlags, moduleFolder: modules + pin.product } };
}
export type Pin = ReturnType<typeof pinOf>;

/** Holds the pinned tools; the versions are those of the go.mod files below `build/tools/`. */
export const pins = Object.fromEntries(Object.keys(stated).map((name) => [name, pinOf(name as ToolName)])) as Record<ToolName, Pin>;

/** Names this machine the way Go does; undefined where the project has no build. */
export const platformName = ({ os, arch }: Ports["platform"]): string | undefined =>
  /^(linux|darwin) (x64|arm64)$/.test(`${os} ${arch}`) ? `${os}-${arch.replace("x64", "amd64")}` : undefined;

/** Finds the official archive for a platform, with its published list of checksums, both below the download base, and what it holds; there may be none that we can unpack. */
export function releaseOf({ product, version, release }: Pin, platform: string) {
  if (product === "k6" && platform.startsWith("darwin"))
    throw new Unavailable("k6 is released for macOS as a .zip only, which is not unpacked here");
  if (release === undefined) throw new Unavailable("it is for tests only, and built");
  const filled = (text: string): string => text.replaceAll("$version", version).replaceAll("$platform", platform);
  const [base, folder] = [filled(release.base), filled(release.folder)];
  const fileName = `${folder}.tar.gz`;
  const checksums = `${base}/${filled(release.checksums)}`;
  return { archive: `${base}/${fileName}`, fileName, checksums, folder, tools: release.tools as ToolName[] };
}
