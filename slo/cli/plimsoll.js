#!/usr/bin/env node
// Starts the command line, on the Node that it needs. Plain JavaScript of old, because a Node that is too old has to read it.
/* oxlint-disable rooms/fences -- what it starts depends on where it is: sources in a checkout, compiled files in the package */
import { spawn, spawnSync } from "child_process";
import { existsSync, readFileSync } from "fs";
import { createRequire } from "module";
import { dirname, join } from "path";
import { fileURLToPath } from "url";

const neededMajor = 24;
const pinned = "24.21.0";

const serves = (version) => Number(version.split(".")[0]) >= neededMajor;

/** Finds a Node that serves among the installed packages. */
function installedNode() {
  try {
    const file = createRequire(import.meta.url).resolve("node/package.json");
    const path = join(dirname(file), "bin/node");
    return serves(JSON.parse(readFileSync(file, "utf8")).version) && existsSync(path) ? path : undefined;
  } catch {
    return undefined;
  }
}

/** Has npm fetch the pinned Node into its cache, unless it is there, and gives its path. */
function fetchNode() {
  const args = ["exec", "--yes", `--package=node@${pinned}`, "--", "node", "-p", "process.execPath"];
  const { stdout } = spawnSync("npm", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  const path = String(stdout || "").trim();
  return path !== "" && path !== process.execPath && existsSync(path) ? path : undefined;
}

/** Runs this file again on another Node: its streams are ours, signals go to it, and it ends as we do. */
function runOn(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: "inherit" });
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, () => child.kill(signal));
  child.on("error", () => refuse());
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code);
    for (const each of signals) process.removeAllListeners(each);
    process.kill(process.pid, signal);
  });
}

function refuse() {
  process.stderr.write(
    `plimsoll needs Node ${neededMajor} or newer, this is ${process.version}, and npm could not bring node@${pinned}: install a newer Node, or run: npm install node@${neededMajor}\n`,
  );
  process.exitCode = 4;
}

if (serves(process.versions.node)) {
  delete process.env.INIT_CWD; // npm's folder is for `npm run load` in the repository; this command works where it stands
  const sources = new URL("./main.ts", import.meta.url);
  const main = existsSync(sources) ? sources : new URL("../../dist/package/slo/cli/main.js", import.meta.url);
  // Node would end with 1, which stands for an exceeded budget.
  import(main.href).catch((error) => {
    process.stderr.write(`plimsoll cannot start: ${error.stack}\n`);
    process.exitCode = 4;
  });
} else {
  const node = installedNode() || fetchNode();
  if (node === undefined) refuse();
  else runOn(node);
}
