import { fileURLToPath } from "node:url";
import type { Ports, ToolName } from "./tool.ts";

/** Describes one official archive and the published list of its checksums. Paths are below the download base. */
export interface Release {
  archive: string;
  /** The archive's name in the checksum list. */
  fileName: string;
  checksums: string;
  /** The program's path inside the archive, by tool. */
  members: Partial<Record<ToolName, string>>;
}

/** Describes a build from the pinned Go module. */
export interface Recipe {
  moduleFolder: string;
  package: string;
  tags: string;
  linkerFlags: string;
}

/** Describes one pinned tool. */
export interface Pin {
  name: ToolName;
  /** The product that brings it: tools of one product share a cache entry and an archive. */
  product: "k6" | "prometheus";
  version: string;
  variable: string;
  versionArguments: string[];
  recipe: Recipe;
  install: string;
}

const modules = fileURLToPath(new URL("../../../build/tools/", import.meta.url));
const k6Version = "2.2.0";
const prometheusVersion = "3.14.0";

function prometheusPin(name: "prometheus" | "promtool", variable: string): Pin {
  return {
    name,
    product: "prometheus",
    version: prometheusVersion,
    variable,
    versionArguments: ["--version"],
    recipe: {
      moduleFolder: `${modules}prometheus`,
      package: `github.com/prometheus/prometheus/cmd/${name}`,
      tags: "remove_all_sd,enable_kubernetes_sd,netgo",
      linkerFlags: `-s -w -X github.com/prometheus/common/version.Version=${prometheusVersion}`,
    },
    install: "https://prometheus.io/download/",
  };
}

/** Lists the pinned tools; the versions are those of the go.mod files below `build/tools/`. */
export const pins: Record<ToolName, Pin> = {
  k6: {
    name: "k6",
    product: "k6",
    version: k6Version,
    variable: "K6_BIN",
    versionArguments: ["version"],
    recipe: { moduleFolder: `${modules}k6`, package: ".", tags: "", linkerFlags: "-s -w" },
    install: "https://grafana.com/docs/k6/latest/set-up/install-k6/",
  },
  prometheus: prometheusPin("prometheus", "PROMETHEUS_BIN"),
  promtool: prometheusPin("promtool", "PROMTOOL_BIN"),
};

const systems: Partial<Record<NodeJS.Platform, string>> = { linux: "linux", darwin: "darwin" };
const processors: Record<string, string> = { x64: "amd64", arm64: "arm64" };

/** Names this machine the way Go does, e.g. `linux-amd64`; undefined where the project has no build. */
export function platformName(platform: Ports["platform"]): string | undefined {
  const system = systems[platform.os];
  const processor = processors[platform.arch];
  return system !== undefined && processor !== undefined ? `${system}-${processor}` : undefined;
}

/** Finds the official archive for a platform, or says why there is none that we can unpack. */
export function releaseOf(pin: Pin, platform: string): { kind: "release"; release: Release } | { kind: "none"; reason: string } {
  if (pin.product === "k6") return k6Release(pin.version, platform);
  const folder = `prometheus-${pin.version}.${platform}`;
  const base = `/prometheus/prometheus/releases/download/v${pin.version}`;
  return {
    kind: "release",
    release: {
      archive: `${base}/${folder}.tar.gz`,
      fileName: `${folder}.tar.gz`,
      checksums: `${base}/sha256sums.txt`,
      members: { prometheus: `${folder}/prometheus`, promtool: `${folder}/promtool` },
    },
  };
}

function k6Release(version: string, platform: string): ReturnType<typeof releaseOf> {
  if (platform.startsWith("darwin")) return { kind: "none", reason: "k6 is released for macOS as a .zip only, which is not unpacked here" };
  const folder = `k6-v${version}-${platform}`;
  const base = `/grafana/k6/releases/download/v${version}`;
  return {
    kind: "release",
    release: {
      archive: `${base}/${folder}.tar.gz`,
      fileName: `${folder}.tar.gz`,
      checksums: `${base}/k6-v${version}-checksums.txt`,
      members: { k6: `${folder}/k6` },
    },
  };
}
