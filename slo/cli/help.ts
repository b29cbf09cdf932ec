import { settingKeys } from "../../scenarios/lib/settings.ts";
import { faultPresets } from "../../target/faults/rules.ts";
import { commandLine } from "../host/command-line.ts";
import { exitCodeHelp } from "../host/exit-codes.ts";
import { credentialHelp } from "../host/settings.ts";
import variables from "../host/variables.json" with { type: "json" };

const columns = (entries: Readonly<Record<string, string>>): string => {
  const width = Math.max(...Object.keys(entries).map((name) => name.length));
  return Object.entries(entries)
    .map(([name, meaning]) => `  ${name.padEnd(width)}  ${meaning}`)
    .join("\n");
};

const faultNames = Object.keys(faultPresets);

const examples = columns({
  [commandLine("load", "")]: "what plimsoll.config.ts says: script or scenario, spec, target",
  [commandLine("load", "--env staging")]: "the same with its environment staging",
  [commandLine("load", "--scenario smoke")]: "storage API and Prometheus started here, loaded, judged, stopped",
  [commandLine("load", "--scenario spike --rate 600 --set payload=64KiB")]: "a higher peak, larger buckets",
  [commandLine("load", "--scenario load --fault delete-answers-500")]: "a gate that must fail",
  [commandLine("load", "--script my-test.js --target http://127.0.0.1:8080 --spec my-slo.yaml")]: "your own",
  [commandLine("load", "--scenario spike --rate 4000 --in kubernetes --pods 4")]: "from a Job of four pods in the current cluster",
});

export const loadHelp = `
Examples:
${examples}

Keys of --set for our scenarios:
${columns(settingKeys)}

Names for --fault; rules in JSON are explained in target/README.md:
${[faultNames.slice(0, 4), faultNames.slice(4)].map((names) => `  ${names.join(", ")}`).join(",\n")}

A --script finds what --target says in __ENV.PLIMSOLL_TARGET. Its checks and thresholds are no part of the gate: the objectives of --spec are.

In Kubernetes --target and --prometheus are addresses as the pods see them (default: those of npm run minikube). This machine needs kubectl
and k6; it watches, judges and reports, and removes the Job afterwards. What it is told by --set, --rate and --duration goes to the pods
in a ConfigMap, where others can read it; its environment does not go there, and the credentials for Prometheus go into a Secret.

Environment:
${columns(variables.shown)}

${credentialHelp}

${exitCodeHelp}
`;

export const gateHelp = `\n${credentialHelp}\n\n${exitCodeHelp}`;

export const checkHelp = `
With --scenario or --script a spec is read as that load would, and else refused only for what both kinds refuse; with --against it also says whether that load could prove each objective. Nothing is sent to the service.
Exit code 2 where an objective cannot be read at all; what may come with the first request is said to be unknown, and is no reason for it.

${credentialHelp}
`;
