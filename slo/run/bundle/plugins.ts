import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Plugin, PluginBuild } from "esbuild";

/** Puts other text in the place of modules of k6, by their names; what that text imports is k6's own. */
const replacing =
  (modules: Readonly<Record<string, string>>) =>
  ({ onResolve, onLoad }: PluginBuild): void => {
    for (const [module, contents] of Object.entries(modules)) {
      const namespace = `plimsoll ${module}`;
      onResolve({ filter: new RegExp(`^${module}$`) }, ({ path, namespace: from }) =>
        from.startsWith("plimsoll ") ? { path, external: true } : { path, namespace },
      );
      onLoad({ filter: /.*/, namespace }, () => ({ contents, loader: "js" }));
    }
  };

/** What finds files from the place of the script that k6 was given, and does so from `plimsollBeside` in a bundle. */
const filesBeside = {
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
      replacing(filesBeside)(build);
    },
  };
}

/** The module whose imports are replaced → what replaces it. Everything that is not named here is k6's own. */
const counted: Readonly<Record<string, string>> = {
  // A Rate of k6 reaches Prometheus as a share without its denominator, so each check and each value is counted beside it,
  // with the same tags. k6 itself still calls each function, in its order; async ones are left as they are, for k6 to refuse.
  k6: `
    import * as own from "k6";
    import { Counter } from "k6/metrics";
    export * from "k6";
    const counted = new Counter("plimsoll_checks");
    const names = new Set();
    const isAsync = (value) => Object.prototype.toString.call(value) === "[object AsyncFunction]";
    export function check(value, checks, ...more) {
      if (checks === null || typeof checks !== "object") return own.check(value, checks, ...more);
      const tags = more[0] ?? {};
      const watched = {};
      for (const name of Object.keys(checks)) {
        const given = checks[name];
        watched[name] = isAsync(given) ? given : (about) => {
          let good = false;
          try {
            const found = typeof given === "function" ? given(about) : given;
            good = Boolean(found);
            return found;
          } finally {
            if (names.size < mostNames) names.add(name);
            if (names.has(name)) counted.add(1, { ...tags, check: name, plimsoll_good: String(good) });
          }
        };
      }
      return own.check(value, watched, ...more);
    }
    const mostNames = 1000;
    export default { ...own, check };
  `,
  "k6/metrics": `
    import * as own from "k6/metrics";
    export * from "k6/metrics";
    const counted = new own.Counter("plimsoll_rates");
    // While k6 only looks at the script, the metrics that it makes are told, each once.
    const told = (kind, name, isTime) => {
      if (__ENV.PLIMSOLL_TELLS_METRICS) console.log("plimsoll metric " + JSON.stringify({ kind, name, ofTimes: Boolean(isTime) }));
    };
    const refused = new own.Counter("plimsoll_refused");
    // What is no number k6 leaves out: it warns of it, or throws where the options say so.
    const telling = (kind, Own) => function (...given) {
      const metric = new Own(...given);
      told(kind, ...given);
      const add = metric.add;
      metric.add = (...value) => {
        let taken = false;
        try {
          return (taken = add(...value));
        } finally {
          if (taken === false) refused.add(1, { plimsoll_metric: metric.name });
        }
      };
      return metric;
    };
    export const Counter = telling("counter", own.Counter);
    export const Gauge = telling("gauge", own.Gauge);
    export const Trend = telling("trend", own.Trend);
    const OfRate = telling("rate", own.Rate);
    export function Rate(...given) {
      const metric = new OfRate(...given);
      const add = metric.add;
      metric.add = (value, ...more) => {
        const taken = add(value, ...more);
        const good = Number(value) !== 0 || Boolean(value);
        if (taken === true) counted.add(1, { ...more[0], plimsoll_rate: metric.name, plimsoll_good: String(good) });
        return taken;
      };
      return metric;
    }
    export default { Counter, Gauge, Trend, Rate };
  `,
};

/** What a line of k6's log begins with that tells of a metric, while PLIMSOLL_TELLS_METRICS is set. */
export const metricPrefix = "plimsoll metric ";

/** Bundles a script so that its checks and rates are counted exactly, and its metrics are told when k6 looks at it. */
export const counting: Plugin = { name: "plimsoll-counting", setup: replacing(counted) };
