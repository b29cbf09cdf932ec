import { describe, expect, test } from "vitest";
import { addresses, bringUp, takeDown } from "./lab.ts";
import { parseOptions, type Options } from "./options.ts";
import type { Result } from "./shell.ts";
import { wordsOf, type Lab } from "./step.ts";

type Answer = string | { code: number; words?: string } | "missing" | "tooLong";

const profiles = (status: string): string =>
  JSON.stringify({ valid: [{ Name: "plimsoll", Status: status, Config: { CPUs: 2, Memory: 4096 } }] });
const overlay = `apiVersion: apps/v1
kind: Deployment
metadata: { name: storage-api, namespace: plimsoll }
spec: { template: { metadata: { labels: {} }, spec: { containers: [{ name: a, image: "plimsoll-target:dev" }, { name: b, image: "other:1" }] } } }
`;
const workload = (ready: number): string =>
  JSON.stringify({
    items: [
      {
        kind: "Deployment",
        metadata: { name: "storage-api", namespace: "plimsoll", generation: 1 },
        spec: { replicas: 2 },
        status: { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: ready },
      },
    ],
  });
const none = JSON.stringify({ items: [] });

/** Answers by the first key that a command line contains; what no key names succeeds without a word. */
function labOf(answers: Record<string, Answer>): { lab: Lab; calls: string[]; said: string[] } {
  const calls: string[] = [];
  const said: string[] = [];
  let clock = 0;
  const lab: Lab = {
    say: (line) => void said.push(line),
    now: () => clock,
    pause: async (seconds) => void (clock += seconds),
    project: "/project",
    run: async ({ command, args }): Promise<Result> => {
      const line = [command, ...args].join(" ");
      calls.push(line);
      const answer = Object.entries(answers).find(([part]) => line.includes(part))?.[1] ?? "";
      if (answer === "missing") return { kind: "missing", tail: [`spawn ${command} ENOENT`] };
      if (answer === "tooLong") return { kind: "tooLong", stdout: "", tail: [] };
      if (typeof answer === "string") return { kind: "ended", code: 0, stdout: answer, tail: [] };
      return { kind: "ended", code: answer.code, stdout: "", tail: answer.words === undefined ? [] : [answer.words] };
    },
  };
  return { lab, calls, said };
}

function options(...words: string[]): Options {
  const parsed = parseOptions(words);
  if (parsed.kind !== "options") throw new Error(JSON.stringify(parsed));
  return parsed.options;
}

const fine = {
  "profile list": profiles("OK"),
  "kubectl kustomize": overlay,
  "get deployments": workload(2),
  "get pods": none,
  "image ls": "[]",
  inspect: "sha256:1",
};

describe("up", () => {
  test("starts a profile that is not there, with the stated size", async () => {
    const { lab, calls } = labOf({ ...fine, "profile list": { code: 85 } });
    expect(await bringUp(lab, options("--cpus", "3"))).toEqual({ kind: "up", readySeconds: 0 });
    expect(calls).toContain("minikube start --profile plimsoll --cpus=3 --memory=4g --interactive=false");
  });

  test("starts a profile that was stopped, and leaves one that runs", async () => {
    const stopped = labOf({ ...fine, "profile list": profiles("Stopped") });
    await bringUp(stopped.lab, options());
    expect(stopped.calls.filter((line) => line.startsWith("minikube start"))).toHaveLength(1);
    const running = labOf(fine);
    await bringUp(running.lab, options());
    expect(running.calls.filter((line) => line.startsWith("minikube start"))).toHaveLength(0);
  });

  test("says that a profile of another size keeps it", async () => {
    const { lab, said } = labOf(fine);
    await bringUp(lab, options("--memory", "8g"));
    expect(said.join("\n")).toContain("was made with 2 CPUs and 4096 MiB, and keeps them");
  });

  test("loads what is not in the cluster, and replaces pods of a former image", async () => {
    const { lab, calls } = labOf(fine);
    await bringUp(lab, options());
    const loaded = calls.filter((line) => line.includes("image load"));
    expect(loaded).toEqual(
      ["plimsoll-target:dev", "plimsoll:dev", "other:1"].map((image) => `minikube --profile plimsoll image load ${image}`),
    );
    expect(calls).toContain("kubectl --context plimsoll --namespace plimsoll rollout restart deployment/storage-api");
  });

  test("leaves what is in the cluster already, and the images of others that are not here", async () => {
    const there = JSON.stringify(
      ["plimsoll-target:dev", "plimsoll:dev"].map((tag) => ({ id: "sha256:1", repoTags: [`docker.io/library/${tag}`] })),
    );
    const { lab, calls } = labOf({ "other:1": { code: 1 }, ...fine, "image ls": there });
    await bringUp(lab, options());
    expect(calls.filter((line) => /image load|rollout/.test(line))).toEqual([]);
  });

  test("on a context, asks no Minikube and loads by the given command", async () => {
    const { lab, calls } = labOf(fine);
    await bringUp(lab, options("--context", "kind-dev", "--image-load", "kind load docker-image --name dev"));
    expect(calls.filter((line) => line.startsWith("minikube"))).toEqual([]);
    expect(calls).toContain('sh -c kind load docker-image --name dev "$1" image-load plimsoll:dev');
  });

  test("on a context without a way to load images, builds none and needs no Docker", async () => {
    const { lab, calls } = labOf(fine);
    expect((await bringUp(lab, options("--context", "prod"))).kind).toBe("up");
    expect(calls.filter((line) => /docker|minikube/.test(line.split(" ")[0] ?? ""))).toEqual([]);
  });
});

describe("each failure says what failed, the last words and what to do", () => {
  const rows: [string, Record<string, Answer>, string[]][] = [
    [
      "tools that are missing are named together",
      { "minikube version": "missing", "docker version": { code: 1, words: "Cannot connect" } },
      ["minikube, docker", "install Minikube", "docker: Cannot connect", "start Docker"],
    ],
    [
      "an overlay that is not there",
      { "kubectl kustomize": { code: 1, words: "no such file" } },
      ["the overlay minikube cannot be rendered", "no such file"],
    ],
    [
      "Minikube that does not start",
      { "profile list": "", "minikube start": { code: 80, words: "no driver" } },
      ["Minikube did not start", "no driver", "minikube logs"],
    ],
    ["Minikube that hangs", { "profile list": "", "minikube start": "tooLong" }, ["took longer than 900 s"]],
    [
      "an image that is not built",
      { "docker build": { code: 1, words: "COPY failed" } },
      ["the image plimsoll-target:dev was not built", "COPY failed", "docker build --file"],
    ],
    [
      "an image that is not loaded",
      { "image load": { code: 1, words: "no space" } },
      ["did not get into the cluster", "no space", "run it by hand"],
    ],
    ["manifests that are refused", { " apply ": { code: 1, words: "forbidden" } }, ["the manifests were not applied", "forbidden"]],
    ["a restart that is forbidden", { "rollout restart": { code: 1, words: "forbidden" } }, ["storage-api was not restarted", "forbidden"]],
    [
      "pods that are never ready",
      { "get deployments": workload(1) },
      ["not all pods were ready after 180 s (storage-api 1/2)", "describe pods"],
    ],
    ["a cluster that does not answer", { "get deployments": { code: 1 } }, ["the cluster did not answer"]],
  ];

  test.each(rows)("%s", async (_sentence, answers, parts) => {
    const outcome = await bringUp(labOf({ ...answers, ...fine, ...answers }).lab, options());
    if (outcome.kind !== "failed") throw new Error(outcome.kind);
    for (const part of parts) expect(wordsOf(outcome)).toContain(part);
  });

  test("a pod whose image is missing is given up after its patience, whichever way that is put, long before the limit", async () => {
    const trouble = (reason: string): string => {
      const status = { containerStatuses: [{ state: { waiting: { reason, message: "not found: plimsoll-target:dev" } } }] };
      return JSON.stringify({ items: [{ metadata: { namespace: "plimsoll", name: "storage-api-1" }, status }] });
    };
    const reasons = ["ErrImagePull", "ImagePullBackOff"];
    const { lab } = labOf({ ...fine, "get deployments": workload(0) });
    let asked = 0;
    const outcome = await bringUp({ ...lab, run: (call) => (call.args.includes("pods") ? podsAnswer() : lab.run(call)) }, options());
    async function podsAnswer(): Promise<Result> {
      return { kind: "ended", code: 0, stdout: trouble(reasons[asked++ % 2] ?? ""), tail: [] };
    }
    if (outcome.kind !== "failed") throw new Error(outcome.kind);
    expect(lab.now()).toBeLessThan(40);
    expect(wordsOf(outcome)).toMatch(/storage-api-1: (ErrImagePull|ImagePullBackOff) not found: plimsoll-target:dev/);
    expect(wordsOf(outcome)).toContain("describe pod storage-api-1");
  });
});

describe("down", () => {
  test("deletes the profile", async () => {
    const { lab, calls } = labOf({});
    expect(await takeDown(lab, options("down", "--profile", "other"))).toEqual({ kind: "down" });
    expect(calls).toEqual(["minikube version --short", "minikube delete --profile other"]);
  });

  test("on a context, deletes only what was applied", async () => {
    const { lab, calls } = labOf(fine);
    await takeDown(lab, options("down", "--context", "prod"));
    expect(calls.at(-1)).toBe(
      "kubectl --context prod delete --kustomize /project/deploy/kubernetes/overlays/minikube --ignore-not-found --wait --timeout=180s",
    );
  });
});

test.each<[string, string[], string]>([
  ["the lab of the default name", [], "npm run minikube -- down\n"],
  ["another profile", ["--profile", "p"], "npm run minikube -- down --profile p\n"],
  ["a context", ["--context", "c"], "npm run minikube -- down --context c\n"],
])("the last line takes down %s", (_sentence, words, line) => {
  expect(addresses(options(...words))).toContain(line);
});

test("Grafana's address is told where Grafana is, and nowhere else", () => {
  expect(addresses(options("--overlay", "grafana"))).toContain("port-forward service/grafana 3000:3000");
  expect(addresses(options())).not.toContain("grafana");
});
