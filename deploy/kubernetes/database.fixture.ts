import { join } from "node:path";
import { runProcess } from "../../slo/host/process.ts";
import { manifests } from "./cluster.fixture.ts";
import { imagesOf, readManifests } from "./manifests.fixture.ts";

/** Names the part of the lab with a database that can be had here: MongoDB where this machine's Docker has its image, else FerretDB in its place. */
export async function databasePart(): Promise<"mongodb" | "mongodb/ferretdb"> {
  const image = imagesOf(readManifests(join(manifests, "with/mongodb"))).find((name) => name.startsWith("mongo:")) ?? "none";
  const { ending } = await runProcess({ command: "docker", args: ["image", "inspect", image], limitSeconds: 30 });
  return ending.kind === "exited" && ending.code === 0 ? "mongodb" : "mongodb/ferretdb";
}
