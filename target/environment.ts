import { isIP } from "node:net";
import { z } from "zod";
import { parseFaultText } from "./faults/rules.ts";

const switchSchema = z.enum(["on", "off"], "must be on or off");

const within = (min: number, max: number, words: string) => z.coerce.number(words).min(min, words).max(max, words);

function integer(min: number, max: number) {
  const words = `must be a whole number from ${min} to ${max}`;
  return within(min, max, words).int(words);
}

const secondsSchema = within(0, 3_600, "must be a number of seconds, at most 3600");

const bucketsSchema = z.string().transform((text, context) => {
  const bounds = text.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (bounds.every((bound) => Number.isFinite(bound) && bound > 0)) return [...new Set(bounds)].toSorted((a, b) => a - b);
  context.addIssue("must be seconds above 0, with commas between: 0.1,0.25,1");
  return z.NEVER;
});

const faultsSchema = z.string().transform((text, context) => {
  const parsed = parseFaultText(text);
  if (parsed.kind === "rules") return parsed.rules;
  for (const problem of parsed.problems) context.addIssue(problem);
  return z.NEVER;
});

/** A document of MongoDB holds 16 MiB with all its fields. */
const mongoMaxBytes = 16_000_000;

// Not strict: the environment is full of what is meant for others.
const environmentSchema = z
  .object({
    PORT: integer(0, 65_535).default(5_000),
    HOST: z.string().default("127.0.0.1"),
    STORE: z.enum(["memory", "sqlite", "mongodb"], "must be memory, sqlite or mongodb").default("memory"),
    STORE_FILE: z.string().optional(),
    STORE_URL: z
      .string()
      .regex(/^mongodb(\+srv)?:\/\//, "must begin with mongodb:// or mongodb+srv://")
      .optional(),
    STORE_USERNAME: z.string().optional(),
    STORE_PASSWORD: z.string().optional(),
    BUCKET_MAX_BYTES: integer(1, 1_073_741_824).default(1_048_576),
    LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
    DURATION_BUCKETS: bucketsSchema.default([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]),
    METRICS: switchSchema.default("on"),
    FAULTS: faultsSchema.default([]),
    FAULTS_ADMIN: switchSchema.default("off"),
    FAULTS_TOKEN: z.string().min(16, "must have at least 16 characters").optional(),
    OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/, error: "must be an http or https URL" }).optional(),
    OTEL_TRACES_SAMPLER_ARG: within(0, 1, "must be a share from 0 to 1").default(1),
    DRAIN_SECONDS: secondsSchema.default(0),
    SHUTDOWN_SECONDS: secondsSchema.default(10),
  })
  .superRefine((values, context) => {
    const needed = (name: string, when: string): void =>
      context.addIssue({ code: "custom", path: [name], message: `is needed when ${when}` });
    if (values.STORE === "sqlite" && values.STORE_FILE === undefined) needed("STORE_FILE", "STORE is sqlite");
    if (values.STORE === "mongodb" && values.STORE_URL === undefined) needed("STORE_URL", "STORE is mongodb");
    if (values.STORE_USERNAME !== undefined && values.STORE_PASSWORD === undefined) needed("STORE_PASSWORD", "STORE_USERNAME is set");
    if (values.STORE_PASSWORD !== undefined && values.STORE_USERNAME === undefined) needed("STORE_USERNAME", "STORE_PASSWORD is set");
    if (values.STORE === "mongodb" && values.BUCKET_MAX_BYTES > mongoMaxBytes) {
      const message = `must be at most ${mongoMaxBytes} when STORE is mongodb`;
      context.addIssue({ code: "custom", path: ["BUCKET_MAX_BYTES"], message });
    }
    if (values.FAULTS_ADMIN === "on" && values.FAULTS_TOKEN === undefined && !isLoopback(values.HOST))
      needed("FAULTS_TOKEN", `FAULTS_ADMIN is on and HOST is ${values.HOST}`);
  });

/** The environment after validation, its defaults filled in; seconds and bytes. */
export type Environment = z.infer<typeof environmentSchema>;

export const defaultEnvironment = environmentSchema.parse({});

/** Validates the variables of the process, or says in one sentence each what is wrong; an empty one counts as absent. Values of FAULTS_TOKEN and STORE_… are never repeated. */
export function parseEnvironment(variables: Record<string, string | undefined>) {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined && value !== ""));
  const parsed = environmentSchema.safeParse(given);
  if (parsed.success) return { kind: "environment", environment: parsed.data } as const;
  return { kind: "problems", problems: parsed.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`) } as const;
}

const isLoopback = (host: string): boolean => (isIP(host) === 4 ? host.startsWith("127.") : host === "localhost" || host === "::1");
