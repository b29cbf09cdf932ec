import { describe, expect, test } from "vitest";
import { parseEnvironment } from "./environment.ts";

const good: [string, Record<string, string>, object][] = [
  [
    "nothing given is the default of everything",
    {},
    {
      PORT: 5_000,
      HOST: "127.0.0.1",
      STORE: "memory",
      BUCKET_MAX_BYTES: 1_048_576,
      LOG_LEVEL: "info",
      DURATION_BUCKETS: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      METRICS: "on",
      FAULTS: [],
      FAULTS_ADMIN: "off",
      DRAIN_SECONDS: 0,
      SHUTDOWN_SECONDS: 10,
    },
  ],
  ["spans go nowhere unless an endpoint is given, and then all do", {}, { OTEL_TRACES_SAMPLER_ARG: 1 }],
  ["an empty variable counts as absent", { PORT: "", FAULTS: "" }, { PORT: 5_000, FAULTS: [] }],
  ["what is meant for others is ignored", { PATH: "/bin", NODE_ENV: "x" }, { PORT: 5_000 }],
  ["port 0 is any free port", { PORT: "0" }, { PORT: 0 }],
  ["buckets are sorted, each once", { DURATION_BUCKETS: "1, 0.1,0.25,1" }, { DURATION_BUCKETS: [0.1, 0.25, 1] }],
  ["a preset becomes its rules", { FAULTS: "delete-answers-500" }, { FAULTS: [{ kind: "delete-answers-500" }] }],
  [
    "MongoDB with a password of its own",
    { STORE: "mongodb", STORE_URL: "mongodb://db:27017/x", STORE_USERNAME: "me", STORE_PASSWORD: "p@ss" },
    { STORE: "mongodb", STORE_URL: "mongodb://db:27017/x", STORE_USERNAME: "me", STORE_PASSWORD: "p@ss" },
  ],
  ["the admin needs no token on loopback", { FAULTS_ADMIN: "on", HOST: "::1" }, { FAULTS_ADMIN: "on" }],
  [
    "the admin with a token listens anywhere",
    { FAULTS_ADMIN: "on", HOST: "0.0.0.0", FAULTS_TOKEN: "0123456789abcdef" },
    { HOST: "0.0.0.0" },
  ],
];

const bad: [string, Record<string, string>, RegExp][] = [
  ["a port that is no number", { PORT: "http" }, /^PORT must be a whole number/],
  ["a port above the last", { PORT: "65536" }, /^PORT must be a whole number from 0 to 65535$/],
  ["a port below zero", { PORT: "-1" }, /^PORT /],
  ["an endpoint that is none", { OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" }, /^OTEL_EXPORTER_OTLP_ENDPOINT must be an http/],
  ["a share above all", { OTEL_TRACES_SAMPLER_ARG: "1.5" }, /^OTEL_TRACES_SAMPLER_ARG must be a share from 0 to 1$/],
  ["a store that is not there", { STORE: "redis" }, /^STORE must be memory, sqlite or mongodb$/],
  ["SQLite without a file", { STORE: "sqlite" }, /^STORE_FILE is needed/],
  ["MongoDB without an address", { STORE: "mongodb" }, /^STORE_URL is needed when STORE is mongodb$/],
  ["an address of something else, unrepeated", { STORE_URL: "postgres://me:secret@db" }, /^STORE_URL must begin with mongodb:\/\/ or \S+$/],
  ["a name without its password", { STORE_USERNAME: "me" }, /^STORE_PASSWORD is needed when STORE_USERNAME is set$/],
  ["a password without its name, unrepeated", { STORE_PASSWORD: "secret" }, /^STORE_USERNAME is needed when STORE_PASSWORD is set$/],
  [
    "a bucket that is larger than a document",
    { STORE: "mongodb", STORE_URL: "mongodb://db", BUCKET_MAX_BYTES: "16000001" },
    /^BUCKET_MAX_BYTES must be at most 16000000 when STORE is mongodb$/,
  ],
  ["a limit of no bytes", { BUCKET_MAX_BYTES: "0" }, /^BUCKET_MAX_BYTES must be a whole number from 1 to /],
  ["a level that is not there", { LOG_LEVEL: "loud" }, /^LOG_LEVEL /],
  ["a bucket that is no number", { DURATION_BUCKETS: "0.1,fast" }, /^DURATION_BUCKETS must be seconds/],
  ["a bucket of zero", { DURATION_BUCKETS: "0,1" }, /^DURATION_BUCKETS /],
  ["an empty bucket", { DURATION_BUCKETS: "0.1,,1" }, /^DURATION_BUCKETS /],
  ["metrics neither on nor off", { METRICS: "true" }, /^METRICS must be on or off/],
  ["faults that are no rules", { FAULTS: '[{"kind":"drop"}]' }, /^FAULTS \[0\]: say how often/],
  ["the admin open to the network without a token", { FAULTS_ADMIN: "on", HOST: "0.0.0.0" }, /^FAULTS_TOKEN is needed/],
  ["a name that only begins like loopback", { FAULTS_ADMIN: "on", HOST: "127.evil.example" }, /^FAULTS_TOKEN is needed/],
  ["a token that is short", { FAULTS_TOKEN: "secret" }, /^FAULTS_TOKEN must have at least 16 characters$/],
  ["a drain without end", { DRAIN_SECONDS: "99999" }, /^DRAIN_SECONDS must be a number of seconds, at most 3600$/],
];

describe("the environment", () => {
  test.each(good)("%s", (_sentence, variables, expected) => {
    expect(parseEnvironment(variables)).toEqual({ kind: "environment", environment: expect.objectContaining(expected) });
  });

  test.each(bad)("%s is a problem that names the variable", (_sentence, variables, problem) => {
    const parsed = parseEnvironment(variables);
    expect(parsed.kind === "problems" ? parsed.problems.join("\n") : "no problem").toMatch(problem);
  });

  test("every problem is told at once", () => {
    const parsed = parseEnvironment({ PORT: "x", STORE: "y", METRICS: "z" });
    expect(parsed.kind === "problems" ? parsed.problems.length : 0).toBe(3);
  });
});
