import type { Listed, Store } from "./store.ts";

/** Opens a store that forgets everything when the process ends; its size is bounded only by memory. */
export function openMemoryStore(): Store {
  const buckets = new Map<string, Uint8Array>();
  return {
    get: (id) => buckets.get(id),
    put: async (id, contents) => void buckets.set(id, contents),
    delete: async (id) => buckets.delete(id),
    list: (limit, after) => firstAfter(buckets, limit, after),
    problem: () => undefined,
    close: async () => buckets.clear(),
  };
}

/** Picks the smallest ids in one pass: sorting all of a large store for each page would hold up every other request. */
function firstAfter(buckets: ReadonlyMap<string, Uint8Array>, limit: number, after = ""): Listed[] {
  const page: Listed[] = [];
  for (const [id, { length }] of buckets) {
    const last = page[limit - 1];
    if (id <= after || (last !== undefined && id > last.id)) continue;
    page.splice(page.findLastIndex((listed) => listed.id < id) + 1, 0, { id, bytes: length });
    page.length = Math.min(page.length, limit);
  }
  return page;
}
