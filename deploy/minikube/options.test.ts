import { expect, test } from "vitest";
import { knownParts, parseOptions } from "./options.ts";

const minikube = { cpus: "2", memory: "4g" };

const good: [string, string[], object][] = [
  [
    "nothing said is the whole lab",
    [],
    { action: "up", context: "plimsoll", minikube, overlay: "minikube", parts: [], limitSeconds: 180, imageLoad: undefined },
  ],
  ["down is the other word", ["down"], { action: "down", context: "plimsoll", minikube }],
  ["a size", ["--cpus", "4", "--memory=8192mb"], { minikube: { cpus: "4", memory: "8192mb" } }],
  ["another profile, after which Minikube names the context", ["--profile", "p"], { context: "p", minikube }],
  ["a context needs no Minikube", ["--context", "kind-dev"], { context: "kind-dev", minikube: undefined }],
  ["a way to load images", ["--context=k", "--image-load", "kind load docker-image"], { imageLoad: "kind load docker-image" }],
  [
    "parts, in the order of their names",
    ["--with", "exporters"],
    { parts: ["exporters"], minikube: { cpus: "2", memory: "6g" }, limitSeconds: 240 },
  ],
  ["all parts, without their variants", ["--with", "all"], { parts: ["alerts", "exporters", "logs", "mongodb", "traces", "web"] }],
  [
    "a variant brings what it varies, and comes after it",
    ["--with", "mongodb/ferretdb,logs"],
    { parts: ["logs", "mongodb", "mongodb/ferretdb"] },
  ],
  ["parts in a profile of a stated size", ["--with", "all", "--memory", "8g"], { minikube: { cpus: "2", memory: "8g" } }],
  ["the lab with Grafana", ["--overlay", "grafana"], { minikube, overlay: "grafana" }],
];

test.each(good)("%s", (_sentence, words, options) => {
  expect(parseOptions(words, {})).toMatchObject(options);
});

const bad: [string, string[], string][] = [
  ["an unknown flag", ["--cpu", "4"], "unknown option '--cpu'"],
  ["an unknown word", ["start"], "Allowed choices are up, down"],
  ["two words", ["up", "down"], "too many arguments"],
  ["one CPU, with which Minikube does not start", ["--cpus", "1"], "It must be a whole number, 2 or more."],
  ["a size in words", ["--memory", "much"], "It must be a size such as 4g or 4096mb."],
  ["a part that is not there", ["--with", "exporters,logz"], `There is no part "logz"; there are ${knownParts().join(", ")}, and all.`],
  ["no part", ["--with", ""], 'There is no part ""'],
  ["no time", ["--limit", "0"], "It must be a whole number, 1 or more."],
  ["an overlay elsewhere", ["--overlay", "../../x"], "It must be letters, digits and dashes."],
  ["a profile that is a flag", ["--profile=-x"], "It must be letters, digits and dashes."],
  ["a context and a profile", ["--context", "k", "--profile", "p"], "cannot be used with option '--profile <name>'"],
  ["no context", ["--context", ""], "It must be the name of a context."],
];

test.each(bad)("%s is refused, and said", (_sentence, words, message) => {
  let said = "";
  const write = { writeErr: (text: string) => void (said += text) };
  expect(() => parseOptions(words, write)).toThrow(expect.objectContaining({ exitCode: 1 }));
  expect(said).toContain(message);
});

test("--help wins, and lists every flag", () => {
  let said = "";
  expect(() => parseOptions(["--help"], { writeOut: (text) => void (said += text) })).toThrow(expect.objectContaining({ exitCode: 0 }));
  for (const flag of ["profile", "cpus", "memory", "context", "image-load", "overlay", "with", "limit"])
    expect(said).toContain(`--${flag} <`);
});
