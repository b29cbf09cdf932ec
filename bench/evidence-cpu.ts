import { sideBySide, type Bench, type Figure, type Row } from "./figure.ts";
import { openCpu } from "./scenario-cpu.ts";
import { startOurs } from "./started.ts";

/** Lets the answers of a bundle pass as they come: neither counted as slow nor looked at for a sample. */
function unwatched(bundle: string): string {
  const edited = bundle.replace(/if \(counting === [^)]*\) return response;/, "return response;");
  if (edited === bundle) throw new Error("the bundle does not look at its answers where it did (scenarios/lib/client.ts)");
  return edited;
}

async function run(bench: Bench): Promise<Row[]> {
  const { rounds, perRequest, load, close } = await openCpu(bench);
  const looked = { name: "looked at", perRequest: () => perRequest("looked at", () => startOurs(bench, load)) };
  const not = {
    name: "not looked at",
    perRequest: () => perRequest("not looked at", () => startOurs(bench, { ...load, edit: unwatched })),
  };
  const rows = await sideBySide(bench, "k6's CPU a request without errors", rounds, [looked, not], 1.03);
  close();
  return rows;
}

/** Compares k6's CPU with and without looking at each answer for what is to be sampled and counted, where nothing fails. */
export const evidenceCpu: Figure = { name: "evidence-cpu", what: "k6's CPU a request: answers looked at for evidence against not", run };
