import { expect, test } from "vitest";
import { contextOf, parseOptions } from "./options.ts";

const minikube = { kind: "minikube", profile: "plimsoll", cpus: 2, memory: "4g" };

const good: [string, string[], object][] = [
  ["nothing said is the whole lab", [], { action: "up", cluster: minikube, overlay: "minikube", limitSeconds: 180, imageLoad: undefined }],
  ["down is the other word", ["down"], { action: "down", cluster: minikube }],
  ["a size", ["--cpus", "4", "--memory=8192mb"], { cluster: { ...minikube, cpus: 4, memory: "8192mb" } }],
  ["a context needs no Minikube", ["--context", "kind-dev"], { cluster: { kind: "context", context: "kind-dev" } }],
  ["a way to load images", ["--context=k", "--image-load", "kind load docker-image"], { imageLoad: "kind load docker-image" }],
  ["the lab with Grafana", ["--overlay", "grafana"], { cluster: minikube, overlay: "grafana" }],
];

test.each(good)("%s", (_sentence, words, options) => {
  expect(parseOptions(words)).toMatchObject({ kind: "options", options });
});

const bad: [string, string[], string][] = [
  ["an unknown flag", ["--cpu", "4"], "Unknown option '--cpu'"],
  ["an unknown word", ["start"], '"start" is neither up nor down'],
  ["two words", ["up", "down"], '"down" is one word too many'],
  ["one CPU, with which Minikube does not start", ["--cpus", "1"], "--cpus 1: must be a whole number, 2 or more"],
  ["a size in words", ["--memory", "much"], "--memory much: must be a size such as 4g or 4096mb"],
  ["no time", ["--limit", "0"], "--limit 0: must be a number of seconds above 0"],
  ["an overlay elsewhere", ["--overlay", "../../x"], "--overlay ../../x: must be the name of a folder, without a path"],
  ["a profile that is a flag", ["--profile=-x"], "--profile -x: must be letters, digits and dashes"],
  [
    "a context and a profile",
    ["--context", "k", "--profile", "p"],
    "--profile, --cpus and --memory are for a Minikube that is started here",
  ],
  ["no context", ["--context", ""], "--context: must be the name of a context"],
];

test.each(bad)("%s is refused", (_sentence, words, message) => {
  const parsed = parseOptions(words);
  expect(parsed.kind === "problem" ? parsed.message : parsed.kind).toContain(message);
});

test("--help wins", () => {
  expect(parseOptions(["--help", "--cpus", "0"])).toEqual({ kind: "help" });
});

test("Minikube names the context after the profile", () => {
  expect(contextOf({ kind: "minikube", profile: "p", cpus: 2, memory: "4g" })).toBe("p");
});
