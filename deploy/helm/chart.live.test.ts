import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { describeLive } from "../../build/testing/live.ts";
import { manifests, output } from "../kubernetes/cluster.fixture.ts";
import { readObjects, templateOf, type Manifest } from "../kubernetes/manifests.fixture.ts";
import { chart, comparable, helmOf } from "./chart.fixture.ts";

describeLive("the chart", ["helm", "kubectl"], (paths) => {
  const helm = helmOf(paths.helm);
  const folder = mkdtempSync(join(tmpdir(), "plimsoll-chart-"));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const template = async (values: readonly string[], from = chart): Promise<string> => {
    const ran = await helm("template", "lab", from, "--namespace", "plimsoll", ...values.flatMap((value) => ["--set", value]));
    if (ran.ending.kind !== "exited" || ran.ending.code !== 0) throw new Error(ran.output);
    return ran.stdout;
  };
  const kustomize = (path: string): Promise<string> =>
    output({ command: paths.kubectl, args: ["kustomize", join(manifests, path)], limitSeconds: 60 });
  const named = async (values: readonly string[], name: string) =>
    readObjects(await template(values)).filter((object) => `${object.kind}/${object.metadata.name}` === name);

  // A release is put into one namespace or two, and denies what is not its own only where it is told to.
  const asKustomize = ["monitoring.namespace=monitoring", "networkPolicies.defaultDeny=true", "load.gate=true"];
  const testPod = "Pod plimsoll/smoke-test";
  const sides: [string, string, string[]][] = [
    ["the lab", "overlays/minikube", []],
    ["the lab with Grafana", "overlays/grafana", ["grafana.enabled=true"]],
    ["the lab of the Prometheus operator", "overlays/prometheus-operator", ["monitoring.kind=operator", "monitoring.probe=true"]],
  ];
  test.each(sides)("renders the very objects of kustomize: %s, and the load", async (_sentence, overlay, values) => {
    const wanted = comparable(`${await kustomize(overlay)}\n---\n${await kustomize("load")}`);
    const { [testPod]: pod, ...rendered } = comparable(await template([...asKustomize, ...values]));
    expect(pod?.spec).toEqual({ activeDeadlineSeconds: 600, ...templateOf(wanted["Job plimsoll/smoke"] as Manifest)?.spec });
    expect(Object.keys(rendered).toSorted()).toEqual(Object.keys(wanted).toSorted());
    expect(rendered).toEqual(wanted);
  });

  test("passes Helm's own lint, strictly, with and without all that can be switched on", async () => {
    for (const values of [[], ["--set", "grafana.enabled=true,monitoring.kind=operator,monitoring.probe=true,load.gate=true"]]) {
      const ran = await helm("lint", "--strict", chart, ...values);
      expect(ran, ran.output).toMatchObject({ ending: { kind: "exited", code: 0 } });
    }
  });

  test("packed, it renders the same: what it takes from elsewhere in the project is in it", async () => {
    expect((await helm("package", chart, "--destination", folder)).ending).toEqual({ kind: "exited", code: 0 });
    const [packed = ""] = readdirSync(folder);
    const all = [...asKustomize, "grafana.enabled=true"];
    expect(await template(all, join(folder, packed))).toBe(await template(all));
  });

  const refused: [string, string, string][] = [
    ["a key that is not known", "storageApi.replica=3", "replica"],
    ["a part that is not known", "storageapi.replicas=3", "storageapi"],
    ["a store that is not known", "store.kind=redis", "/store/kind"],
    ["an image without a tag", "storageApi.image=plimsoll-target", "/storageApi/image"],
    ["a number that is a word", "storageApi.replicas=two", "/storageApi/replicas"],
    ["a scenario that is not known", "load.scenario=smok", "/load/scenario"],
    ["two pods, each with a memory of its own", "store.kind=memory", "set storageApi.replicas=1"],
    ["a load without a Prometheus", "prometheus.enabled=false", "prometheus.url"],
  ];
  test.each(refused)("refuses %s", async (_sentence, value, place) => {
    const ran = await helm("template", "lab", chart, "--set", value);
    expect(ran.ending).toEqual({ kind: "exited", code: 1 });
    expect(ran.stderr).toContain(place);
  });

  test("a store in memory has no volume, no bond to a node and nothing that holds up a drain", async () => {
    const values = ["store.kind=memory", "storageApi.replicas=1"];
    const [deployment] = await named(values, "Deployment/storage-api");
    const { spec } = (deployment && templateOf(deployment)) ?? { spec: undefined };
    expect(spec?.containers[0]?.env).toContainEqual({ name: "STORE", value: "memory" });
    expect(JSON.stringify(spec)).not.toMatch(/persistentVolumeClaim|affinity|STORE_FILE|volumeMounts/);
    for (const gone of ["PersistentVolumeClaim/storage-api", "PodDisruptionBudget/storage-api"])
      expect(await named(values, gone)).toEqual([]);
  });

  test("a store in MongoDB has the objects of the lab's part of that name, and pods without a volume that say where it is", async () => {
    const part = ["mongodb", "mongodb-exporter", "secret", "network"].map((name) =>
      readFileSync(join(manifests, `with/mongodb/${name}.yaml`), "utf8"),
    );
    const values = ["store.kind=mongodb"];
    expect(comparable(await template(values))).toMatchObject(comparable(part.join("\n---\n")));
    const [deployment] = await named(values, "Deployment/storage-api");
    const spec = deployment && templateOf(deployment)?.spec;
    expect(spec?.containers[0]?.env).toContainEqual({ name: "STORE_URL", value: "mongodb://mongodb:27017/buckets?authSource=admin" });
    expect(JSON.stringify(spec)).not.toMatch(/persistentVolumeClaim|affinity|STORE_FILE|volumeMounts/);
  });

  test("the dashboards are those of deploy/grafana, under the labels by which a Grafana that is there finds them", async () => {
    const dashboards = join(manifests, "../grafana/dashboards");
    const values = ["dashboards.enabled=true", "dashboards.labels.grafana_dashboard=yes"];
    const made = readObjects(await template(values)).filter(({ metadata }) => metadata.labels?.["grafana_dashboard"] === "yes");
    const files = made.flatMap(({ data = {} }) => Object.entries(data)).toSorted();
    expect(files).toEqual(
      readdirSync(dashboards)
        .toSorted()
        .map((name) => [name, readFileSync(join(dashboards, name), "utf8")]),
    );
    expect(readObjects(await template([])).map(({ metadata }) => metadata.name)).not.toContain("grafana-slo");
  });

  test("the load is the release's test, and with load.gate install and upgrade wait for its verdict as well", async () => {
    const hooks = async (values: string[]) => (await template(values)).match(/(?<=helm\.sh\/hook: ).*/g)?.toSorted();
    expect(await hooks([])).toEqual(["test"]);
    expect(await hooks(["load.gate=true"])).toEqual(["post-install,post-upgrade", "test"]);
  });

  test("all of it is in the release's namespace, unless another is named for what measures", async () => {
    const one = readObjects(await template([]));
    expect(new Set(one.map(({ metadata }) => metadata.namespace))).toEqual(new Set(["plimsoll"]));
    expect(JSON.stringify(one)).not.toMatch(/"monitoring"|\.monitoring\b/);
    expect(JSON.stringify(one)).toContain("http://prometheus.plimsoll:9090");
    const two = readObjects(await template(["monitoring.namespace=observed", "monitoring.kind=operator", "monitoring.probe=true"]));
    expect(JSON.stringify(two)).not.toMatch(/"monitoring"|\.monitoring\b/);
  });
});
