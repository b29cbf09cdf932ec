/** Stands for esbuild in the runner's image, which carries its scenarios as finished bundles; refuses in the form of esbuild's own errors. */
export function build(): Promise<never> {
  const text = "this image has no bundler: it runs the scenarios that it carries, or a script that k6 can run as it is";
  return Promise.reject(Object.assign(new Error(text), { errors: [{ text, location: null }], warnings: [] }));
}
