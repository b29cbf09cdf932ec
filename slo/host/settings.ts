import { readFileSync } from "node:fs";
import { setDefaultCACertificates, getCACertificates } from "node:tls";
import { z } from "zod";
import { errorMessage } from "./error-message.ts";
import variables from "./variables.json" with { type: "json" };

type Name = keyof typeof variables.shown | keyof typeof variables.credentials;
const names = Object.keys({ ...variables.shown, ...variables.credentials }).map((name) => [name, z.string().optional()]);
const environmentSchema = z.object(Object.fromEntries(names) as Record<Name, z.ZodOptional<z.ZodString>>);

/** Says how to reach Prometheus; secrets stay in here and are never printed. */
export interface Credentials {
  basic?: { username: string; password: string };
  bearer?: string;
  headers: Record<string, string>;
  /** Where samples are written, seen from the URL of Prometheus; without it below that URL, at api/v1/write. */
  write?: string;
  caFile?: string;
}

type Environment = z.infer<typeof environmentSchema>;

function secretIn(e: Environment, name: "PLIMSOLL_PROMETHEUS_PASSWORD" | "PLIMSOLL_PROMETHEUS_BEARER_TOKEN"): string | undefined {
  const file = e[`${name}_FILE`];
  if (e[name] || !file) return e[name] || undefined;
  try {
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new Error(`${name}_FILE cannot be read: ${errorMessage(error)}`, { cause: error });
  }
}

const headersSchema = z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/), z.string().regex(/^[\t\x20-\x7e]*$/));

function headersOf(text: string | undefined): Record<string, string> {
  try {
    return headersSchema.parse(JSON.parse(text || "{}"));
  } catch {
    throw new Error('PLIMSOLL_PROMETHEUS_HEADERS must be a JSON object of header names and values, e.g. {"X-Scope-OrgID":"load"}');
  }
}

/** Reads the environment through its schema; a file that cannot be read is a problem that names its variable. */
export function readSettings(environment: NodeJS.ProcessEnv, isTerminal: boolean) {
  const e = environmentSchema.parse(environment);
  try {
    const username = e.PLIMSOLL_PROMETHEUS_USERNAME;
    const password = secretIn(e, "PLIMSOLL_PROMETHEUS_PASSWORD");
    const bearer = secretIn(e, "PLIMSOLL_PROMETHEUS_BEARER_TOKEN");
    if (username && password === undefined)
      throw new Error("PLIMSOLL_PROMETHEUS_USERNAME is set without PLIMSOLL_PROMETHEUS_PASSWORD or _PASSWORD_FILE");
    if (username && bearer)
      throw new Error("PLIMSOLL_PROMETHEUS_USERNAME and PLIMSOLL_PROMETHEUS_BEARER_TOKEN are both set; Prometheus takes one");
    const write = e.PLIMSOLL_PROMETHEUS_WRITE;
    if (write && !URL.canParse(write, "http://prometheus")) throw new Error(`PLIMSOLL_PROMETHEUS_WRITE is no path or URL: ${write}`);
    const caFile = e.PLIMSOLL_PROMETHEUS_CA_FILE;
    if (caFile) setDefaultCACertificates([...getCACertificates("default"), readFileSync(caFile, "utf8")]);
    const credentials: Credentials = {
      headers: headersOf(e.PLIMSOLL_PROMETHEUS_HEADERS),
      ...(username && password !== undefined ? { basic: { username, password } } : {}),
      ...(bearer ? { bearer } : {}),
      ...(write ? { write } : {}),
      ...(caFile ? { caFile } : {}),
    };
    return {
      kind: "settings" as const,
      settings: {
        credentials,
        stepSummaryFile: e.GITHUB_STEP_SUMMARY || undefined,
        verdictFile: e.PLIMSOLL_VERDICT_FILE || undefined,
        reportInLog: !!e.PLIMSOLL_REPORT_IN_LOG,
        upload: e.PLIMSOLL_UPLOAD || undefined,
        bundles: e.PLIMSOLL_BUNDLES || undefined,
        colour: isTerminal && !e.NO_COLOR,
      },
    };
  } catch (error) {
    return { kind: "problem" as const, message: errorMessage(error) };
  }
}

/** Holds what the environment says; read once. */
export type Settings = Extract<ReturnType<typeof readSettings>, { kind: "settings" }>["settings"];

/** Gives the credentials for Prometheus as the variables that they are read from, without the files; none where there are none. */
export function credentialVariables({ basic, bearer, headers, write }: Credentials): Record<string, string> {
  return {
    ...(basic ? { PLIMSOLL_PROMETHEUS_USERNAME: basic.username, PLIMSOLL_PROMETHEUS_PASSWORD: basic.password } : {}),
    ...(bearer ? { PLIMSOLL_PROMETHEUS_BEARER_TOKEN: bearer } : {}),
    ...(write ? { PLIMSOLL_PROMETHEUS_WRITE: write } : {}),
    ...(Object.keys(headers).length > 0 ? { PLIMSOLL_PROMETHEUS_HEADERS: JSON.stringify(headers) } : {}),
  };
}
