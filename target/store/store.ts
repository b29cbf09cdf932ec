/** A place that keeps buckets; a resolved `put` or `delete` is durable as far as the store promises. */
export interface Store {
  /** Reads one bucket; `undefined` when there is none. */
  get(id: string): Uint8Array | undefined;
  /** Keeps the bytes under the id, in place of what was there. Rejects when they could not be kept. */
  put(id: string, contents: Uint8Array): Promise<void>;
  /** Removes one bucket; resolves to whether there was one. */
  delete(id: string): Promise<boolean>;
  /** Tells whether the store can serve now. */
  ready(): boolean;
  /** Writes what is pending and lets go of files. */
  close(): Promise<void>;
}
