import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse } from "yaml";
import { readManifests, templateOf, type Volume } from "../manifests.fixture.ts";

interface Compose {
  services: { grafana: { image: string; env_file: string[]; environment: Record<string, string>; volumes: string[] } };
}

const deploy = fileURLToPath(new URL("../..", import.meta.url));
const read = (path: string): string => readFileSync(`${deploy}${path}`, "utf8");
const compose = (parse(read("compose.yaml"), { merge: true }) as Compose).services.grafana;

const objects = readManifests(`${deploy}kubernetes/overlays/grafana`);
const configMaps = new Map(objects.flatMap(({ kind, metadata, data }) => (kind === "ConfigMap" ? [[metadata.name, data ?? {}]] : [])));
const pod = objects.flatMap((object) => (object.metadata.name === "grafana" ? (templateOf(object)?.spec ?? []) : []))[0];
if (pod === undefined) throw new Error("there is no workload named grafana");
const [container] = pod.containers;
if (container === undefined) throw new Error("Grafana has no container");
const { env = [], envFrom = [], volumeMounts = [] } = container;
const volumes = new Map((pod.volumes ?? []).map((volume) => [volume.name, volume]));
const mapsOf = ({ configMap, projected }: Volume): string[] =>
  [...(configMap ? [configMap] : []), ...(projected?.sources ?? []).map((source) => source.configMap)].map(({ name }) => name);

const settings: Record<string, string | undefined> = {
  ...Object.assign({}, ...envFrom.map(({ configMapRef }) => configMaps.get(configMapRef.name))),
  ...Object.fromEntries(env.map(({ name, value }) => [name, value])),
};

/** Lists what the container finds where something is mounted, path by path. */
function mounted(): [path: string, content: string][] {
  return volumeMounts.flatMap(({ name, mountPath }) => {
    const volume = volumes.get(name);
    if (volume === undefined) throw new Error(`the volume ${name} is not declared`);
    return mapsOf(volume).flatMap((map) => {
      const data = configMaps.get(map);
      if (data === undefined) throw new Error(`the ConfigMap ${map} is made nowhere`);
      return Object.entries(data).map(([file, content]): [string, string] => [`${mountPath}/${file}`, content]);
    });
  });
}

/** Lists what Compose's container finds in the folders that are mounted from here. */
function mountedByCompose(): [path: string, content: string][] {
  const folders = compose.volumes.map((volume) => volume.split(":")).filter(([source]) => source?.startsWith("./"));
  return folders.flatMap(([source = "", place = ""]) =>
    readdirSync(`${deploy}${source}`, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry): [string, string] => {
        const path = `${entry.parentPath}/${entry.name}`.replaceAll("//", "/");
        const inside = path.slice(path.indexOf(source.slice(1)) + source.length - 1);
        return [`${place}${inside}`, readFileSync(path, "utf8")];
      }),
  );
}

test("Grafana finds the files that it finds in Compose, all of them, at the same places", () => {
  const files = mounted();
  expect(files.map(([path]) => path).toSorted()).toEqual(
    mountedByCompose()
      .map(([path]) => path)
      .toSorted(),
  );
  expect(Object.fromEntries(files)).toEqual(Object.fromEntries(mountedByCompose()));
});

test("the folder that the provisioning names is where every committed dashboard is mounted", () => {
  const files = mounted();
  const provider = files.find(([path]) => path === "/etc/grafana/provisioning/dashboards/plimsoll.yaml")?.[1] ?? "";
  const { providers } = parse(provider) as { providers: { options: { path: string } }[] };
  const committed = readdirSync(`${deploy}grafana/dashboards`).map((name) => `${providers[0]?.options.path}/${name}`);
  expect(committed.length).toBeGreaterThan(0);
  expect(files.map(([path]) => path)).toEqual(expect.arrayContaining(committed));
  expect(committed).toContain(settings["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]);
});

test("the data source is the service of Prometheus, and its interval the one at which that Prometheus scrapes", () => {
  const datasource = mounted().find(([path]) => path === "/etc/grafana/provisioning/datasources/prometheus.yaml")?.[1] ?? "";
  const { datasources } = parse(datasource) as { datasources: { url: string; jsonData: { timeInterval: string } }[] };
  const filled = (text = ""): string => text.replace(/\$(\w+)/g, (_all, name: string) => settings[name] ?? "");
  const service = objects.find(({ kind, metadata }) => kind === "Service" && metadata.name === "prometheus");
  // A name without a namespace is looked for in the asker's own.
  expect(service?.metadata.namespace).toBe(objects.find((object) => templateOf(object)?.spec === pod)?.metadata.namespace);
  expect(filled(datasources[0]?.url)).toBe("http://prometheus:9090");
  expect(service?.spec).toMatchObject({ ports: [{ port: 9090 }] });
  const prometheus = parse(configMaps.get("prometheus")?.["prometheus.yml"] ?? "") as { global: { scrape_interval: string } };
  expect(filled(datasources[0]?.jsonData.timeInterval)).toBe(prometheus.global.scrape_interval);
});

test("image and settings are Compose's, but for the address, the interval and who may log in", () => {
  expect(container.image).toBe(compose.image);
  expect(compose.env_file).toEqual(["./grafana/grafana.env"]);
  const shared = configMaps.get("grafana-settings") ?? {};
  expect(Object.keys(shared).length).toBeGreaterThan(0);
  expect(settings).toEqual({
    ...shared,
    PROMETHEUS_URL: "http://prometheus:9090",
    PROMETHEUS_INTERVAL: "2s",
    GF_AUTH_ANONYMOUS_ENABLED: "true",
    GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION: "true",
  });
  expect(Object.keys(compose.environment).filter((name) => name in shared)).toEqual([]);
});

test("an anonymous person may look and no more, and there is no administrator with a known password", () => {
  expect(settings["GF_AUTH_ANONYMOUS_ORG_ROLE"]).toBe("Viewer");
  expect(settings["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"]).toBe("true");
  expect(Object.keys(settings).filter((name) => name.includes("PASSWORD"))).toEqual([]);
});

test("everything that Grafana writes lies in a folder that goes with the pod, and nothing else can be written", () => {
  const writable = volumeMounts.filter(({ readOnly }) => readOnly !== true);
  for (const { name } of writable) expect(volumes.get(name)?.emptyDir?.sizeLimit, name).toMatch(/^\d+Mi$/);
  const folders = writable.map(({ mountPath }) => mountPath);
  // Its image sets the first two paths (packaging/docker/run.sh of grafana/grafana); the logs' is set here.
  const written = ["/var/lib/grafana", "/var/lib/grafana/plugins", settings["GF_PATHS_LOGS"] ?? "/var/log/grafana", "/tmp"];
  for (const path of written)
    expect(
      folders.some((folder) => `${path}/`.startsWith(`${folder}/`)),
      path,
    ).toBe(true);
});

test("it serves on port 3000, and every probe asks its health", () => {
  const service = objects.find(({ kind, metadata }) => kind === "Service" && metadata.name === "grafana");
  expect(service?.spec).toMatchObject({ ports: [{ port: 3000, targetPort: "http" }] });
  expect(container.ports).toMatchObject([{ name: "http", containerPort: 3000 }]);
  for (const probe of [container.startupProbe, container.readinessProbe, container.livenessProbe])
    expect(probe?.httpGet).toEqual({ path: "/api/health", port: "http" });
});

test("kubectl apply can keep a copy of every ConfigMap in its annotations", () => {
  const limitBytes = 256 * 1024;
  for (const object of objects.filter(({ kind }) => kind === "ConfigMap"))
    expect(Buffer.byteLength(JSON.stringify(object)), object.metadata.name).toBeLessThan(limitBytes / 2);
});
