import { Agent, request } from "node:http";
import { actionDeck, requestsOf, type Action } from "../scenarios/lib/mix.ts";

const connections = 8;
/** Iterations before the measurement, so that the just-in-time compiler has settled. */
const warmUp = 20_000;
const payload = Buffer.alloc(1024, 7);
const deck = actionDeck({ read: 60, write: 20, delete: 10, users: 5, echo: 5 }, 1);
export const agent = new Agent({ keepAlive: true, maxSockets: connections });

/** Sends one request. By node:http, for `fetch` costs so much of its own that the service idles. */
export function send(url: string, method: string, path: string, own = 0, traceparent?: string): Promise<void> {
  const [type, body] = method === "POST" ? ["application/json", `{"message":"${own}"}`] : ["application/octet-stream", payload];
  const ofBody = method === "GET" || method === "DELETE" ? undefined : { "content-type": type, "content-length": body.length };
  const headers = traceparent === undefined ? ofBody : { ...ofBody, traceparent, baggage: "plimsoll.testid=bench" };
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, { agent, method, headers: headers ?? {} }, (response) => {
      response.resume().on("end", () => (response.statusCode === 200 ? resolve() : reject(new Error(`${path}: ${response.statusCode}`))));
    });
    sent.on("error", reject).end(ofBody && body);
  });
}

/** Sends the scenarios' mix over kept-alive connections, as fast as it goes, and gives how many requests that were. */
export async function load(url: string, iterations: number, traceparent?: () => string): Promise<number> {
  const own = Array.from({ length: iterations }, (_, at) => at).values();
  let requests = 0;
  const worker = async (): Promise<void> => {
    for (const at of own) {
      const action = deck[at % deck.length] as Action;
      const id = action === "delete" ? `own-${at}` : `bench-${at % 100}`;
      for (const [method, route] of requestsOf[action]) {
        await send(url, method, route.replace(":id", id), at, traceparent?.());
        requests += 1;
      }
    }
  };
  await Promise.all(Array.from({ length: connections }, worker));
  return requests;
}

/** Fills the buckets that are read, and lets the just-in-time compiler settle. */
export async function prepare(url: string, traceparent?: () => string): Promise<void> {
  for (let key = 0; key < 100; key += 1) await send(url, "PUT", `/api/buckets/bench-${key}`);
  await load(url, warmUp, traceparent);
}
