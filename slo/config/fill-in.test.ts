import { afterEach, expect, test, vi } from "vitest";
import { chooseEnvironment, filledIn, withCredentials } from "./fill-in.ts";
import type { ReadConfig } from "./schema.ts";
import type { Host } from "../host/host.ts";

const two: ReadConfig = { environments: { local: { target: "http://127.0.0.1:1" }, staging: {} } };
const rows: [string, ReadConfig, string | undefined, string][] = [
  ["without any there is an empty one", {}, undefined, "-"],
  ["the only one is meant", { environments: { local: {} } }, undefined, "local"],
  ["the named one is meant", { ...two, defaultEnvironment: "local" }, "staging", "staging"],
  ["the default is meant", { ...two, defaultEnvironment: "local" }, undefined, "local"],
  ["of several none is guessed", two, undefined, "say which environment with --env or defaultEnvironment: it has local, staging"],
  ["a slip is told", two, "stagin", 'there is no environment "stagin" (did you mean staging?); it has local, staging'],
  ["a name that every object has is none", two, "toString", 'there is no environment "toString"; it has local, staging'],
  ["a name without any is told", {}, "local", 'there is no environment "local"; it has none'],
];
test.each(rows)("%s", (_sentence, config, asked, answer) => {
  const chosen = chooseEnvironment(config, asked);
  expect(chosen.kind === "problem" ? chosen.message : (chosen.name ?? "-")).toBe(answer);
});

afterEach(() => vi.unstubAllEnvs());
const host = { settings: { colour: false } } as Host;

test("a secret moves to where it is kept from every program that is started", () => {
  vi.stubEnv("PLIMSOLL_PROMETHEUS_BEARER_TOKEN", undefined);
  vi.stubEnv("STAGING_TOKEN", "s3cr3t");
  const ready = withCredentials(host, { bearerToken: "STAGING_TOKEN" });
  expect(ready.kind === "host" && ready.host.settings.credentials.bearer).toBe("s3cr3t");
  expect(process.env["STAGING_TOKEN"]).toBeUndefined();
});

test.each([
  ["that is not set", undefined],
  ["that is empty, as a CI leaves it for a fork", ""],
])("a variable %s is a problem", (_how, value) => {
  vi.stubEnv("STAGING_TOKEN", value);
  expect(withCredentials(host, { bearerToken: "STAGING_TOKEN" })).toEqual({
    kind: "problem",
    message: "the credentials' bearerToken is to be in STAGING_TOKEN, which is not set",
  });
});

test.each<[sentence: string, given: Parameters<typeof filledIn>[0], expected: string | undefined]>([
  ["of the environment counts more than the config's, from the config's folder", { in: "kubernetes" }, "/repo/staging.yaml"],
  ["that is given by a flag counts more than both", { in: "kubernetes", podTemplate: "mine.yaml" }, "mine.yaml"],
  ["is none of a load from this machine's business", {}, undefined],
])("a pod template %s", (_sentence, given, expected) => {
  const filled = filledIn(given, { podTemplate: "pods.yaml" }, { podTemplate: "staging.yaml" }, "/repo");
  expect(filled.podTemplate).toBe(expected);
});
