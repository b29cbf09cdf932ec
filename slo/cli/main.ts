#!/usr/bin/env -S npx tsx
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command, CommanderError, Option } from "commander";
import { exitCodeHelp, exitCodes } from "./exit-codes.ts";
import { httpUrl, pairs, port, positive } from "./flags.ts";
import type { Host } from "./host.ts";
import { readSettings } from "./settings.ts";

const interrupts: ((times: number) => void)[] = [];
let interruptions = 0;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(signal, () => {
    interruptions += 1;
    if (interrupts.length === 0) process.exit(exitCodes.interrupted);
    for (const callback of interrupts) callback(interruptions);
  });
}
// A closed terminal or pipe must not end the run before it has stopped its children.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);

function openHost(): Host {
  const read = readSettings(process.env, process.stdout.isTTY);
  if (read.kind === "problem") {
    process.stderr.write(`${read.message}\n`);
    process.exit(exitCodes.badUsage);
  }
  const { live, clear } = liveWriter();
  return {
    say: (line) => {
      clear();
      process.stderr.write(`${plain(line)}\n`);
    },
    live,
    out: (text) => {
      clear();
      process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
    },
    now: () => Date.now() / 1000,
    commandAtSeconds: performance.timeOrigin / 1000,
    folder: process.env["INIT_CWD"] ?? process.cwd(),
    project: fileURLToPath(new URL("../../", import.meta.url)),
    cache: process.env["PLIMSOLL_CACHE"] ?? join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "plimsoll"),
    environment: process.env,
    settings: read.settings,
    width: Math.max(40, Math.min(process.stdout.columns ?? 100, 160)),
    onInterrupt: (callback) => void interrupts.push(callback),
  };
}

const control = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** Keeps what others said from steering a terminal, or from giving orders to a CI that reads lines beginning with `::`. */
function plain(text: string): string {
  return text.replace(control, " ").replace(/^::/gm, " ::");
}

/** Redraws on a terminal; elsewhere prints every tenth line, so that a CI log shows progress and stays short. */
function liveWriter(): { live: (line: string | undefined) => void; clear: () => void } {
  let shown = false;
  let calls = 0;
  const clear = (): void => {
    if (shown) process.stderr.write("\r\x1b[2K");
    shown = false;
  };
  return {
    clear,
    live: (line) => {
      if (line === undefined) return clear();
      if (!process.stderr.isTTY) {
        calls += 1;
        if (calls % 10 === 0) process.stderr.write(`${line}\n`);
        return;
      }
      clear();
      process.stderr.write(line);
      shown = true;
    },
  };
}

const credentialHelp = `Credentials for Prometheus come from the environment: PLIMSOLL_PROMETHEUS_USERNAME and _PASSWORD (or _PASSWORD_FILE),
_BEARER_TOKEN (or _BEARER_TOKEN_FILE), _HEADERS (a JSON object), _CA_FILE.`;

const loadHelp = `
Examples:
  npm run load -- --scenario smoke                     storage API and Prometheus started here, loaded, judged, stopped
  npm run load -- --scenario spike --rate 600 --set payload=64KiB
  npm run load -- --scenario load --fault delete-answers-500       a gate that must fail
  npm run load -- --script my-test.js --target http://127.0.0.1:8080 --spec my-slo.yaml

${credentialHelp}

${exitCodeHelp}
`;

const settleLimit = (): Option =>
  new Option("--settle-limit <seconds>", "how long to wait for Prometheus to hold everything that was sent")
    .argParser(positive)
    .default(60);

function program(done: (exitCode: number) => void): Command {
  const root = new Command("plimsoll")
    .description("Puts a known load on an HTTP service and says, with proof, whether it kept its objectives.")
    .showHelpAfterError("(--help shows every option)")
    .showSuggestionAfterError()
    .addHelpText("after", `\n${exitCodeHelp}`)
    .exitOverride()
    .configureOutput({ writeErr: (text) => process.stderr.write(text) });
  root
    .command("load")
    .description("run a scenario (or any k6 script), judge it, report it")
    .addOption(new Option("--scenario <name>", "smoke, load, spike, stress, soak or breakpoint").conflicts("script"))
    .addOption(new Option("--script <file>", "any k6 script, .js or .ts, unchanged"))
    .addOption(new Option("--target <url>", "a service that runs already (default: start the storage API here)").argParser(httpUrl))
    .addOption(
      new Option(
        "--prometheus <url>",
        "a Prometheus that runs already, with the remote-write receiver on (default: start one here)",
      ).argParser(httpUrl),
    )
    .option("--spec <file>", "the objectives (default: slo/objectives/storage-api.yaml)")
    .addOption(new Option("--rate <number>", "peak arrival rate, iterations a second").argParser(positive))
    .option("--duration <time>", "length of the judged part, e.g. 90s or 5m")
    .addOption(
      new Option(
        "--set <key=value>",
        "an option of the scenario, e.g. payload=64KiB, or a variable of --script (__ENV.KEY); may be repeated",
      )
        .argParser(pairs)
        .default({}, "none"),
    )
    .option("--fault <rules>", "faults for the storage API that is started here: a name such as delete-answers-500, or JSON rules")
    .addOption(
      new Option("--store <kind>", "the store of the storage API that is started here").choices(["memory", "sqlite"]).default("memory"),
    )
    .addOption(
      new Option("--server-label <label=value>", "labels that pick the service's own series (default: job=<service of the spec>)")
        .argParser(pairs)
        .default({}, "job"),
    )
    .addOption(settleLimit())
    .option("--json", "print the report as JSON on stdout", false)
    .addHelpText("after", loadHelp)
    .action(async (_flags: object, command: Command) => {
      const given = command.opts<LoadFlags>();
      if (given.scenario === undefined && given.script === undefined)
        return command.error("error: give --scenario NAME or --script FILE", { exitCode: 2 });
      if (given.fault !== undefined && given.target !== undefined)
        return command.error("error: --fault is for the storage API that is started here; without --target", { exitCode: 2 });
      if (given.script !== undefined && (given.rate !== undefined || given.duration !== undefined))
        return command.error(
          "error: --rate and --duration scale our scenarios; a script has its own options (--set KEY=VALUE gives it __ENV.KEY)",
          { exitCode: 2 },
        );
      const { load } = await import("./load.ts");
      const labels = Object.keys(given.serverLabel).length > 0 ? given.serverLabel : undefined;
      const { serverLabel, settleLimit: settleLimitSeconds, ...rest } = given;
      void serverLabel;
      done(await load({ ...loadDefaults, ...rest, settleLimitSeconds, serverLabels: labels }, openHost()));
    });
  root
    .command("gate")
    .description("judge a finished run again, or one that Prometheus could not be asked about")
    .option("--run <id>", "the run's testid (default: the latest)")
    .option("--spec <file>", "other objectives than the run's own")
    .addOption(new Option("--prometheus <url>", "where the run's samples are (default: as the run was told)").argParser(httpUrl))
    .addOption(settleLimit())
    .option("--json", "print the report as JSON on stdout", false)
    .addHelpText("after", `\n${credentialHelp}\n\n${exitCodeHelp}`)
    .action(async (_flags: object, command: Command) => {
      const given = command.opts<{ run?: string; spec?: string; prometheus?: string; settleLimit: number; json: boolean }>();
      const { gate } = await import("./gate.ts");
      done(
        await gate(
          { run: given.run, spec: given.spec, prometheus: given.prometheus, settleLimitSeconds: given.settleLimit, json: given.json },
          openHost(),
        ),
      );
    });
  root
    .command("check")
    .description("read specs and say what is wrong with them, file:line:column")
    .argument("[specs...]", "spec files (default: slo/objectives/storage-api.yaml)")
    .action(async (specs: string[]) => {
      const { check } = await import("./check.ts");
      done(check(specs, openHost()));
    });
  root
    .command("history")
    .description("list the latest runs")
    .addOption(new Option("--most <number>", "how many").argParser(positive).default(20))
    .option("--json", "as JSON", false)
    .action(async (flags: { most: number; json: boolean }) => {
      const { history } = await import("./history.ts");
      done(history(flags, openHost()));
    });
  root
    .command("stack")
    .description("keep the local storage API and Prometheus up, with their addresses, until Ctrl-C")
    .addOption(new Option("--target-port <port>", "of the storage API").argParser(port).default(5000))
    .addOption(new Option("--prometheus-port <port>", "of Prometheus").argParser(port).default(9090))
    .option("--fault <rules>", "faults of the storage API, as for load")
    .action(async (flags: { targetPort: number; prometheusPort: number; fault?: string }) => {
      const { up } = await import("./up.ts");
      done(await up({ ...flags, fault: flags.fault }, openHost()));
    });
  for (const command of root.commands) command.exitOverride();
  return root;
}

interface LoadFlags {
  scenario?: string;
  script?: string;
  target?: string;
  prometheus?: string;
  spec?: string;
  rate?: number;
  duration?: string;
  set: Record<string, string>;
  fault?: string;
  store: "memory" | "sqlite";
  serverLabel: Record<string, string>;
  settleLimit: number;
  json: boolean;
}

const loadDefaults = {
  scenario: undefined,
  script: undefined,
  target: undefined,
  prometheus: undefined,
  spec: undefined,
  rate: undefined,
  duration: undefined,
  fault: undefined,
};

/** Tells a full disk or a folder without permission, which is no bug of ours; its message names the path. */
function isOfSystem(error: unknown): error is NodeJS.ErrnoException {
  return (
    error instanceof Error &&
    "code" in error &&
    ["ENOSPC", "EACCES", "EPERM", "EROFS", "EDQUOT", "EIO", "EMFILE"].includes(String(error.code))
  );
}

async function main(): Promise<number> {
  let exitCode: number = exitCodes.badUsage;
  try {
    await program((code) => (exitCode = code)).parseAsync(process.argv);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.badUsage;
    if (isOfSystem(error)) {
      process.stderr.write(`${error.message}\n`);
      return exitCodes.notCarriedOut;
    }
    process.stderr.write(`this is a bug in Plimsoll: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    return exitCodes.notCarriedOut;
  }
}

process.exitCode = await main();
