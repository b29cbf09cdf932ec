import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { runProcess } from "../../slo/host/process.ts";

const script = fileURLToPath(new URL("kind.sh", import.meta.url));
const folders: string[] = [];
afterEach(() => folders.splice(0).forEach((folder) => rmSync(folder, { recursive: true })));

/** Tools that note how they are called. Docker has every image but, unless it is told otherwise, the registry's; kind has the clusters of `there`. */
function tools({ there = "", hasRegistry = false, without = "" } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-kind-"));
  folders.push(folder);
  const runs = join(folder, "registry");
  const note = `#!/bin/sh\necho "$(basename "$0") $*" >> ${folder}/calls\n`;
  const registry = hasRegistry ? `touch ${runs}` : `echo "registry:3: not found" >&2; exit 125`;
  const programs = {
    kind: `${note}case "$*" in "get clusters") echo "${there}";; esac\n`,
    kubectl: `${note}case "$*" in "kustomize "*) printf "kind: Service\\nmetadata:\\n  name: storage-api\\n  namespace: plimsoll\\nspec: {}\\n";; esac\n`,
    docker: `${note}case "$*" in
"inspect --format {{.State.Running}} "*) [ -e ${runs} ] && echo true || exit 1;;
"run "*) ${registry};;
"image inspect"*) echo sha256:1;;
esac
`,
  };
  mkdirSync(join(folder, "bin"));
  for (const [name, text] of Object.entries(programs)) {
    if (name === without) continue;
    writeFileSync(join(folder, "bin", name), text);
    chmodSync(join(folder, "bin", name), 0o755);
  }
  // Nothing else is on PATH, whatever this machine has.
  for (const name of [
    "sh",
    "env",
    "sed",
    "grep",
    "tail",
    "head",
    "touch",
    "dirname",
    "basename",
    "find",
    "sort",
    "tr",
    "awk",
    "date",
    "sleep",
    "cat",
    "mkdir",
  ])
    symlinkSync(["/usr/bin", "/bin"].map((place) => join(place, name)).find(existsSync) ?? "", join(folder, "bin", name));
  return async (...words: string[]) => {
    const environment = { PATH: join(folder, "bin"), HOME: folder };
    const ran = await runProcess({ command: "/bin/sh", args: [script, ...words], limitSeconds: 60, environment });
    const calls = existsSync(join(folder, "calls")) ? readFileSync(join(folder, "calls"), "utf8").split("\n") : [];
    return { code: ran.ending.kind === "exited" ? ran.ending.code : undefined, said: ran.stderr, stdout: ran.stdout, calls };
  };
}

test("makes a cluster with a registry beside it, brings the images in through that, and applies the lab", async () => {
  const { code, calls, said, stdout } = await tools({ hasRegistry: true })();
  expect(code, said).toBe(0);
  const order = [
    "kind create cluster --name plimsoll --config deploy/kind/cluster.yaml --wait 120s",
    "docker run --detach --restart=always --name plimsoll-registry --network kind --publish 127.0.0.1:5001:5000 registry:3",
    "docker push --quiet localhost:5001/library/plimsoll-target:dev",
    "docker push --quiet localhost:5001/library/plimsoll:dev",
    "kubectl --context kind-plimsoll apply --kustomize deploy/kubernetes/overlays/minikube --validate=strict",
  ];
  expect(calls.filter((call) => order.includes(call))).toEqual(order);
  expect(calls.filter((call) => call.startsWith("kind load"))).toEqual([]);
  expect(stdout).toContain("kubectl --context kind-plimsoll port-forward service/storage-api --namespace plimsoll");
});

test("where Docker can have no registry, says why and brings the images in by kind", async () => {
  const { code, calls, said } = await tools()();
  expect(code, said).toBe(0);
  expect(said).toContain("registry: none, images go in by kind itself (registry:3: not found)");
  expect(calls).toContain("kind load docker-image --name plimsoll plimsoll:dev");
});

test("uses a cluster that runs already, and passes flags on", async () => {
  const { code, calls, said } = await tools({ there: "plimsoll" })("--overlay", "ci");
  expect(code, said).toBe(0);
  expect(calls.filter((call) => call.startsWith("kind create"))).toEqual([]);
  expect(calls).toContain("kubectl --context kind-plimsoll apply --kustomize deploy/kubernetes/overlays/ci --validate=strict");
});

test.each(["kind", "docker", "kubectl"])("says that %s is missing and where to have it", async (without) => {
  const { code, said, calls } = await tools({ without })();
  expect(said).toContain(`${without} is not on PATH`);
  expect([code, calls]).toEqual([4, []]);
});

test("down removes the registry and the cluster", async () => {
  const { code, calls } = await tools({ there: "plimsoll" })("down");
  expect(code).toBe(0);
  expect(calls.slice(0, 2)).toEqual(["docker rm --force --volumes plimsoll-registry", "kind delete cluster --name plimsoll"]);
});

test("the mirror that containerd asks is the registry that is started", () => {
  const hosts = readFileSync(fileURLToPath(new URL("certs.d/_default/hosts.toml", import.meta.url)), "utf8");
  expect(hosts).toContain('[host."http://plimsoll-registry:5000"]');
});

test.each([
  [["--help"], 0],
  [["--nonsense", "1"], 2],
  [["--with", "nonsense"], 2],
  [["--with", ","], 2],
  [["down", "--nonsense", "1"], 2],
] as const)("%j makes and deletes nothing, and ends with %i", async (words, code) => {
  const ran = await tools()(...words);
  expect([ran.code, ran.calls]).toEqual([code, []]);
});

test("down deletes the cluster, wherever the word stands", async () => {
  const ran = await tools()("--with", "web", "down");
  expect(ran.calls).toEqual(["docker rm --force --volumes plimsoll-registry", "kind delete cluster --name plimsoll", ""]);
});
