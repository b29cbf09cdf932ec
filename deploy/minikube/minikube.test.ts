import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { runProcess } from "../../slo/host/process.ts";

/** What a tool says, with exit code 0 where it is only words. */
type Answer = string | { code: number; words?: string };

/** Stands for a tool: notes how it was called, and answers by the first file whose first line the call contains. A pause moves the clock only. */
const tool = `#!/bin/sh
name=\${0##*/}
case $name in
  date) exec cat "$FAKE/clock" ;;
  sleep) echo $(($(cat "$FAKE/clock") + 6)) >"$FAKE/clock.new"; exec mv "$FAKE/clock.new" "$FAKE/clock" ;;
esac
echo "$name $*" >>"$FAKE/calls"
for answer in "$FAKE"/answers/*; do
  case "$name $*" in *"$(head -n 1 "$answer")"*)
    code=$(sed -n 2p "$answer")
    if [ "$code" = 0 ]; then tail -n +3 "$answer"; else tail -n +3 "$answer" >&2; fi
    exit "$code" ;;
  esac
done
`;

const service = (name: string, namespace: string): string =>
  `apiVersion: v1\nkind: Service\nmetadata:\n  labels:\n    name: x\n  name: ${name}\n  namespace: ${namespace}\nspec:\n  ports: []\n`;
const overlay = [
  service("storage-api", "plimsoll"),
  service("prometheus", "monitoring"),
  'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: storage-api\nspec:\n  - image: plimsoll-target:dev\n  - image: "other:1"\n',
].join("---\n");
const waiting = { code: 1, words: 'Waiting for deployment "storage-api" rollout to finish: 1 of 2 updated replicas are available...' };
const fine: Record<string, Answer> = {
  "minikube status": "Running",
  "kubectl kustomize": overlay,
  " apply ": "deployment.apps/storage-api unchanged",
  "get deployments": "plimsoll Deployment/storage-api",
  "image ls": "[]",
  inspect: "sha256:1",
};

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Runs the command in a folder of its own, with tools that answer as told; one that is missing ends as what is not found does. */
async function lab(words: string[], answers: Record<string, Answer> = {}, missing: string[] = []) {
  const root = mkdtempSync(join(tmpdir(), "plimsoll-kickstart-"));
  folders.push(root);
  for (const folder of ["deploy/minikube", "deploy/kubernetes/overlays", "bin", "answers"])
    mkdirSync(join(root, folder), { recursive: true });
  const script = join(root, "deploy/minikube/minikube.sh");
  copyFileSync(fileURLToPath(new URL("minikube.sh", import.meta.url)), script);
  symlinkSync(fileURLToPath(new URL("../kubernetes/with", import.meta.url)), join(root, "deploy/kubernetes/with"));
  for (const name of ["minikube", "docker", "kubectl", "date", "sleep"])
    writeFileSync(join(root, "bin", name), missing.includes(name) ? "#!/bin/sh\nexit 127\n" : tool, { mode: 0o755 });
  for (const [i, [part, answer]] of Object.entries({ ...answers, ...fine, ...answers }).entries()) {
    const { code, words: said = "" } = typeof answer === "string" ? { code: 0, words: answer } : answer;
    writeFileSync(join(root, "answers", String(i).padStart(2, "0")), `${part}\n${code}\n${said}\n`);
  }
  writeFileSync(join(root, "clock"), "1000\n");
  writeFileSync(join(root, "calls"), "");
  const environment = { PATH: `${join(root, "bin")}:/usr/bin:/bin`, FAKE: root };
  const { ending, stdout, stderr } = await runProcess({ command: "/bin/sh", args: [script, ...words], environment, limitSeconds: 60 });
  return {
    code: ending.kind === "exited" ? ending.code : ending.kind,
    stdout,
    stderr,
    calls: readFileSync(join(root, "calls"), "utf8").split("\n"),
    seconds: Number(readFileSync(join(root, "clock"), "utf8")) - 1000,
    written: () => parse(readFileSync(join(root, "deploy/kubernetes/overlays/.with/kustomization.yaml"), "utf8")) as object,
  };
}

describe("up", () => {
  test("starts a profile that does not run, with the stated size, and leaves one that does", async () => {
    const stopped = await lab(["--cpus", "3"], { "minikube status": { code: 85 } });
    expect([stopped.code, stopped.calls]).toEqual([
      0,
      expect.arrayContaining(["minikube start --profile plimsoll --cpus=3 --memory=4g --interactive=false"]),
    ]);
    const { calls } = await lab([]);
    expect(calls.filter((line) => line.startsWith("minikube start"))).toEqual([]);
  });

  test("loads what is not in the cluster, and replaces pods of a former image, but none that it made just now", async () => {
    const { calls } = await lab([]);
    const loaded = calls.filter((line) => line.includes("image load"));
    expect(loaded).toEqual(
      ["plimsoll-target:dev", "plimsoll:dev", "other:1"].map((image) => `minikube --profile plimsoll image load ${image}`),
    );
    const restarts = (lines: string[]) => lines.flatMap((line) => line.split("rollout restart ").slice(1));
    expect(restarts(calls)).toEqual(["deployment/storage-api"]);
    const withPage = await lab([], { " apply ": "deployment.apps/storage-api created\ndeployment.apps/web configured" });
    expect(restarts(withPage.calls)).toEqual(["deployment/web"]);
  });

  test("leaves what is in the cluster already, and the images of others that are not here", async () => {
    const there = ["plimsoll-target:dev", "plimsoll:dev"].map((tag) => ({ id: "1", repoTags: [`docker.io/library/${tag}`], size: "1" }));
    const { calls } = await lab([], { "other:1": { code: 1 }, "image ls": JSON.stringify(there) });
    expect(calls.filter((line) => /image load|rollout restart/.test(line))).toEqual([]);
  });

  test("on a context, asks no Minikube and loads by the given command", async () => {
    const { code, calls } = await lab(["--context", "kind-dev", "--image-load", "docker push --to dev"]);
    expect(code).toBe(0);
    expect(calls.filter((line) => line.startsWith("minikube"))).toEqual([]);
    expect(calls).toContain("docker push --to dev plimsoll:dev");
  });

  test("on a context without a way to load images, builds none and needs no Docker", async () => {
    const { code, calls } = await lab(["--context=prod"], {}, ["docker", "minikube"]);
    expect([code, calls.filter((line) => /docker|minikube/.test(line.split(" ")[0] ?? ""))]).toEqual([0, []]);
  });

  test("tells the addresses of what is there, and of nothing else", async () => {
    const { stdout } = await lab([]);
    expect(stdout).toContain("http://storage-api.plimsoll:5000\n");
    expect(stdout).toContain("kubectl --context plimsoll port-forward service/prometheus --namespace monitoring 9090\n");
    expect(stdout).not.toContain("grafana");
  });
});

describe("each failure ends with 4, and says what failed, the last words and what to do", () => {
  test.each<[string, Record<string, Answer>, string[], string[]?]>([
    [
      "tools that are missing are named together",
      { "docker version": { code: 1, words: "Cannot connect" } },
      ["answer: minikube docker", "install Minikube", "docker: Cannot connect", "`docker version` must show a server"],
      ["minikube"],
    ],
    [
      "an overlay that is not there",
      { "kubectl kustomize": { code: 1, words: "no such file" } },
      ["no such file", "overlays/minikube cannot be rendered"],
    ],
    [
      "Minikube that does not start",
      { "minikube status": { code: 85 }, "minikube start": { code: 80, words: "no driver" } },
      ["no driver", "Minikube did not start", "ended with 80", "minikube logs"],
    ],
    [
      "an image that is not built",
      { "docker build": { code: 1, words: "COPY failed" } },
      ["COPY failed", "the image plimsoll-target:dev was not built", "target.Dockerfile"],
    ],
    ["an image that is not loaded", { "image load": { code: 1, words: "no space" } }, ["no space", "did not get into the cluster"]],
    ["manifests that are refused", { " apply ": { code: 1, words: "forbidden" } }, ["forbidden", "the manifests were not applied"]],
    ["a restart that is forbidden", { "rollout restart": { code: 1, words: "forbidden" } }, ["forbidden", "storage-api was not restarted"]],
    [
      "pods that are never ready",
      { "rollout status": waiting },
      ["not all pods were ready after 180 s (deployment/storage-api: Waiting for deployment", "1 of 2 updated", "describe pod"],
    ],
    ["a cluster that does not answer", { "get deployments": { code: 1, words: "refused" } }, ["refused", "the cluster does not answer"]],
  ])("%s", async (_sentence, answers, parts, missing) => {
    const { code, stderr } = await lab([], answers, missing);
    expect(code).toBe(4);
    for (const part of parts) expect(stderr.toLowerCase()).toContain(part.toLowerCase());
  });

  /** The lab while a pod of its stands so, and why. */
  const stuckIn = (status: string, reason: string) =>
    lab([], {
      "rollout status": waiting,
      "get pods": `plimsoll   api-1   1/1   Running   0   9s\nplimsoll   mongodb-0   0/1   ${status}   0   9s`,
      "events --for": reason,
      "logs --previous": "cannot listen",
    });

  test.each([
    ["ImagePullBackOff", "not found: mongo:8.2.2", 40],
    ["CrashLoopBackOff", "Back-off restarting failed container", 40],
    ["ErrImageNeverPull", "not found: mongo:8.2.2", 10],
  ])("a pod in %s is given up long before the limit, with its events", async (status, reason, withinSeconds) => {
    const { code, stderr, seconds } = await stuckIn(status, reason);
    expect([code, seconds < withinSeconds]).toEqual([4, true]);
    for (const part of [`mongodb-0: ${status}`, reason, "this machine's Docker"]) expect(stderr).toContain(part);
    expect(stderr.includes("cannot listen")).toBe(status === "CrashLoopBackOff");
  });

  test("a pod whose volume is not made yet is waited for to the limit, for a new cluster's provisioner may be late", async () => {
    const { stderr, seconds } = await stuckIn("Pending", "pod has unbound immediate PersistentVolumeClaims");
    expect(seconds).toBeGreaterThanOrEqual(180);
    expect(stderr).toContain("unbound immediate PersistentVolumeClaims");
  });
});

describe("down", () => {
  test("deletes the profile", async () => {
    const { code, calls } = await lab(["down", "--profile", "other"]);
    expect([code, calls.filter(Boolean)]).toEqual([0, ["minikube version --short", "minikube delete --profile other"]]);
  });

  test("on a context, deletes only what was applied, with its parts", async () => {
    const { calls, written } = await lab(["down", "--context", "prod", "--with", "exporters"]);
    expect(calls).toContain(
      "kubectl --context prod delete --kustomize deploy/kubernetes/overlays/.with --ignore-not-found --wait --timeout=180s",
    );
    expect(written()).toMatchObject({ components: ["../../with/exporters"] });
  });

  test.each<[string, string[], string]>([
    ["the lab of the default name", [], "npm run minikube -- down\n"],
    ["another profile, whose parts go with it", ["--profile", "p", "--with", "exporters"], "npm run minikube -- down --profile p\n"],
    ["a context with parts", ["--context", "c", "--with", "exporters"], "npm run minikube -- down --context c --with exporters\n"],
  ])("the last line of up takes down %s", async (_sentence, words, line) => {
    expect((await lab(words)).stdout).toContain(line);
  });
});

describe("parts", () => {
  test.each<[string, string, string[]]>([
    ["are laid over the overlay", "exporters", ["exporters"]],
    ["are all, without their variants", "all", ["alerts", "exporters", "logs", "mongodb", "traces", "web"]],
    ["bring what a variant varies, before it", "mongodb/ferretdb,logs", ["logs", "mongodb", "mongodb/ferretdb"]],
  ])("%s, in a profile of 6 GiB", async (_sentence, words, parts) => {
    const { calls, written } = await lab(["--overlay", "grafana", "--with", words], { "minikube status": { code: 85 } });
    expect(written()).toEqual({
      apiVersion: "kustomize.config.k8s.io/v1beta1",
      kind: "Kustomization",
      resources: ["../grafana", "../../agents"],
      components: parts.map((part) => `../../with/${part}`),
    });
    expect(calls.find((line) => line.includes(" apply "))).toContain("--kustomize deploy/kubernetes/overlays/.with ");
    expect(calls).toContain("minikube start --profile plimsoll --cpus=2 --memory=6g --interactive=false");
  });
});

test.each<[string, string[], string]>([
  ["an unknown flag", ["--cpu", "4"], "there is no flag --cpu"],
  ["a flag without its value", ["--cpus"], "the flag --cpus needs a value"],
  ["an unknown word", ["start"], 'there is no word "start"'],
  ["one CPU, with which Minikube does not start", ["--cpus", "1"], "--cpus must be a whole number, 2 or more"],
  ["a size in words", ["--memory", "much"], "--memory must be a size such as 4g or 4096mb"],
  ["a part that is not there", ["--with", "exporters,logz"], 'there is no part "logz"; there are alerts, '],
  ["no part", ["--with", ""], "--with names no part"],
  ["no time", ["--limit", "0"], "--limit must be a whole number, 1 or more"],
  ["an overlay elsewhere", ["--overlay", "../../x"], "--overlay must be letters, digits and dashes"],
  ["a profile that is a flag", ["--profile=-x"], "--profile must be letters, digits and dashes"],
  ["a context and a profile", ["--context", "k", "--profile", "p"], "do not go with it"],
  ["no context", ["--context", ""], "--context must be the name of a context"],
])("%s is refused before anything is asked", async (_sentence, words, message) => {
  const { code, stderr, calls } = await lab(words);
  expect([code, calls]).toEqual([2, [""]]);
  expect(stderr).toContain(message);
});

test("--help tells every flag, and asks nothing", async () => {
  const { code, stdout, calls } = await lab(["--help"]);
  expect([code, calls]).toEqual([0, [""]]);
  for (const flag of ["profile", "cpus", "memory", "context", "image-load", "overlay", "with", "limit"])
    expect(stdout).toContain(`--${flag} <`);
});
