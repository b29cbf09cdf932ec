/** What a store gives at once or after a while. */
type Soon<T> = T | Promise<T>;

/** One bucket of a list: its id and how many bytes it holds. */
export interface Listed {
  id: string;
  bytes: number;
}

/** A place that keeps buckets; a resolved `put` or `delete` is durable as far as the store promises. Every method rejects with `StoreUnavailable` where the store is gone for now. */
export interface Store {
  /** Reads one bucket; `undefined` when there is none. */
  get(id: string): Soon<Uint8Array | undefined>;
  /** Keeps the bytes under the id, in place of what was there. Rejects when they could not be kept. */
  put(id: string, contents: Uint8Array): Promise<void>;
  /** Removes one bucket; resolves to whether there was one. */
  delete(id: string): Promise<boolean>;
  /** Lists the first buckets after an id, at most `limit`, in an order of ids that is the store's own and never changes. */
  list(limit: number, after: string | undefined): Soon<Listed[]>;
  /** Tells why the store cannot serve now; `undefined` when it can. */
  problem(): Soon<string | undefined>;
  /** Writes what is pending and lets go of files and connections. */
  close(): Promise<void>;
}

/** Thrown where a store that works cannot be asked now; what was to be written may have been. The message is for the log and for readiness. */
export class StoreUnavailable extends Error {
  readonly statusCode = 503;
  override readonly name = "StoreUnavailable";
}
