import { fileURLToPath } from "node:url";
import { Unavailable, type Ports, type ToolName } from "./tool.ts";

/** One official archive and the published list of its checksums. Paths are below the download base. */
export interface Release {
  archive: string;
  /** The archive's name in the checksum list. */
  fileName: string;
  checksums: string;
  /** The folder in the archive that holds its tools. */
  folder: string;
  tools: ToolName[];
}

/** A build from the pinned Go module. */
export interface Recipe {
  moduleFolder: string;
  package: string;
  tags: string;
  linkerFlags: string;
}

/** One pinned tool. */
export interface Pin {
  name: ToolName;
  /** The product that brings it: tools of one product share a cache entry and an archive. */
  product: "k6" | "prometheus";
  version: string;
  variable: string;
  recipe: Recipe;
  install: string;
}

const modules = fileURLToPath(new URL("../../../build/tools/", import.meta.url));
const prometheusVersion = "3.14.0";

function prometheusPin(name: "prometheus" | "promtool", variable: string): Pin {
  return {
    name,
    product: "prometheus",
    version: prometheusVersion,
    variable,
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
    version: "2.2.0",
    variable: "K6_BIN",
    recipe: { moduleFolder: `${modules}k6`, package: ".", tags: "", linkerFlags: "-s -w" },
    install: "https://grafana.com/docs/k6/latest/set-up/install-k6/",
  },
  prometheus: prometheusPin("prometheus", "PROMETHEUS_BIN"),
  promtool: prometheusPin("promtool", "PROMTOOL_BIN"),
};

const systems: Partial<Record<NodeJS.Platform, string>> = { linux: "linux", darwin: "darwin" };
const processors: Record<string, string> = { x64: "amd64", arm64: "arm64" };

/** Names this machine the way Go does, e.g. `linux-amd64`; undefined where the project has no build. */
export function platformName({ os, arch }: Ports["platform"]): string | undefined {
  const [system, processor] = [systems[os], processors[arch]];
  return system !== undefined && processor !== undefined ? `${system}-${processor}` : undefined;
}

/** Finds the official archive for a platform; there may be none that we can unpack. */
export function releaseOf({ product, version }: Pin, platform: string): Release {
  switch (product) {
    case "k6":
      if (platform.startsWith("darwin")) throw new Unavailable("k6 is released for macOS as a .zip only, which is not unpacked here");
      return releaseIn(`/grafana/k6/releases/download/v${version}`, `k6-v${version}-${platform}`, `k6-v${version}-checksums.txt`, ["k6"]);
    case "prometheus": {
      const base = `/prometheus/prometheus/releases/download/v${version}`;
      return releaseIn(base, `prometheus-${version}.${platform}`, "sha256sums.txt", ["prometheus", "promtool"]);
    }
  }
}

function releaseIn(base: string, folder: string, list: string, tools: ToolName[]): Release {
  const fileName = `${folder}.tar.gz`;
  return { archive: `${base}/${fileName}`, fileName, checksums: `${base}/${list}`, folder, tools };
}
