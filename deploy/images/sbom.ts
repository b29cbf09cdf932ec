import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

export type Component = Record<"name" | "version" | "licence", string>;

/** Finds the package folders that an esbuild metafile's inputs come from; the last `node_modules` in a path counts. */
export function packageFolders(inputs: readonly string[]): string[] {
  const folders = inputs.flatMap((input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []);
  return [...new Set(folders)].toSorted();
}

/** Writes a CycloneDX 1.6 list of components, so that scanners see what a bundle hides. No time in it: the same bundle gives the same text. */
export function cycloneDx(name: string, components: readonly Component[]): string {
  const listed = components.map(({ name, version, licence }) => ({
    type: "library",
    name,
    version,
    purl: `pkg:npm/${name.replace("@", "%40")}@${version}`,
    licenses: [{ expression: licence }],
  }));
  const document = { bomFormat: "CycloneDX", specVersion: "1.6", version: 1, metadata: { component: { type: "application", name } } };
  return `${JSON.stringify({ ...document, components: listed }, undefined, 1)}\n`;
}

function readComponent(folder: string): Component {
  const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8")) as Record<string, unknown>;
  if (typeof name !== "string" || typeof version !== "string") throw new Error(`${folder}/package.json has no name and version`);
  return { name, version, licence: typeof license === "string" ? license : "NOASSERTION" };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const [name = "", metafile = ""] = process.argv.slice(2);
  const { inputs } = JSON.parse(readFileSync(metafile, "utf8")) as { inputs: object };
  process.stdout.write(cycloneDx(name, packageFolders(Object.keys(inputs)).map(readComponent)));
}
