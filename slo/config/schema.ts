import { z } from "zod";
import { httpUrlProblem } from "../host/http-url.ts";

const text = z.string("must be a text").min(1, "is empty");
const httpUrl = text.transform((url, { addIssue }) => {
  const message = httpUrlProblem(url);
  if (message !== undefined) addIssue(message);
  return url.replace(/\/+$/, "");
});
const variable = text.regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be the name of an environment variable, never the secret itself");

/** Names of the environment variables that hold what Prometheus asks for. */
const credentials = z.strictObject({
  username: variable.optional(),
  password: variable.optional(),
  passwordFile: variable.optional(),
  bearerToken: variable.optional(),
  bearerTokenFile: variable.optional(),
  headers: variable.optional(),
  caFile: variable.optional(),
});

/** What a load can be told once; paths are from the config's folder. */
const load = {
  /** The objectives. */
  spec: text.optional(),
  /** A k6 script, .js or .ts; or `scenario`. */
  script: text.optional(),
  /** One of Plimsoll's own scenarios; or `script`. */
  scenario: text.optional(),
  /** YAML that is merged into the pods of a load in Kubernetes. */
  podTemplate: text.optional(),
};

const environment = z.strictObject({
  ...load,
  target: httpUrl.optional(),
  /** A Prometheus with the remote-write receiver on; without it one is started for each run. */
  prometheus: httpUrl.optional(),
  /** Pick the service's own series in Prometheus; without them job=<service of the spec>. */
  serverLabels: z.record(text, text).optional(),
  credentials: credentials.optional(),
  /** Jaeger's query service and Loki, where failing requests are looked up. */
  traces: httpUrl.optional(),
  logs: httpUrl.optional(),
});

/** `plimsoll.config.ts`: what a repository says once about its loads. */
export const configSchema = z.strictObject({
  ...load,
  environments: z.record(text, environment).optional(),
  /** The environment that is meant without --env; needed where there are several. */
  defaultEnvironment: text.optional(),
});

export const keysAt = ({ length }: readonly unknown[]): string[] =>
  Object.keys((length === 0 ? configSchema : length === 2 ? environment : credentials).shape);

export type Config = z.input<typeof configSchema>;

export type ReadConfig = z.output<typeof configSchema>;

export type Environment = z.output<typeof environment>;
