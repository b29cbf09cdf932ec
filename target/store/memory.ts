import type { Store } from "./store.ts";

/** Opens a store that forgets everything when the process ends; its size is bounded only by memory. */
export function openMemoryStore(): Store {
  const buckets = new Map<string, Uint8Array>();
  return {
    get: (id) => buckets.get(id),
    put: async (id, contents) => void buckets.set(id, contents),
    delete: async (id) => buckets.delete(id),
    ready: () => true,
    close: async () => buckets.clear(),
  };
}
