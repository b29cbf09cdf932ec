import { fileURLToPath } from "node:url";
import { Unavailable, type Ports, type ToolName } from "./tool.ts";

export interface Pin {
  name: ToolName;
  /** The product that brings it: tools of one product share a cache entry and an archive. */
  product: "k6" | "prometheus" | "helm" | "kind";
  version: string;
  variable: string;
  /** How it is asked for its version, where that is not `--version`. */
  versionArguments?: string[];
  /** A build from the pinned Go module. */
  recipe: Record<"moduleFolder" | "package" | "tags" | "linkerFlags", string>;
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
  helm: {
    name: "helm",
    product: "helm",
    version: "4.3.1",
    variable: "HELM_BIN",
    versionArguments: ["version", "--short"],
    recipe: {
      moduleFolder: `${modules}helm`,
      package: "helm.sh/helm/v4/cmd/helm",
      tags: "",
      linkerFlags: "-s -w -X helm.sh/helm/v4/internal/version.version=v4.3.1",
    },
    install: "https://helm.sh/docs/intro/install/",
  },
  kind: {
    name: "kind",
    product: "kind",
    version: "0.33.0",
    variable: "KIND_BIN",
    recipe: { moduleFolder: `${modules}kind`, package: "sigs.k8s.io/kind", tags: "", linkerFlags: "-s -w" },
    install: "https://kind.sigs.k8s.io/docs/user/quick-start/",
  },
};

const platforms: Readonly<Record<string, string>> = {
  "linux x64": "linux-amd64",
  "linux arm64": "linux-arm64",
  "darwin x64": "darwin-amd64",
  "darwin arm64": "darwin-arm64",
};

/** Names this machine the way Go does; undefined where the project has no build. */
export const platformName = ({ os, arch }: Ports["platform"]): string | undefined => platforms[`${os} ${arch}`];

/** Finds the official archive for a platform, with its published list of checksums, both below the download base, and what it holds; there may be none that we can unpack. */
export function releaseOf({ product, version }: Pin, platform: string) {
  if (product === "k6" && platform.startsWith("darwin"))
    throw new Unavailable("k6 is released for macOS as a .zip only, which is not unpacked here");
  if (product === "helm" || product === "kind") throw new Unavailable("it is for tests only, and built");
  const isK6 = product === "k6";
  const base = `/${isK6 ? "grafana" : "prometheus"}/${product}/releases/download/v${version}`;
  const folder = isK6 ? `k6-v${version}-${platform}` : `prometheus-${version}.${platform}`;
  const tools: ToolName[] = isK6 ? ["k6"] : ["prometheus", "promtool"];
  const fileName = `${folder}.tar.gz`;
  return {
    archive: `${base}/${fileName}`,
    fileName,
    checksums: `${base}/${isK6 ? `k6-v${version}-checksums` : "sha256sums"}.txt`,
    folder,
    tools,
  };
}
