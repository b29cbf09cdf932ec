import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { addresses, bringUp, takeDown } from "./lab.ts";
import { parseOptions, type Options } from "./options.ts";
import type { Ran } from "../../slo/host/process.ts";
import { StepError, type Lab } from "./step.ts";

type Answer = string | { code: number; words?: string } | "missing" | "overdue";

const profiles = (status: string): string =>
  JSON.stringify({ valid: [{ Name: "plimsoll", Status: status, Config: { CPUs: 2, Memory: 4096 } }] });
const overlay = `apiVersion: apps/v1
kind: Deployment
metadata: { name: storage-api, namespace: plimsoll }
spec: { template: { metadata: { labels: {} }, spec: { containers: [{ name: a, image: "plimsoll-target:dev" }, { name: b, image: "other:1" }] } } }
`;
const workloads = "plimsoll Deployment/storage-api\n";
const waiting = { code: 1, words: 'Waiting for deployment "storage-api" rollout to finish: 1 of 2 updated replicas are available...' };

const ranOf = (ending: Ran["ending"], stdout = "", stderr = ""): Ran => ({ ending, stdout, stderr, output: stdout + stderr });

/** Answers by the first key that a command line contains; what no key names succeeds without a word. A rollout is waited for 5 s. */
function labOf(answers: Record<string, Answer>): { lab: Lab; calls: string[]; said: string[]; written: [string, string][] } {
  const calls: string[] = [];
  const written: [string, string][] = [];
  const said: string[] = [];
  let clock = 0;
  const lab: Lab = {
    say: (line) => void said.push(line),
    write: (path, text) => void written.push([path, text]),
    now: () => clock,
    pause: async (seconds) => void (clock += seconds),
    signal: new AbortController().signal,
    project: "/project",
    run: async ({ command, args }): Promise<Ran> => {
      const line = [command, ...args].join(" ");
      calls.push(line);
      if (line.includes("rollout status")) clock += 5;
      const answer = Object.entries(answers).find(([part]) => line.includes(part))?.[1] ?? "";
      if (answer === "missing") return ranOf({ kind: "notStarted", isMissing: true, message: `spawn ${command} ENOENT` });
      if (answer === "overdue") return ranOf({ kind: "overdue" });
      if (typeof answer === "string") return ranOf({ kind: "exited", code: 0 }, answer);
      return ranOf({ kind: "exited", code: answer.code }, "", answer.words);
    },
  };
  return { lab, calls, said, written };
}

function options(...words: string[]): Options {
  return parseOptions(words, {});
}

const fine = {
  "profile list": profiles("OK"),
  "kubectl kustomize": overlay,
  "get deployments": workloads,
  "image ls": "[]",
  inspect: "sha256:1",
};

describe("up", () => {
  test("starts a profile that is not there, with the stated size", async () => {
    const { lab, calls } = labOf({ ...fine, "profile list": { code: 85 } });
    expect((await bringUp(lab, options("--cpus", "3"))).readySeconds).toBe(5);
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

  test("replaces no pods where it made them just now", async () => {
    const { lab, calls } = labOf({ ...fine, " apply ": "deployment.apps/storage-api created\n" });
    await bringUp(lab, options());
    expect(calls.filter((line) => line.includes("rollout restart"))).toEqual([]);
  });

  test("leaves what is in the cluster already, and the images of others that are not here", async () => {
    const there = JSON.stringify(
      ["plimsoll-target:dev", "plimsoll:dev"].map((tag) => ({ id: "sha256:1", repoTags: [`docker.io/library/${tag}`] })),
    );
    const { lab, calls } = labOf({ "other:1": { code: 1 }, ...fine, "image ls": there });
    await bringUp(lab, options());
    expect(calls.filter((line) => /image load|rollout restart/.test(line))).toEqual([]);
  });

  test("on a context, asks no Minikube and loads by the given command", async () => {
    const { lab, calls } = labOf(fine);
    await bringUp(lab, options("--context", "kind-dev", "--image-load", "kind load docker-image --name dev"));
    expect(calls.filter((line) => line.startsWith("minikube"))).toEqual([]);
    expect(calls).toContain('sh -c kind load docker-image --name dev "$1" image-load plimsoll:dev');
  });

  test("on a context without a way to load images, builds none and needs no Docker", async () => {
    const { lab, calls } = labOf(fine);
    await bringUp(lab, options("--context", "prod"));
    expect(calls.filter((line) => /docker|minikube/.test(line.split(" ")[0] ?? ""))).toEqual([]);
  });
});

describe("each failure says what failed, the last words and what to do", () => {
  const rows: [string, Record<string, Answer>, string[]][] = [
    [
      "tools that are missing are named together",
      { "minikube version": "missing", "docker version": { code: 1, words: "Cannot connect" } },
      ["minikube, docker", "install Minikube", "docker: Cannot connect", "`docker version` must show a server"],
    ],
    [
      "an overlay that is not there",
      { "kubectl kustomize": { code: 1, words: "no such file" } },
      ["overlays/minikube cannot be rendered", "no such file"],
    ],
    [
      "Minikube that does not start",
      { "profile list": "", "minikube start": { code: 80, words: "no driver" } },
      ["Minikube did not start", "no driver", "minikube logs"],
    ],
    ["Minikube that hangs", { "profile list": "", "minikube start": "overdue" }, ["did not end within 900 s"]],
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
      { "rollout status": waiting },
      ["not all pods were ready after 185 s (deployment/storage-api: Waiting for deployment", "1 of 2 updated", "describe pod"],
    ],
    ["a cluster that does not answer", { "get deployments": { code: 1, words: "refused" } }, ["the cluster does not answer", "refused"]],
  ];

  async function failureOf(lab: Lab): Promise<string> {
    const error: unknown = await bringUp(lab, options()).catch((reason: unknown) => reason);
    if (!(error instanceof StepError)) throw new Error("no step failed", { cause: error });
    return error.message;
  }

  test.each(rows)("%s", async (_sentence, answers, parts) => {
    const said = await failureOf(labOf({ ...answers, ...fine, ...answers }).lab);
    for (const part of parts) expect(said).toContain(part);
  });

  /** The rollout of a lab in which MongoDB's pod has no image, as its status puts that by turns. */
  async function withoutImage(reasons: string[], image: string) {
    const answers = { ...fine, "rollout status": waiting, "events --for": `not found: ${image}`, "get pod mongodb-0": ` ${image}` };
    const { lab, said } = labOf(answers);
    let asked = 0;
    const pods = async (): Promise<Ran> => {
      const lines = ["exporter-1   0/1   CrashLoopBackOff   3", `mongodb-0   0/1   ${reasons[asked++ % reasons.length]}   0`];
      return ranOf({ kind: "exited", code: 0 }, lines.map((line) => `plimsoll   ${line}   9s\n`).join(""));
    };
    const failure = await failureOf({ ...lab, run: (call) => (call.args.includes("pods") ? pods() : lab.run(call)) });
    return { failure, said, seconds: lab.now() };
  }

  test("a pod whose image is missing is said at once, and given up after its patience, whichever way that is put, long before the limit", async () => {
    const { failure, said, seconds } = await withoutImage(["ErrImagePull", "ImagePullBackOff"], "mongo:8.2.2");
    expect(seconds).toBeLessThan(40);
    expect(failure).toMatch(/mongodb-0: (ErrImagePull|ImagePullBackOff)\n/);
    expect(failure).toContain("not found: mongo:8.2.2");
    const remedy = "the image mongo:8.2.2 is not in the cluster, which cannot pull it: have it in this machine's Docker";
    for (const words of [said.join("\n"), failure]) {
      expect(words).toContain(remedy);
      expect(words).toContain("minikube --profile plimsoll image load mongo:8.2.2");
      expect(words).toContain("--with …,mongodb/ferretdb");
    }
    expect(failure).toContain("describe pod mongodb-0");
    expect(said.findIndex((line) => line.includes(remedy))).toBeLessThan(said.findIndex((line) => line.includes("Waiting for")) + 2);
  });

  /** The rollout of a lab in which Prometheus's pod finds no node, for the given reason. */
  async function pending(reason: string) {
    const { lab } = labOf({ ...fine, "rollout status": waiting, "events --for": `0/1 nodes are available: ${reason}` });
    const pods = ranOf({ kind: "exited", code: 0 }, "monitoring   prometheus-0   0/1   Pending   0   9s\n");
    const failure = await failureOf({ ...lab, run: async (call) => (call.args.includes("pods") ? pods : lab.run(call)) });
    return { failure, seconds: lab.now() };
  }

  test("a pod that no node has room for is given up after its patience", async () => {
    const { failure, seconds } = await pending("1 Insufficient memory");
    expect(seconds).toBeLessThan(40);
    expect(failure).toContain("the cluster has no room");
  });

  test("a pod whose volume is not made yet is waited for to the limit, for a new cluster's provisioner may be late", async () => {
    const { failure, seconds } = await pending("pod has unbound immediate PersistentVolumeClaims");
    expect(seconds).toBeGreaterThan(180);
    expect(failure).toContain("no volume was made for its claim");
    expect(failure).not.toContain("no room");
  });

  test.each(["ErrImageNeverPull", "InvalidImageName"])("a pod with %s is given up at once", async (reason) => {
    const { failure, seconds } = await withoutImage([reason], "grafana/grafana:13.2.2");
    expect(seconds).toBeLessThan(10);
    expect(failure).toContain("the image grafana/grafana:13.2.2 is not in the cluster");
    expect(failure).not.toContain("ferretdb");
  });
});

describe("down", () => {
  test("deletes the profile", async () => {
    const { lab, calls } = labOf({});
    await takeDown(lab, options("down", "--profile", "other"));
    expect(calls).toEqual(["minikube version --short", "minikube delete --profile other"]);
  });

  test("on a context, deletes only what was applied", async () => {
    const { lab, calls } = labOf(fine);
    await takeDown(lab, options("down", "--context", "prod"));
    expect(calls.at(-1)).toBe(
      "kubectl --context prod delete --kustomize deploy/kubernetes/overlays/minikube --ignore-not-found --wait --timeout=180s",
    );
  });
});

describe("parts", () => {
  test("are laid over the overlay by a kustomization that is written, and applied", async () => {
    const { lab, calls, written } = labOf(fine);
    await bringUp(lab, options("--overlay", "grafana", "--with", "exporters"));
    expect(written.map(([path]) => path)).toEqual(["deploy/kubernetes/overlays/.with/kustomization.yaml"]);
    expect(parse(written[0]?.[1] ?? "")).toMatchObject({
      kind: "Kustomization",
      resources: ["../grafana", "../../agents"],
      components: ["../../with/exporters"],
    });
    expect(calls.find((line) => line.includes(" apply "))).toContain("--kustomize deploy/kubernetes/overlays/.with ");
  });

  test("go with the rest where it is taken down", async () => {
    const { lab, calls, written } = labOf({});
    await takeDown(lab, options("down", "--context", "c", "--with", "exporters"));
    expect(written).toHaveLength(1);
    expect(calls.at(-1)).toContain("delete --kustomize deploy/kubernetes/overlays/.with ");
  });
});

const base = ["storage-api.plimsoll", "prometheus.monitoring"];
test.each<[string, string[], string]>([
  ["the lab of the default name", [], "npm run minikube -- down\n"],
  ["another profile", ["--profile", "p"], "npm run minikube -- down --profile p\n"],
  ["a profile with parts, which go with it", ["--with", "exporters"], "npm run minikube -- down\n"],
  ["a context", ["--context", "c"], "npm run minikube -- down --context c\n"],
  ["a context with parts", ["--context", "c", "--with", "exporters"], "npm run minikube -- down --context c --with exporters\n"],
])("the last line takes down %s", (_sentence, words, line) => {
  expect(addresses(options(...words), base)).toContain(line);
});

test("the address of what is there is told, and of nothing else", async () => {
  const service = "apiVersion: v1\nkind: Service\nmetadata: { name: grafana, namespace: monitoring }\n";
  const { services } = await bringUp(labOf({ ...fine, "kubectl kustomize": `${overlay}---\n${service}` }).lab, options());
  expect(addresses(options(), services)).toContain("port-forward service/grafana 3000:3000");
  expect(addresses(options(), base)).not.toContain("grafana");
});
