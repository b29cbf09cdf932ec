import { existsSync, readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";

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
      if (source === "/var/lib/docker/containers") {
        expect([name, mode]).toEqual(["log-collector", "ro"]);
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

test("Grafana knows how often Prometheus scrapes the service", () => {
  const config = parse(read("prometheus/prometheus.yml")) as {
    global: { scrape_interval: string };
    scrape_configs: { job_name: string; static_configs: { targets: string[] }[] }[];
  };
  expect(compose.services["grafana"]?.environment?.["PROMETHEUS_INTERVAL"]).toBe(config.global.scrape_interval);
  expect(config.scrape_configs.find(({ job_name }) => job_name === "storage-api")?.static_configs[0]?.targets).toEqual(["target:5000"]);
});

function stripped(yaml: string): string {
  return yaml.replace(/^\s*#.*$/gm, "");
}
