import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Plugin } from "esbuild";
import { replacing } from "./replacing.ts";

/** What finds files from the place of the script that k6 was given, and does so from `plimsollBeside` in a bundle. */
const replaced = {
  "k6/experimental/fs": `
    import * as own from "k6/experimental/fs";
    export * from "k6/experimental/fs";
    export const open = (path) => own.open(plimsollBeside(path));
    export default { ...own, open };
  `,
  // k6's client takes no assignment and no subclass; its methods are bound to it, so they may stand in another object.
  "k6/net/grpc": `
    import * as own from "k6/net/grpc";
    export * from "k6/net/grpc";
    const clients = new WeakMap();
    export function Client() {
      const client = new own.Client();
      const shown = {};
      for (const name of Object.keys(client)) shown[name] = client[name];
      shown.load = (folders, ...files) => client.load((folders?.length ? folders : ["."]).map(plimsollBeside), ...files);
      shown.loadProtoset = (path) => client.loadProtoset(plimsollBeside(path));
      clients.set(shown, client);
      return shown;
    }
    export function Stream(client, ...more) {
      return new own.Stream(clients.get(client) ?? client, ...more);
    }
    export default { ...own, Client, Stream };
  `,
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
      replacing(replaced)(build);
    },
  };
}
