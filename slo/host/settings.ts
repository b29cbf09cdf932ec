import { readFileSync } from "node:fs";
import { setDefaultCACertificates, getCACertificates } from "node:tls";
import { z } from "zod";
import { errorMessage } from "./error-message.ts";

const environmentSchema = z.object({
  PLIMSOLL_PROMETHEUS_USERNAME: z.string().optional(),
  PLIMSOLL_PROMETHEUS_PASSWORD: z.string().optional(),
  PLIMSOLL_PROMETHEUS_PASSWORD_FILE: z.string().optional(),
  PLIMSOLL_PROMETHEUS_BEARER_TOKEN: z.string().optional(),
  PLIMSOLL_PROMETHEUS_BEARER_TOKEN_FILE: z.string().optional(),
  /** JSON object, e.g. {"X-Scope-OrgID":"load"} */
  PLIMSOLL_PROMETHEUS_HEADERS: z.string().optional(),
  PLIMSOLL_PROMETHEUS_CA_FILE: z.string().optional(),
  GITHUB_STEP_SUMMARY: z.string().optional(),
  /** Gets the verdict in a few lines, such as a container's /dev/termination-log. */
  PLIMSOLL_VERDICT_FILE: z.string().optional(),
  /** Set to anything: the report's JSON goes to stdout too, between markers. */
  PLIMSOLL_REPORT_IN_LOG: z.string().optional(),
  /** A pre-signed URL, which is a secret. */
  PLIMSOLL_UPLOAD: z.string().optional(),
  /** Folder of scenarios that were bundled beforehand: in an image there is neither bundler nor compiler. */
  PLIMSOLL_BUNDLES: z.string().optional(),
  NO_COLOR: z.string().optional(),
});

/** Says how to reach Prometheus; secrets stay in here and are never printed. */
export interface Credentials {
  basic?: { username: string; password: string };
  bearer?: string;
  headers: Record<string, string>;
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
    const caFile = e.PLIMSOLL_PROMETHEUS_CA_FILE;
    if (caFile) setDefaultCACertificates([...getCACertificates("default"), readFileSync(caFile, "utf8")]);
    const credentials: Credentials = {
      headers: headersOf(e.PLIMSOLL_PROMETHEUS_HEADERS),
      ...(username && password !== undefined ? { basic: { username, password } } : {}),
      ...(bearer ? { bearer } : {}),
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
export function credentialVariables({ basic, bearer, headers }: Credentials): Record<string, string> {
  return {
    ...(basic ? { PLIMSOLL_PROMETHEUS_USERNAME: basic.username, PLIMSOLL_PROMETHEUS_PASSWORD: basic.password } : {}),
    ...(bearer ? { PLIMSOLL_PROMETHEUS_BEARER_TOKEN: bearer } : {}),
    ...(Object.keys(headers).length > 0 ? { PLIMSOLL_PROMETHEUS_HEADERS: JSON.stringify(headers) } : {}),
  };
}

/** The variables that a person may set, and what each means. */
export const variables = {
  "K6_BIN, PROMETHEUS_BIN": "the tools to use (default: those on PATH, in the cache, downloaded, or built with Go)",
  PLIMSOLL_CACHE: "folder of the tools and of type checks (default: ~/.cache/plimsoll)",
  PLIMSOLL_BUNDLES: "folder of scenarios that were bundled beforehand; a --script then runs as it is",
  PLIMSOLL_VERDICT_FILE: "file that gets the verdict in a few lines, such as a container's /dev/termination-log",
  PLIMSOLL_REPORT_IN_LOG: "set to anything: the report's JSON goes to stdout too, for report --from-log",
  PLIMSOLL_UPLOAD: "the URL of --upload, which is a secret",
  GITHUB_STEP_SUMMARY: "file that summary.md is appended to; GitHub sets it",
  NO_COLOR: "set to anything: no colours",
} as const;

export const credentialHelp = `Credentials for Prometheus come from the environment: PLIMSOLL_PROMETHEUS_USERNAME and _PASSWORD (or _PASSWORD_FILE),
_BEARER_TOKEN (or _BEARER_TOKEN_FILE), _HEADERS (a JSON object), _CA_FILE.`;
