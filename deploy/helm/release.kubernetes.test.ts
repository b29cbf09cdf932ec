import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { describeWith } from "../../build/testing/live.ts";
import { undisturbed } from "../../slo/cli/cli.fixture.ts";
import { find } from "../../build/testing/setup.ts";
import { kubectlOf } from "../kubernetes/cluster.fixture.ts";
import { chart, helmOf, namespaceOf, saidBy } from "./chart.fixture.ts";

const { context } = inject("cluster");
const kubectl = kubectlOf(context);

describeWith({ helm: await find("helm") }, "a release of the chart", ["helm"], (paths) => {
  const namespace = "plimsoll-helm";
  const place = namespaceOf(context, namespace);
  const helm = helmOf(paths.helm);
  const release = (...words: string[]) => helm(...words, "--kube-context", context, "--namespace", namespace, "--timeout", "150s");

  beforeAll(() => place.make());
  afterAll(() => place.remove());

  test("is installed, and says where things are", async () => {
    const ran = await release("install", "lab", chart, "--wait");
    expect(ran, ran.output).toMatchObject({ ending: { kind: "exited", code: 0 } });
    expect(ran.stdout).toContain(`http://storage-api.${namespace}:5000`);
    expect(ran.stdout).toContain(`helm test lab --namespace ${namespace}`);
  });

  test("its test is a load and its gate: green, with the verdict in words", async () => {
    const ran = await undisturbed(() => release("test", "lab", "--logs"), saidBy);
    expect(ran.ending, saidBy(ran)).toEqual({ kind: "exited", code: 0 });
    expect(ran.output).toMatch(/MET +all 6 objectives are met/);
  });

  test("is upgraded to a service that is broken, and its test is red", async () => {
    const faults = ["--set", "storageApi.faults=delete-answers-500", "--set", "load.args={--stop-on,exceeded}"];
    const upgraded = await release("upgrade", "lab", chart, "--wait", ...faults);
    expect(upgraded, upgraded.output).toMatchObject({ ending: { kind: "exited", code: 0 } });
    const ran = await release("test", "lab", "--logs");
    expect(ran.ending).toEqual({ kind: "exited", code: 1 });
    expect(ran.output).toMatch(/EXCEEDED.*\n(.*\n)*.*deletes work/);
  });

  test("is taken away and leaves nothing", async () => {
    const ran = await release("uninstall", "lab", "--wait");
    expect(ran, ran.output).toMatchObject({ ending: { kind: "exited", code: 0 } });
    expect(await place.left()).toEqual([]);
  });

  test("nor did it leave anything in the cluster", async () => {
    const wide = await kubectl("get", "clusterroles,clusterrolebindings", "-l", "app.kubernetes.io/instance=lab", "-o", "name");
    expect(wide).toBe("");
  });
});
