import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Plugin, PluginBuild } from "esbuild";

/** Puts files of `k6/` in the place of modules of k6, by their names; what these import is k6's own, as is every module that is not named. */
const replacing =
  (modules: Readonly<Record<string, string>>) =>
  ({ onResolve, onLoad }: PluginBuild): void => {
    for (const [module, file] of Object.entries(modules)) {
      const namespace = `plimsoll ${module}`;
      onResolve({ filter: new RegExp(`^${module}$`) }, ({ path, namespace: from }) =>
        from.startsWith("plimsoll ") ? { path, external: true } : { path, namespace },
      );
      onLoad({ filter: /.*/, namespace }, () => ({ contents: readFileSync(new URL(`k6/${file}`, import.meta.url), "utf8"), loader: "js" }));
    }
  };

/** Lets a bundle find files from the script's folder, as k6 does for a script that it runs in place; `import.meta.resolve` from its own source's, as k6 does too. */
export function besideScript(folder: string): Plugin {
  return {
    name: "plimsoll-beside-script",
    setup(build) {
      build.initialOptions.define = { open: "plimsollOpen" };
      build.initialOptions.banner = {
        js: `const plimsollBeside = (path) => (/^(file:\\/\\/|\\/)/.test(path) ? path : ${JSON.stringify(`${folder}/`)} + path);
const plimsollOpen = (path, ...mode) => open(plimsollBeside(path), ...mode);
const plimsollResolve = (folder) => (path) => (/^\\.{1,2}\\//.test(path) ? "file://" + folder + "/" + path : path);`,
      };
      build.onLoad({ filter: /\.[cm]?[jt]s$/, namespace: "file" }, ({ path }) => {
        const text = readFileSync(path, "utf8");
        const resolving = `plimsollResolve(${JSON.stringify(dirname(path))})`;
        if (!text.includes("import.meta.resolve")) return undefined;
        return { contents: text.replaceAll("import.meta.resolve", resolving), loader: path.endsWith("ts") ? "ts" : "js" };
      });
      replacing({ "k6/experimental/fs": "fs.js", "k6/net/grpc": "grpc.js" })(build);
    },
  };
}

/** What a line of k6's log begins with that tells of a metric, while PLIMSOLL_TELLS_METRICS is set. */
export const metricPrefix = "plimsoll metric ";

/** Bundles a script so that its checks and rates are counted exactly, and its metrics are told when k6 looks at it. */
export const counting: Plugin = { name: "plimsoll-counting", setup: replacing({ k6: "checks.js", "k6/metrics": "metrics.js" }) };
