import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

// Docker is not where most tests run, so an import of a file that an image is not given would show only there.
test.each([
  ["plimsoll.Dockerfile", "slo/cli/main.ts", { esbuild: "./deploy/images/no-esbuild.ts" }],
  ["target.Dockerfile", "target/server.ts", { "@prometheus-io/client": "@platformatic/prom-client" }],
])("%s copies every file that its program is made of", async (dockerfile, entry, alias) => {
  const text = readFileSync(new URL(dockerfile, import.meta.url), "utf8");
  const copied = [...text.matchAll(/^COPY (?!--)(\S+) \S+$/gm)].map(([, source = ""]) => source);
  expect(copied).toContain("deploy/images");
  const options = { bundle: true, splitting: true, platform: "node", format: "esm", outdir: "out", metafile: true, write: false } as const;
  const { metafile } = await build({ absWorkingDir: root, entryPoints: [entry], alias, logLevel: "silent", ...options });
  const own = Object.keys(metafile.inputs).filter((input) => !input.startsWith("node_modules/"));
  expect(own.length).toBeGreaterThan(10);
  expect(own.filter((input) => !copied.some((source) => input === source || input.startsWith(`${source}/`)))).toEqual([]);
});

// A tag is whatever the registry has today; a release builds from what was reviewed.
test.each(["plimsoll.Dockerfile", "target.Dockerfile"])(
  "%s takes each of its bases as an argument, so that a release names digests",
  (dockerfile) => {
    const text = readFileSync(new URL(dockerfile, import.meta.url), "utf8");
    const bases = [...text.matchAll(/^FROM (\S+)/gm)].map(([, base = ""]) => base);
    expect(bases.filter((base) => base !== "scratch" && !/^\$\{(NODE|GO)_IMAGE\}$/.test(base))).toEqual([]);
    expect(text).not.toMatch(/^COPY --from=(?!\w+ )/m);
  },
);
