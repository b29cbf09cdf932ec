import type { MongoClient, MongoClientOptions } from "mongodb";
import { type Store, StoreUnavailable } from "./store.ts";

/** One bucket as a document. Its size stands beside it, so that a list need not read contents. */
interface Bucket {
  _id: string;
  contents: Uint8Array;
  bytes: number;
}

/** Where the database is; a name and a password may also stand in the URL. */
type MongoPlace = { url: string; login: { username: string; password: string } | undefined };

/** How long an operation may take in all, milliseconds: the driver bounds each of its steps, and may take some of them twice. */
const operationMilliseconds = 4_000;
/** The same for readiness; a probe waits 2 s. */
const pingMilliseconds = 1_000;
const closeMilliseconds = 2_000;

/** What is set here counts more than what the URL says: no URL makes an operation wait without end, or a write that was acknowledged be lost. */
const options: MongoClientOptions = {
  appName: "storage-api",
  connectTimeoutMS: 2_000,
  serverSelectionTimeoutMS: 1_000,
  waitQueueTimeoutMS: 2_000,
  socketTimeoutMS: 3_000,
  heartbeatFrequencyMS: 1_000,
  promoteBuffers: true,
  writeConcern: { w: "majority", journal: true },
};
/** What MongoDB answers where two put the same new id at once. */
const duplicateKey = 11_000;

/** Opens a store in MongoDB's collection `buckets`, loads the driver, and connects when asked, again where it is gone; operations end within seconds. Throws where the URL cannot be read. */
export async function openMongoStore({ url, login }: MongoPlace): Promise<Store> {
  // The names hang on the default only where esbuild makes the driver a chunk of its own; with tsx there is no default.
  const driver: typeof import("mongodb") & { default?: typeof import("mongodb") } = await import("mongodb");
  const { MongoClient, MongoError, MongoServerError } = driver.default ?? driver;
  const connect = (more: MongoClientOptions) => new MongoClient(url, { ...options, ...more, ...(login && { auth: login }) });
  const client = explained(url, () => connect({ maxPoolSize: 50 }));
  const connected = connector(client);
  // A connection of its own: readiness says whether the database answers, not whether it is busy.
  const probe = connect({ maxPoolSize: 1 });
  const probeConnected = connector(probe);
  const buckets = client.db().collection<Bucket>("buckets");
  const answered = <T>(milliseconds: number, work: Promise<T>): Promise<T> =>
    within(milliseconds, work).catch((error: unknown) => {
      throw error instanceof MongoError ? new StoreUnavailable(`MongoDB: ${error.message}`, { cause: error }) : error;
    });
  const ask = <T>(work: () => Promise<T>): Promise<T> => answered(operationMilliseconds, connected().then(work));
  const replace = (id: string, contents: Uint8Array) =>
    buckets.replaceOne({ _id: id }, { contents, bytes: contents.length }, { upsert: true });
  let pinging: Promise<string | undefined> | undefined;
  const ping = async (): Promise<string | undefined> => {
    const answer = probeConnected().then(() => probe.db().command({ ping: 1 }));
    return answered(pingMilliseconds, answer).then(() => undefined, reasonOf);
  };
  return {
    get: async (id) => (await ask(() => buckets.findOne({ _id: id })))?.contents,
    put: async (id, contents) => {
      const again = (error: unknown) => {
        if (error instanceof MongoServerError && error.code === duplicateKey) return replace(id, contents);
        throw error;
      };
      await ask(() => replace(id, contents).catch(again));
    },
    delete: async (id) => (await ask(() => buckets.deleteOne({ _id: id }))).deletedCount > 0,
    list: async (limit, after) => {
      const filter = after === undefined ? {} : { _id: { $gt: after } };
      const found = buckets.find(filter, { projection: { bytes: 1 }, sort: { _id: 1 }, limit, batchSize: limit });
      return (await ask(() => found.toArray())).map(({ _id, bytes }) => ({ id: _id, bytes }));
    },
    problem: () => (pinging ??= ping().finally(() => (pinging = undefined))),
    close: async () => void (await within(closeMilliseconds, Promise.all([client.close(), probe.close()])).catch(reasonOf)),
  };
}

/** Makes the function that connects a client once, and asks again where that failed: the driver itself tries no second time (7.9.0). */
function connector(client: MongoClient): () => Promise<void> {
  let connected = false;
  return async () => {
    if (!connected) await client.connect();
    connected = true;
  };
}

/** Waits so long and no longer; what comes later is dropped. */
async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    const late = (): void => reject(new StoreUnavailable(`MongoDB gave no answer within ${milliseconds / 1_000} s`));
    timer = setTimeout(late, milliseconds);
  });
  return await Promise.race([work, limit]).finally(() => clearTimeout(timer));
}

/** Gives the reason of an unavailable store; throws what is anything else. */
function reasonOf(error: unknown): string {
  if (error instanceof StoreUnavailable) return error.message;
  throw error;
}

/** Says what is wrong with a URL, in the driver's words only where it holds no credentials: they could repeat them. */
function explained<T>(url: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    const words = error instanceof Error && !url.includes("@") ? error.message : "the driver cannot read it";
    throw new Error(words, { cause: error }); // of which only the words are shown
  }
}
