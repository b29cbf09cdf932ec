import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";

interface Container {
  name: string;
  image: string;
  args?: string[];
  env?: { name: string; value?: string }[];
}
interface Service {
  image: string;
  user?: string;
  command?: string[];
  read_only?: boolean;
  cap_drop?: string[];
  security_opt?: string[];
  ports?: string[];
  volumes?: string[];
  environment?: Record<string, string>;
  healthcheck?: { test: string[] };
  profiles?: string[];
  privileged?: boolean;
  cpus?: number;
  mem_limit?: string;
  build?: { context: string; dockerfile: string };
}

const folder = fileURLToPath(new URL("./", import.meta.url));
const read = (path: string): string => readFileSync(`${folder}${path}`, "utf8");
const compose = parse(read("compose.yaml"), { merge: true }) as { services: Record<string, Service>; volumes: Record<string, unknown> };
const services = Object.entries(compose.services);

/** What is mounted from outside this folder: what a container has to read of the machine. */
const ofTheMachine: Record<string, string[]> = {
  "log-collector": ["/var/lib/docker/containers"],
  "node-exporter": ["/proc", "/sys", "/"],
};

describe.each(services)("the service %s", (name, service) => {
  test("runs as a numbered user that is not root, unless it must read what is root's, on a read-only file system, without capabilities", () => {
    expect(service.user?.replace(/^\$\{\w+:-(.+)\}$/, "$1")).toMatch(name === "log-collector" ? /^0:0$/ : /^[1-9]\d*:\d+$/);
    expect(service.read_only).toBe(true);
    expect(service.cap_drop).toEqual(["ALL"]);
    expect(service.security_opt).toContain("no-new-privileges:true");
    expect(service.privileged).toBeUndefined();
  });

  test("has a limit of memory, and of CPU unless it is the load generator, whom a limit would make measure itself", () => {
    expect(service.mem_limit).toMatch(/^\d+[mg]$/);
    expect(service.cpus === undefined).toBe(service.profiles?.includes("load") ?? false);
  });

  test("has an image of one version, or is built here", () => {
    expect(service.image).toMatch(service.build ? /^plimsoll(-target)?:dev$/ : /:v?\d+\.\d+\.\d+$/);
  });

  test("publishes its ports on loopback only, and says when it is healthy unless it runs once", () => {
    for (const port of service.ports ?? []) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
    // The images of the profiles hold nothing that could ask.
    expect(service.healthcheck === undefined).toBe(service.profiles !== undefined);
  });

  test("mounts only what is in this folder, read-only but for the reports, and volumes that are declared", () => {
    for (const volume of service.volumes ?? []) {
      const [source = "", , mode] = volume.split(":");
      if (source.startsWith("/")) {
        expect(ofTheMachine[name], volume).toContain(source);
        expect(mode, volume).toBe("ro");
        continue;
      }
      if (!source.startsWith("./")) {
        expect(Object.keys(compose.volumes)).toContain(source);
        continue;
      }
      expect(existsSync(`${folder}${source}`), volume).toBe(true);
      expect(mode, volume).toBe(source === "./runs" ? undefined : "ro");
    }
  });
});

test("the ports are the ones that people know: 5000, 9090 and 3000, Jaeger's, Loki's, the page's and Alertmanager's", () => {
  const ports = services.flatMap(([name, { ports }]) => (ports ?? []).map((port) => [name, port]));
  expect(Object.fromEntries(ports)).toEqual({
    target: "127.0.0.1:5000:5000",
    prometheus: "127.0.0.1:9090:9090",
    grafana: "127.0.0.1:3000:3000",
    jaeger: "127.0.0.1:16686:16686",
    loki: "127.0.0.1:3100:3100",
    web: "127.0.0.1:8080:8080",
    alertmanager: "127.0.0.1:9093:9093",
  });
});

test("Prometheus is the version that the project pins", () => {
  const pinned = /prometheus\/prometheus v0\.(\d)(\d\d)\.(\d+)/.exec(readFileSync(`${folder}../build/tools/prometheus/go.mod`, "utf8"));
  expect(compose.services["prometheus"]?.image).toBe(`prom/prometheus:v${pinned?.[1]}.${Number(pinned?.[2])}.${pinned?.[3]}`);
});

test("every variable in Grafana's provisioning is given by Compose, and its dashboards' folder is mounted", () => {
  const grafana = compose.services["grafana"];
  const files = readdirSync(`${folder}grafana/provisioning`, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".yaml"),
  );
  expect(files).toHaveLength(3);
  const used = files.flatMap((name) =>
    [...stripped(read(`grafana/provisioning/${name}`)).matchAll(/(?<!\$)\$(\w+)/g)].map(([, variable]) => variable),
  );
  expect(used).toEqual(expect.arrayContaining(["PROMETHEUS_URL", "PROMETHEUS_INTERVAL"]));
  const shared = read("grafana/grafana.env").match(/^\w+(?==)/gm) ?? [];
  for (const variable of used) expect([...shared, ...Object.keys(grafana?.environment ?? {})]).toContain(variable);
  const provider = parse(read("grafana/provisioning/dashboards/plimsoll.yaml")) as { providers: { options: { path: string } }[] };
  expect(grafana?.volumes).toContain(`./grafana/dashboards:${provider.providers[0]?.options.path}:ro`);
});

interface Discovery {
  static_configs?: { targets: string[] }[];
  dns_sd_configs?: { names: string[]; port: number }[];
}
const prometheus = parse(read("prometheus/prometheus.yml")) as {
  global: { scrape_interval: string };
  alerting: { alertmanagers: Discovery[] };
  scrape_configs: (Discovery & { job_name: string; params?: { target?: string[] } })[];
};

test("Grafana knows how often Prometheus scrapes the service", () => {
  expect(compose.services["grafana"]?.environment?.["PROMETHEUS_INTERVAL"]).toBe(prometheus.global.scrape_interval);
  expect(prometheus.scrape_configs.find(({ job_name }) => job_name === "storage-api")?.static_configs?.[0]?.targets).toEqual([
    "target:5000",
  ]);
});

test("what runs by profiles only is found by its name, so that it is no failing target without them", () => {
  const all = [...prometheus.alerting.alertmanagers, ...prometheus.scrape_configs];
  const always = all.flatMap(({ static_configs }) => (static_configs ?? []).flatMap(({ targets }) => targets));
  expect(always).toEqual(["target:5000", "localhost:9090"]);
  const named = all.flatMap(({ dns_sd_configs }) => (dns_sd_configs ?? []).flatMap(({ names }) => names));
  const optional = services.filter(([, { profiles }]) => profiles !== undefined).map(([name]) => `${name}.`);
  expect(optional).toEqual(expect.arrayContaining(named));
});

test("the page is probed wherever it runs, by a prober that runs with it", () => {
  const probed = prometheus.scrape_configs.flatMap(({ params }) => params?.target ?? []);
  expect(probed.map((url) => new URL(url).host)).toEqual(["target:5000", "web:8080"]);
  expect(compose.services["blackbox-exporter"]?.profiles).toEqual(expect.arrayContaining(compose.services["web"]?.profiles ?? [""]));
});

/** Reads every container of the lab's parts in Kubernetes. */
const inKubernetes = readdirSync(`${folder}kubernetes/with`, { recursive: true, encoding: "utf8" })
  .filter((name) => /^\w+\/[\w-]+\.yaml$/.test(name))
  .flatMap((name) => parseAllDocuments(read(`kubernetes/with/${name}`)).map((document) => document.toJS() as unknown))
  .flatMap(
    (object) => (object as { spec?: { template?: { spec?: { containers?: Container[] } } } })?.spec?.template?.spec?.containers ?? [],
  );

describe("the lab's parts", () => {
  const parts = readdirSync(`${folder}kubernetes/with`).filter((name) => existsSync(`${folder}kubernetes/with/${name}/kustomization.yaml`));
  const settings = Object.fromEntries([...read("lab.env").matchAll(/^(\w+)=(.*)$/gm)].map(([, name, value]) => [name, value]));
  const containers = inKubernetes.filter(({ name }) => name !== "kube-state-metrics");

  test("are profiles of the same names, all of them in lab.env, and the load is not", () => {
    const profiles = new Set(services.flatMap(([, { profiles }]) => profiles ?? []));
    expect([...profiles].toSorted()).toEqual([...parts, "load"].toSorted());
    expect(settings["COMPOSE_PROFILES"]?.split(",").toSorted()).toEqual(parts.toSorted());
  });

  test("lab.env sets what the target asks for, and no password", () => {
    const asked = JSON.stringify(compose.services["target"]?.environment);
    for (const name of Object.keys(settings).filter((one) => one !== "COMPOSE_PROFILES")) expect(asked).toContain(`\${${name}:-`);
    expect(Object.keys(settings).join()).not.toContain("PASSWORD");
  });

  test("are the same containers as in Kubernetes, but for what only a cluster has", () => {
    expect(containers.map(({ name }) => name).filter((name) => compose.services[name] === undefined)).toEqual([]);
  });

  test.each(containers.map((container): [string, Container] => [container.name, container]))(
    "%s has Kubernetes's image, options and bound of its garbage collector",
    (name, { image, args = [], env = [] }) => {
      const service = compose.services[name];
      expect(service?.image).toBe(image);
      expect(service?.environment?.["GOMEMLIMIT"]).toBe(env.find((one) => one.name === "GOMEMLIMIT")?.value);
      const given = service?.command?.map((word) => word.replaceAll("$$", "$")) ?? [];
      // Alertmanager has no folder of its own here.
      const wanted = args.filter((word) => name !== "alertmanager" || !word.startsWith("--storage.path="));
      expect(given).toEqual(expect.arrayContaining(wanted));
    },
  );
});

function stripped(yaml: string): string {
  return yaml.replace(/^\s*#.*$/gm, "");
}
