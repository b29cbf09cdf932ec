import { relative } from "node:path";
import { endingText, runProcess } from "../../host/process.ts";
import type { Pin } from "./catalog.ts";
import { findOnPath } from "./locate.ts";
import type { Environment, Outcome, Ports } from "./tool.ts";

const sayEverySeconds = 10;
const graceSeconds = 5;

/** Builds a tool from its pinned Go module into `file`, with progress every 10 s; fails with Go's own last words. */
export async function buildTool(pin: Pin, file: string, ports: Ports): Promise<Outcome<true>> {
  const go = findOnPath("go", ports.environment);
  if (go === undefined) return { kind: "failed", reason: "Go is not on PATH" };
  const label = `${pin.name} ${pin.version}`;
  const began = performance.now();
  const elapsed = () => `${Math.round((performance.now() - began) / 1000)} s`;
  ports.say(
    `${label}: building from its pinned Go module ${relative(process.cwd(), pin.recipe.moduleFolder) || "."}; the first time takes minutes`,
  );
  const ticker = setInterval(() => ports.say(`${label}: still building, ${elapsed()}`), sayEverySeconds * 1000);
  try {
    const ran = await runGo(go, goArguments(pin, file), pin.recipe.moduleFolder, ports);
    if (ran.kind === "ok") ports.say(`${label}: built in ${elapsed()}`);
    return ran;
  } finally {
    clearInterval(ticker);
  }
}

function goArguments(pin: Pin, file: string): string[] {
  const { tags, linkerFlags } = pin.recipe;
  // readonly: neither go.mod nor go.sum of the pinned module may change. buildvcs: the result must not depend on a checkout.
  return [
    "build",
    "-mod=readonly",
    "-trimpath",
    "-buildvcs=false",
    `-tags=${tags}`,
    `-ldflags=${linkerFlags}`,
    "-o",
    file,
    pin.recipe.package,
  ];
}

function goEnvironment(environment: Environment): NodeJS.ProcessEnv {
  const { GOOS: _system, GOARCH: _processor, GOFLAGS: _flags, ...rest } = environment;
  return { ...rest, CGO_ENABLED: "0", GOWORK: "off" };
}

async function runGo(go: string, args: string[], folder: string, ports: Ports): Promise<Outcome<true>> {
  const limitSeconds = ports.bounds.buildSeconds;
  const environment = goEnvironment(ports.environment);
  // Go stops its compilers and tidies up on SIGINT.
  const { ending, output } = await runProcess({ command: go, args, folder, environment, limitSeconds, graceSeconds, signal: ports.signal });
  if (ending.kind === "exited" && ending.code === 0) return { kind: "ok", value: true };
  if (ending.kind === "exited") return { kind: "failed", reason: `go build failed: ${lastWords(output)}` };
  if (ending.kind === "overdue") return { kind: "failed", reason: `go build was not finished within ${limitSeconds} s` };
  return { kind: "failed", reason: endingText({ command: "go", limitSeconds }, ending) };
}

function lastWords(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("go: downloading "));
  return lines.slice(-3).join(" / ") || "it said nothing";
}
