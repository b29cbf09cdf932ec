import type { Store } from "./store.ts";

const done = Promise.resolve();

/** Opens a store that forgets everything when the process ends; its size is bounded only by memory. */
export function openMemoryStore(): Store {
  const buckets = new Map<string, Uint8Array>();
  return {
    get: (id) => buckets.get(id),
    put: (id, contents) => {
      buckets.set(id, contents);
      return done;
    },
    delete: (id) => Promise.resolve(buckets.delete(id)),
    ready: () => true,
    close: () => {
      buckets.clear();
      return done;
    },
  };
}
