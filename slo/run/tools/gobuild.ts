import { relative } from "node:path";
import { endingText, runProcess } from "../../host/process.ts";
import type { Pin } from "./catalog.ts";
import { findOnPath } from "./locate.ts";
import { Unavailable, type Ports } from "./tool.ts";

const sayEverySeconds = 10;
const graceSeconds = 5;

/** Builds a tool from its pinned Go module into `file`, with progress every 10 s; fails with Go's own last words. */
export async function buildTool(pin: Pin, file: string, ports: Ports): Promise<void> {
  const go = findOnPath("go", ports.environment);
  if (go === undefined) throw new Unavailable("Go is not on PATH");
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
}

async function runGo(go: string, { recipe }: Pin, file: string, { environment, bounds, signal }: Ports): Promise<void> {
  const { GOOS: _system, GOARCH: _processor, GOFLAGS: _flags, ...rest } = environment;
  const limitSeconds = bounds.buildSeconds;
  // readonly: neither go.mod nor go.sum of the pinned module may change. buildvcs: the result must not depend on a checkout.
  const flags = ["-mod=readonly", "-trimpath", "-buildvcs=false", `-tags=${recipe.tags}`, `-ldflags=${recipe.linkerFlags}`];
  // Go stops its compilers and tidies up on SIGINT.
  const { ending, output } = await runProcess({
    command: go,
    args: ["build", ...flags, "-o", file, recipe.package],
    folder: recipe.moduleFolder,
    environment: { ...rest, CGO_ENABLED: "0", GOWORK: "off" },
    limitSeconds,
    graceSeconds,
    signal,
  });
  if (ending.kind === "overdue") throw new Unavailable(`go build was not finished within ${limitSeconds} s`);
  if (ending.kind !== "exited") throw new Unavailable(endingText({ command: "go", limitSeconds }, ending));
  if (ending.code !== 0) throw new Unavailable(`go build failed: ${lastWords(output)}`);
}

function lastWords(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("go: downloading "));
  return lines.slice(-3).join(" / ") || "it said nothing";
}
