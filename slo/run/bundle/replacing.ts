import type { PluginBuild } from "esbuild";

/** Puts other text in the place of modules of k6, by their names; what that text imports is k6's own. */
export const replacing =
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
