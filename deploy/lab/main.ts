import { carryOut } from "./lab.ts";
import { openCluster } from "./cluster.ts";
import { runDrill } from "./drill.ts";
import { parseOptions } from "./options.ts";
import { findingsTable, isAsDue } from "./table.ts";

// Exit code 0: as it should be; 1: not so.
process.exitCode = await carryOut(async (lab) => {
  const { name, drill, context, load } = parseOptions(process.argv.slice(2), {});
  const findings = await runDrill(openCluster(lab, context), drill, load);
  const isCalm = drill === undefined;
  process.stdout.write(findingsTable(name, drill?.sentence ?? "nothing is broken", findings, isCalm));
  return isAsDue(findings, isCalm) ? 0 : 1;
});
