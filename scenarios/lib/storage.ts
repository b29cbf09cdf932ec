import { sleep } from "k6";
import crypto from "k6/crypto";
import { SharedArray } from "k6/data";
import encoding from "k6/encoding";
import type { Options } from "k6/options";
import type { StorageApi } from "../../target/api/contract.ts";
import { openClient } from "./client.ts";
import { countersAtZero } from "./counters.ts";
import { isJsonOf, isUsers } from "./json.ts";
import { openLoad } from "./k6.ts";
import { keyChooser, payloadBlock, payloadExtent, privateBucketPrefix, sharedBucket } from "./keys.ts";
import { actionDeck, expectedRequests, type Action } from "./mix.ts";
import { usageError } from "./quantities.ts";
import { readSettings, type Settings } from "./settings.ts";
import { warmupName, type Shape, type Size } from "./shapes.ts";

const batchSize = 50;
/** How often in a row seeds are sent of which none is taken, and for how long in all: k6 gives setup() 60 s. */
const seedTries = 30;
const seedSeconds = 45;

type Defaults = Pick<Size, "peakRate" | "seconds">;

/** Which tags k6 keeps: each more makes more series. */
const systemTags: NonNullable<Options["systemTags"]> = ["scenario", "method", "name", "status", "error_code", "expected_response"];

/** Makes the load on the storage API that the scenario file `name` exports; throws, while k6 loads it, what is wrong with the settings. */
export function storageLoad(name: string, shape: Shape, defaults: Defaults) {
  const plan = new SharedArray("plan", () => [makePlan(defaults)])[0] as Plan;
  const { settings, deck } = plan;
  const contents = contentsOf(plan);
  const act = storageActions(settings, contents);
  const keyOf = keyChooser(settings.keys, settings.distribution, settings.seed);
  const prefixes = {
    [warmupName]: privateBucketPrefix(settings.instance, warmupName),
    [name]: privateBucketPrefix(settings.instance, name),
  };
  const { peakRate, seconds, warmupSeconds, maxVUs } = settings;
  const load = { name, shape, peakRate, seconds, warmupSeconds, maxVUs, requests: 2, mix: expectedRequests(settings.mix) };
  const opened = openLoad(load, (iteration, scenario) => {
    act[deck[iteration % deck.length] as Action](keyOf(iteration), `${prefixes[scenario]}${iteration}`);
  });
  const options: Options = { ...opened.options, systemTags, userAgent: "plimsoll" };
  return { options, setup: () => seed(settings, contents), warmup: opened.warmup, run: opened.run };
}

/** What all VUs share: made by the first, and only parsed by the others, which k6 starts by the hundred. */
type Plan = ReturnType<typeof makePlan>;

function makePlan(defaults: Defaults) {
  const { settings, problems } = readSettings(__ENV, defaults);
  if (problems.length > 0) throw usageError(problems);
  const { sizes, keys, seed: seedNumber, mix } = settings;
  // The block of payloads goes as base64.
  return { settings, deck: actionDeck(mix, seedNumber), block: encoding.b64encode(payloadBlock(sizes, keys, seedNumber)) };
}

/** The routes whose answers are compared with what they must be. */
const verified = [
  ["GET", "/api/buckets/:id"],
  ["GET", "/api/users"],
  ["POST", "/api/echo"],
] as const;

type Contents = ReturnType<typeof contentsOf>;

function contentsOf({ settings: { sizes, seed: seedNumber }, block: encoded }: Plan) {
  const block = encoding.b64decode(encoded);
  const digests: (string | undefined)[] = [];
  const bytesOf = (key: number): ArrayBuffer => {
    const { fromByte, toByte } = payloadExtent(key, sizes, seedNumber);
    return block.slice(fromByte, toByte);
  };
  /** SHA-256 in hex. k6 hashes a kilobyte in 2 µs; a loop over its bytes in k6's JavaScript takes 65 µs or more. */
  const digestOf = (key: number): string => (digests[key] ??= crypto.sha256(bytesOf(key), "hex"));
  return { bytesOf, digestOf };
}

/** Fills every shared bucket, so that each later read can be verified; seeds that fail are sent again: losses are for the load to find. Throws when the service goes on to take none. */
function seed({ target, keys, slowThresholdsSeconds }: Settings, { bytesOf }: Contents): void {
  const call = openClient<StorageApi>(target, undefined);
  const put = call("PUT /api/buckets/:id", { expect: [200], answer: "none", body: "bytes", tags: { scenario: warmupName } });
  const until = Date.now() + seedSeconds * 1000;
  for (let from = 0; from < keys; from += batchSize) {
    let missing = Array.from({ length: Math.min(batchSize, keys - from) }, (_, i) => from + i);
    for (let inVain = 0; missing.length > 0; inVain += 1) {
      if (inVain > 0) sleep(Math.min(0.5, 0.05 * inVain));
      const answers = put.sendAll(missing.map((key) => ({ params: { id: sharedBucket(key) }, body: bytesOf(key) })));
      const refused = missing.flatMap((key, i) => (answers[i]?.status === 200 ? [] : [{ key, answer: answers[i] }]));
      const [first] = refused;
      if (first !== undefined && (inVain >= seedTries || Date.now() > until)) throw seedError(target, first.key, first.answer);
      if (refused.length < missing.length) inVain = 0;
      missing = refused.map(({ key }) => key);
    }
  }
  countersAtZero(slowThresholdsSeconds, verified);
}

/** The name tells the command line whose fault it is (slo/run/script-errors.ts). */
function seedError(target: string, key: number, answer: { status: number; error: string } | undefined): Error {
  const { status, error } = answer ?? { status: 0, error: "no answer" };
  const why = status === 0 ? error : `it answered ${status}`;
  const message = `${target} does not take PUT /api/buckets/${sharedBucket(key)}, however often it is sent: ${why}`;
  return Object.assign(new Error(message), { name: "SeedError" });
}

/** Makes what an iteration can do: with a shared key, and with a bucket name that nobody else uses. */
function storageActions(settings: Settings, { bytesOf, digestOf }: Contents): Record<Action, (key: number, own: string) => void> {
  const call = openClient<StorageApi>(settings.target, { thresholdsSeconds: settings.slowThresholdsSeconds, announces: false });
  const get = call("GET /api/buckets/:id", { expect: [200], answer: "binary" });
  const put = call("PUT /api/buckets/:id", { expect: [200], answer: "text", body: "bytes" });
  const del = call("DELETE /api/buckets/:id", { expect: [200], answer: "text" });
  const users = call("GET /api/users", { expect: [200], answer: "text", isRight: ({ body }) => isUsers(body) });
  const echo = call("POST /api/echo", { expect: [200], answer: "text" });
  const write = (id: string, key: number): boolean => put.send({ params: { id }, body: bytesOf(key) }).status === 200;
  return {
    read(key) {
      const response = get.send({ params: { id: sharedBucket(key) } });
      if (response.status === 200 && crypto.sha256(response.body, "hex") !== digestOf(key)) get.wrong(response);
    },
    // The bytes are the ones that are there, so reads at the same time stay verifiable.
    write: (key) => void write(sharedBucket(key), key),
    delete(key, own) {
      if (write(own, key)) del.send({ params: { id: own } });
    },
    users: () => void users.send(),
    echo(key, own) {
      const message = { message: own, key };
      const response = echo.send({ body: message });
      if (response.status === 200 && !isJsonOf(response.body, message)) echo.wrong(response);
    },
  };
}
