import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { parseEnvironment } from "../environment.ts";
import { buildWeb } from "./app.ts";

const apiSchema = z.url({ protocol: /^http$/, error: "API_URL must be an address that begins with http://" });

function fail(status: 1 | 2, lines: string[]): never {
  process.stderr.write(lines.map((line) => `web: ${line}\n`).join(""));
  process.exit(status);
}

async function main(): Promise<void> {
  const parsed = parseEnvironment({ ...process.env, PORT: process.env["PORT"] || "8080" });
  const api = apiSchema.safeParse(process.env["API_URL"] || "http://127.0.0.1:5000");
  const problems = [...(parsed.kind === "problems" ? parsed.problems : []), ...(api.error?.issues ?? []).map(({ message }) => message)];
  if (parsed.kind === "problems" || !api.success) return fail(2, problems);
  const { HOST, PORT, DRAIN_SECONDS, SHUTDOWN_SECONDS } = parsed.environment;
  let stopping = false;
  const web = await buildWeb({ environment: parsed.environment, api: new URL(api.data), stopping: () => stopping });
  const stop = async (): Promise<void> => {
    if (stopping) process.exit(1);
    stopping = true;
    await sleep(DRAIN_SECONDS * 1_000);
    setTimeout(() => process.exit(1), SHUTDOWN_SECONDS * 1_000);
    await web.close();
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop());
  const address = await web.listen({ host: HOST, port: PORT, listenTextResolver: (at) => `bound to ${at}` }).catch((error: unknown) => {
    fail(1, [`cannot listen on ${HOST}:${PORT}: ${error instanceof Error ? error.message : String(error)}`]);
  });
  // At whatever level: who started the process waits for this line.
  web.log.child({}, { level: "info" }).info({ address }, "listening");
}

await main();
