import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { endingText, runProcess, type Command } from "../../slo/host/process.ts";
import { cacheFolder, findOnPath } from "../../slo/run/tools/locate.ts";
import type { FoundTool } from "./tools.ts";

/** Programs that only tests need, each from its own Go module; Go's checksum database holds them to these versions. */
const programs = {
  alertmanager: { module: "github.com/prometheus/alertmanager@v0.34.2", packages: ["./cmd/alertmanager", "./cmd/amtool"] },
  "kube-router": { module: "github.com/cloudnativelabs/kube-router/v2@v2.1.0", packages: ["./cmd/kube-router"] },
  syft: { module: "github.com/anchore/syft@v1.57.1", packages: ["./cmd/syft"] },
  "terraform-provider-kubectl": { module: "github.com/gavinbunney/terraform-provider-kubectl@v1.19.0", packages: ["."] },
  "terraform-provider-grafana": { module: "github.com/grafana/terraform-provider-grafana/v4@v4.25.0", packages: ["."] },
} as const;

/**
 * Finds the folder of a program: of PATH, or else of the cache, into which it is built once.
 * It is built in a copy of its own module, so that this module's own replacements hold.
 */
export async function goProgram(name: keyof typeof programs): Promise<FoundTool> {
  const { module, packages } = programs[name];
  const onPath = findOnPath(name, process.env);
  if (onPath !== undefined) return { kind: "found", path: join(onPath, "..") };
  const go = findOnPath("go", process.env);
  if (go === undefined) return { kind: "missing", message: `neither ${name} nor Go, which builds it, is on PATH` };
  const entries = join(cacheFolder(process.env, process.platform), "programs");
  const built = join(entries, `${name}-${module.split("@")[1]}`);
  if (existsSync(built)) return { kind: "found", path: built };
  const work = join(entries, `${name}.${process.pid}`);
  mkdirSync(work, { recursive: true });
  try {
    await build(go, module, packages, work);
    if (!existsSync(built)) renameSync(join(work, "out"), built);
    return { kind: "found", path: built };
  } catch (error) {
    return { kind: "missing", message: (error as Error).message };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

async function build(go: string, module: string, packages: readonly string[], work: string): Promise<void> {
  const environment = { ...process.env, CGO_ENABLED: "0", GOWORK: "off", GOFLAGS: "-buildvcs=false" };
  const run = async (folder: string, ...args: string[]): Promise<string> => {
    const command: Command = { command: go, args, folder, environment, limitSeconds: 3_000 };
    const { ending, stdout, output } = await runProcess(command);
    if (ending.kind === "exited" && ending.code === 0) return stdout;
    throw new Error(`go ${args[0]} ${module}: ${endingText(command, ending)}: ${output.trim().split("\n").slice(-3).join(" / ")}`);
  };
  const downloaded = JSON.parse(await run(work, "mod", "download", "-json", module)) as { Dir: string };
  const source = join(work, "source");
  cpSync(downloaded.Dir, source, { recursive: true });
  await runProcess({ command: "chmod", args: ["-R", "u+w", source], limitSeconds: 60 });
  withPage(source);
  await run(source, "build", "-trimpath", "-ldflags=-s -w", "-o", `${join(work, "out")}/`, ...packages);
}

/** Alertmanager's module lacks the web page that its source embeds. */
function withPage(source: string): void {
  const embedding = join(source, "ui", "web.go");
  if (!existsSync(embedding) || !readFileSync(embedding, "utf8").includes("go:embed app/dist")) return;
  mkdirSync(join(source, "ui", "app", "dist"), { recursive: true });
  writeFileSync(join(source, "ui", "app", "dist", "index.html"), "<p>Built for tests, without its page.\n");
}
