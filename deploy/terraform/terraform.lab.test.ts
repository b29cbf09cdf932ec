import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { goProgram } from "../../build/testing/go-programs.ts";
import { describeWith } from "../../build/testing/live.ts";
import { findTerraform } from "../../build/testing/tools.ts";
import { runProcess, type Ran } from "../../slo/host/process.ts";
import { goModule, kubectlOf } from "../kubernetes/cluster.fixture.ts";

const tools = {
  terraform: findTerraform(),
  kubectlProvider: await goProgram("terraform-provider-kubectl"),
  grafanaProvider: await goProgram("terraform-provider-grafana"),
};

/** A rule as Grafana's provisioning API takes it. */
interface GrafanaRule {
  uid: string;
  title: string;
  labels: Record<string, string>;
  data: { refId: string; datasourceUid: string; model: { expr?: string } }[];
}

describeWith(tools, "Terraform", ["terraform", "kubectlProvider", "grafanaProvider"], ({ terraform, kubectlProvider, grafanaProvider }) => {
  const { context } = inject("cluster");
  const kubectl = kubectlOf(context);
  const work = mkdtempSync(join(tmpdir(), "plimsoll-terraform-"));
  const folder = join(work, "deploy/terraform/example");
  /** Stands in for the few routes of Grafana's API that its provider uses here; what it was given, by path. */
  const given = new Map<string, unknown>();
  const groups = () => [...given].flatMap(([path, body]) => (path.includes("/rule-groups/") ? [body as { rules: GrafanaRule[] }] : []));
  const grafana = createServer((request, response) => {
    let text = "";
    request.on("data", (piece: Buffer) => (text += piece.toString()));
    request.on("end", () => {
      const path = (request.url ?? "").split("?")[0] ?? "";
      const answer = answerTo(request.method ?? "", path, text === "" ? undefined : JSON.parse(text));
      response.writeHead(answer === undefined ? 404 : 200, { "content-type": "application/json" });
      response.end(JSON.stringify(answer ?? { message: "not found" }));
    });
  });

  function answerTo(method: string, path: string, body: unknown): unknown {
    const [, rule] = /^\/api\/v1\/provisioning\/alert-rules(?:\/(.+))?$/.exec(path) ?? ["none"];
    if (rule === undefined && path.endsWith("/alert-rules")) return groups().flatMap(({ rules }) => rules);
    if (rule !== undefined && method === "GET") return groups().flatMap(({ rules }) => rules.filter(({ uid }) => uid === rule))[0];
    if (rule !== undefined) return {}; // deleted
    if (path === "/api/health") return { version: "13.2.2", database: "ok" };
    if (method === "DELETE") return given.delete(path) ? {} : undefined;
    if (method === "GET") return given.get(path);
    if (path.includes("/rule-groups/"))
      for (const [i, one] of (body as { rules: GrafanaRule[] }).rules.entries())
        Object.assign(one, { uid: `${path.split("/").at(-1)}-${i}`, provenance: "api" });
    if (path !== "/api/folders") return given.set(path, body).get(path);
    const made = { id: 1, uid: "folder", version: 1, ...(body as object) };
    return given.set(`/api/folders/${made.uid}`, made).get(`/api/folders/${made.uid}`);
  }

  const run = (...args: string[]): Promise<Ran> =>
    runProcess({
      command: terraform,
      args: [`-chdir=${folder}`, ...args, "-no-color"],
      limitSeconds: 240,
      environment: { ...process.env, TF_CLI_CONFIG_FILE: join(work, "terraformrc"), CHECKPOINT_DISABLE: "1", GRAFANA_AUTH: "a-token" },
    });
  async function fine(...args: string[]): Promise<string> {
    const { ending, output } = await run(...args);
    expect(ending, output.slice(-3_000)).toEqual({ kind: "exited", code: 0 });
    return output;
  }
  const variables = (): string[] => {
    const objectives = join(work, "deploy/kubernetes/with/alerts/rules-objectives.yml");
    const url = `http://127.0.0.1:${(grafana.address() as AddressInfo).port}`;
    return ["-input=false", `-var=objectives=${objectives}`, `-var=kubernetes_context=${context}`, `-var=grafana_url=${url}`];
  };

  beforeAll(async () => {
    const here = fileURLToPath(new URL("..", import.meta.url));
    for (const part of ["terraform", "kubernetes/with/alerts"]) cpSync(join(here, part), join(work, "deploy", part), { recursive: true });
    const mirror = join(work, "mirror");
    const mirrored = (source: string, version: string, name: string, built: string): void => {
      const to = join(
        mirror,
        "registry.terraform.io",
        source,
        version,
        `${process.platform}_${process.arch === "x64" ? "amd64" : "arm64"}`,
      );
      mkdirSync(to, { recursive: true });
      cpSync(join(built, name), join(to, `${name}_v${version}`));
    };
    mirrored("gavinbunney/kubectl", "1.19.0", "terraform-provider-kubectl", kubectlProvider);
    mirrored("grafana/grafana", "4.25.0", "terraform-provider-grafana", grafanaProvider);
    writeFileSync(join(work, "terraformrc"), `provider_installation {\n  filesystem_mirror {\n    path = "${mirror}"\n  }\n}\n`);
    await new Promise<void>((ready) => grafana.listen(0, "127.0.0.1", ready));
    await fine("init", "-input=false");
  });

  afterAll(() => {
    grafana.close();
    rmSync(work, { recursive: true });
  });

  test("finds both modules valid", async () => {
    expect(await fine("validate")).toContain("The configuration is valid.");
  });

  describe("with prometheus-operator's definitions in the cluster", () => {
    const rules = "prometheusrules.monitoring.coreos.com";
    let definition = "";
    let wasThere = false;

    beforeAll(async () => {
      wasThere = (await kubectl("get", "crd", "-o", "name")).includes(rules);
      const operator = await goModule("github.com/prometheus-operator/prometheus-operator@v0.93.1");
      definition = join(operator, "example/prometheus-operator-crd/monitoring.coreos.com_prometheusrules.yaml");
      if (!wasThere) await kubectl("apply", "--server-side", "-f", definition);
      await kubectl("wait", "--for=condition=Established", `crd/${rules}`, "--timeout=60s");
    });

    afterAll(async () => {
      await run("destroy", "-auto-approve", ...variables());
      if (!wasThere) await kubectl("delete", "--ignore-not-found", "-f", definition);
    });

    test("plans, makes and finds both as they should be", async () => {
      expect(await fine("plan", ...variables())).toMatch(/Plan: \d+ to add, 0 to change, 0 to destroy/);
      await fine("apply", "-auto-approve", ...variables());
      const made = await kubectl("--namespace", "monitoring", "get", rules, "-o", "jsonpath={.items[*].metadata.name}");
      expect(made.split(" ").toSorted()).toEqual(expect.arrayContaining(["storage-api-objectives", "storage-api-service"]));
      expect(await fine("plan", "-detailed-exitcode", ...variables())).toContain("No changes");
    });

    test("gives Grafana each alert once, over the same PromQL", () => {
      const all = groups().flatMap(({ rules }) => rules);
      expect(all.map(({ title }) => title)).toEqual(
        expect.arrayContaining([
          "ErrorBudgetBurn storage-api server availability (page)",
          "ObjectiveWithoutData storage-api server availability (ticket)",
          "RequestsFail (page)",
        ]),
      );
      expect(new Set(all.map(({ title }) => title)).size).toBe(all.length);
      const probe = all.find(({ title }) => title === "ProbeFails (page)");
      expect(probe?.data[0]).toMatchObject({ datasourceUid: "prometheus", model: { expr: "group without () (probe_success == 0)" } });
    });
  });
});
