import { spawn } from "node:child_process";
import { relative } from "node:path";
import type { Pin } from "./catalog.ts";
import { findOnPath } from "./locate.ts";
import type { Environment, Outcome, Ports } from "./tool.ts";

const sayEverySeconds = 10;
const keptOutput = 4000;
const killAfterSeconds = 5;

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

function runGo(go: string, words: string[], cwd: string, ports: Ports): Promise<Outcome<true>> {
  const { promise, resolve } = Promise.withResolvers<Outcome<true>>();
  const child = spawn(go, words, { cwd, env: goEnvironment(ports.environment), stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  let ended: string | undefined;
  const keep = (piece: Buffer) => (output = (output + piece.toString("utf8")).slice(-keptOutput));
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  let killer: NodeJS.Timeout | undefined;
  const end = (reason: string) => {
    ended ??= reason;
    // Go stops its compilers on SIGINT.
    child.kill("SIGINT");
    killer = setTimeout(() => child.kill("SIGKILL"), killAfterSeconds * 1000);
  };
  const onAbort = () => end("interrupted");
  const limit = setTimeout(() => end(`go build was not finished within ${ports.bounds.buildSeconds} s`), ports.bounds.buildSeconds * 1000);
  ports.signal?.addEventListener("abort", onAbort);
  if (ports.signal?.aborted) onAbort();
  const settle = (outcome: Outcome<true>) => {
    clearTimeout(limit);
    clearTimeout(killer);
    ports.signal?.removeEventListener("abort", onAbort);
    resolve(outcome);
  };
  child.on("error", (error) => settle({ kind: "failed", reason: `go does not run: ${error.message}` }));
  child.on("close", (code) => {
    if (ended === undefined && code === 0) settle({ kind: "ok", value: true });
    else settle({ kind: "failed", reason: ended ?? `go build failed: ${lastWords(output)}` });
  });
  return promise;
}

function lastWords(output: string): string {
  const lines = output.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("go: downloading "));
  return lines.slice(-3).join(" / ") || "it said nothing";
}
