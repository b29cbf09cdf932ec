import { pbkdf2Sync, randomBytes } from "node:crypto";
import { appendFileSync, cpSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gunzipSync } from "node:zlib";
import { elasticsearch } from "./services.fixture.ts";
import type { ProcessGroup } from "../../../slo/host/process-group.ts";
import { runProcess } from "../../../slo/host/process.ts";
import { waitFor } from "../../../slo/host/wait.ts";
import { freePort } from "../../../slo/run/local-services.ts";
import { findOnPath } from "../../../slo/run/tools/locate.ts";

/** Debian's `nobody`; Elasticsearch refuses to be root. */
const nobody = 65_534;

/** What an API key for the collectors must allow (deploy/kubernetes/README.md), as a role. */
const roles = { collector: { indices: [{ names: ["logs-*", "traces-*"], privileges: ["auto_configure", "create_doc"] }] } };
type User = "person" | "collector";

const password = "not-a-secret";
export const basic = (user: User): string => `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;

function hashed(): string {
  const salt = randomBytes(32);
  return `{PBKDF2}10000$${salt.toString("base64")}$${pbkdf2Sync(password, salt, 10_000, 32, "sha512").toString("base64")}`;
}

/** Starts Elasticsearch on loopback, with security, in a folder that becomes its own; gives its address once it answers. */
export async function startElasticsearch(group: ProcessGroup, built: string, folder: string): Promise<string> {
  const port = await freePort();
  const home = join(folder, "home");
  cpSync(dirname(dirname(elasticsearch.run(built).command)), home, { recursive: true });
  const settings = {
    "discovery.type": "single-node",
    "network.host": "127.0.0.1",
    "http.port": port,
    "transport.port": await freePort(),
    "cluster.routing.allocation.disk.threshold_enabled": false,
    "xpack.security.enabled": true,
    "xpack.security.http.ssl.enabled": false,
    "xpack.security.transport.ssl.enabled": false,
  };
  const file = (name: string, text: string): void => writeFileSync(join(home, "config", name), text);
  file("elasticsearch.yml", JSON.stringify(settings));
  file("roles.yml", JSON.stringify(roles));
  file("users", `person:${hashed()}\ncollector:${hashed()}\n`);
  file("users_roles", "superuser:person\ncollector:collector\n");
  mkdirSync(join(folder, "tmp"));
  const isRoot = process.getuid?.() === 0;
  if (isRoot) await runProcess({ command: "chown", args: ["-R", `${nobody}:${nobody}`, folder], limitSeconds: 60 });
  const command = [
    ...(isRoot ? ["setpriv", `--reuid=${nobody}`, `--regid=${nobody}`, "--clear-groups"] : []),
    join(home, "bin", "elasticsearch"),
  ];
  const java = realpathSync(findOnPath("java", process.env) ?? "java");
  const child = group.start({
    name: "Elasticsearch",
    command: command[0] ?? "",
    args: command.slice(1),
    environment: {
      PATH: process.env["PATH"],
      ES_JAVA_HOME: dirname(dirname(java)),
      ES_JAVA_OPTS: "-Xms512m -Xmx512m",
      ES_TMPDIR: join(folder, "tmp"),
    },
    folder: home,
    logFile: `${folder}.log`,
  });
  const url = `http://127.0.0.1:${port}`;
  const health = async () =>
    (await fetch(`${url}/_cluster/health`, { headers: { authorization: basic("person") } }).catch(() => undefined))?.ok;
  const state = await waitFor(async () => (child.exit() ? "ended" : (await health()) ? "ready" : undefined), 300, 500);
  if (state !== "ready") throw new Error(`Elasticsearch ${state ?? "did not answer within 300 s"}:\n${child.tail().slice(-15).join("\n")}`);
  return url;
}

/** A bulk request as it came: its path, its credentials, and the action lines of its documents. */
interface BulkRequest {
  path: string;
  authorization: string | undefined;
  actions: { create: { _index: string; require_data_stream: boolean } }[];
}

/**
 * Stands before Elasticsearch and keeps what each bulk request was. The minimal distribution cannot make an API key,
 * so who comes with the key is let in as a user who may do what the key must allow, and nobody else is.
 */
export async function openFront(elasticsearch: string, apiKey: string) {
  const bulk: BulkRequest[] = [];
  /** How it answers while Elasticsearch is away: with a status, or by cutting the connection. */
  let away: { kind: "here" } | { kind: "status"; status: number } | { kind: "cut" } = { kind: "here" };
  const refused = new Map<string, number>();
  const server = createServer(async (request, response) => {
    const body = await buffer(request);
    const url = new URL(request.url ?? "/", elasticsearch);
    if (away.kind !== "here") {
      const how = away.kind === "cut" ? "cut" : String(away.status);
      refused.set(how, (refused.get(how) ?? 0) + 1);
      if (away.kind === "cut") request.socket.destroy();
      else response.writeHead(away.status, { "content-type": "application/json" }).end(`{"status":${away.status}}`);
      return;
    }
    const { authorization, "content-encoding": encoding } = request.headers;
    const lines = (encoding === "gzip" ? gunzipSync(body) : body).toString().trim().split("\n");
    const actions = lines.filter((_, i) => i % 2 === 0).map((line) => JSON.parse(line) as BulkRequest["actions"][number]);
    bulk.push({ path: url.pathname, authorization, actions });
    const headers = { "content-type": request.headers["content-type"] ?? "", ...(encoding && { "content-encoding": encoding }) };
    const [scheme, key] = authorization?.split(" ") ?? [];
    const allowed = scheme?.toLowerCase() === "apikey" && key === apiKey ? { authorization: basic("collector") } : {};
    const sent = { method: request.method ?? "POST", headers: { ...headers, ...allowed }, body: new Uint8Array(body) };
    const answer = await fetch(url, sent).catch(() => undefined);
    if (answer === undefined) return void response.destroy();
    const product = answer.headers.get("x-elastic-product") ?? "";
    response.writeHead(answer.status, { "content-type": "application/json", "x-elastic-product": product }).end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    bulk,
    refused,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    goes: (to: typeof away): void => void (away = to),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Takes a process's lines and writes them where and as containerd does, so that the collector finds a pod's log. */
export function podLog(folder: string): { files: string; take: (text: string) => void } {
  const pod = join(folder, "plimsoll_storage-api-0_0a1b2c3d", "storage-api");
  mkdirSync(pod, { recursive: true });
  let rest = "";
  const take = (text: string): void => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) appendFileSync(join(pod, "0.log"), `${new Date().toISOString()} stdout F ${line}\n`);
  };
  return { files: join(folder, "plimsoll_*", "*", "*.log"), take };
}
