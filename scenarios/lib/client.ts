import http, { type RefinedResponse, type RequestBody, type ResponseType } from "k6/http";
import { countedTag, countersAtZero, routeCounter } from "./counters.ts";
import { usageError } from "./quantities.ts";
import { runHeaders, tracer } from "./trace.ts";

/** An operation of an API, by its name ("GET /orders/:id"): what goes into it, and what comes out by status. */
export interface OperationShape {
  params?: Record<string, unknown>;
  body?: unknown;
  query?: Record<string, unknown>;
  responses: Partial<Record<number, unknown>>;
}

type Api<Of> = { [Name in keyof Of]: OperationShape };
/** A part is left out where the operation has none, and may be left out where it may be empty. */
type Part<Op, Key extends string> = Key extends keyof Op
  ? object extends Pick<Op, Key> | Op[Key]
    ? { [K in Key]?: Op[Key] }
    : { [K in Key]: Op[Key] }
  : { [K in Key]?: never };
type StatusOf<Op> = Op extends { responses: infer Answers } ? keyof Answers & number : never;

/** What a request needs: path parameters, a body, a query, each only where the operation has one. */
export type Input<Op> = Part<Op, "params"> & Part<Op, "body"> & Part<Op, "query">;
type Inputs<Op> = object extends Input<Op> ? [input?: Input<Op>] : [input: Input<Op>];

/** An operation that can be called; its requests carry the route as their name and know which statuses are right. */
export interface Call<Op, Answer extends ResponseType> {
  method: string;
  route: string;
  /** Sends one request; where the client counts, its answer is counted as it was. */
  send: (...input: Inputs<Op>) => RefinedResponse<Answer>;
  /** Sends several at once; the answers are in the order of the inputs. */
  sendAll: (inputs: readonly Input<Op>[]) => RefinedResponse<Answer>[];
  /** Counts an answer that was expected and whose contents are wrong: a bad event, though no error. */
  wrong: (response: RefinedResponse<Answer>) => void;
}

/** States an operation once: which statuses are right, and how its answer is read ("none" saves k6 from keeping it). */
export interface CallOptions<Op, Answer extends ResponseType> {
  expect: readonly StatusOf<Op>[];
  answer: Answer;
  /** Verifies the contents of an expected answer; those that are wrong are counted as bad. */
  isRight?: (response: RefinedResponse<Answer>) => boolean;
  /** How a body is sent; by default as JSON. */
  body?: "json" | "bytes";
  headers?: Record<string, string>;
  tags?: Record<string, string>;
}

/** How a client counts what it sends; one that counts nothing is for what nobody judges. */
export interface Counting {
  thresholdsSeconds: readonly number[];
  /** Tags each request, and states with the first one of a VU that slow requests are counted: for scripts that may send others as well. */
  announces: boolean;
}

/** Ends a request that is never answered, so that it is counted as one before k6 stops its iteration. */
export const timeoutSeconds = 10;

const withBody = new Set(["POST", "PUT", "PATCH"]);

/** The same of an operation that is not known. */
type Given = Omit<OperationShape, "responses">;
const nothing: Given = {};

/** Whether each operation's contents are verified by every call of it that counts: k6 tells the answers of one route by no call. */
const verifies = new Map<string, boolean>();

/** Prepares the calls of a service: everything that is the same for each request is made here, once. */
export function openClient<Of extends Api<Of>>(target: string, counting: Counting | undefined) {
  let isAnnounced = counting?.announces !== true;
  const announce = (): void => {
    isAnnounced = true;
    const verified = [...verifies].flatMap(([operation, all]) => (all ? [operation.split(" ") as [method: string, route: string]] : []));
    countersAtZero(counting?.thresholdsSeconds ?? [], verified);
  };
  return <Name extends keyof Of & string, Answer extends ResponseType>(
    operation: Name,
    options: CallOptions<Of[Name], Answer>,
  ): Call<Of[Name], Answer> => {
    const [method = "", route = "", more] = operation.split(" ");
    if (method === "" || !route.startsWith("/") || more !== undefined)
      throw usageError([`operation must be "METHOD /path", not "${operation}"`]);
    const tags = { ...options.tags, ...(counting?.announces ? countedTag : {}) };
    const counter = routeCounter({ ...tags, method, name: route }, options.expect, counting?.thresholdsSeconds ?? []);
    const params = paramsOf(method, route, options, tags);
    const trace = tracer(params.headers);
    const urlOf = urlMaker(target, route);
    const bodyOf = (body: unknown): RequestBody | null =>
      body === undefined ? null : options.body === "bytes" ? (body as RequestBody) : JSON.stringify(body);
    const { isRight } = options;
    if (counting) verifies.set(operation, isRight !== undefined && verifies.get(operation) !== false);
    const seen = (response: RefinedResponse<Answer>): RefinedResponse<Answer> => {
      if (response.url === "") throw new Error(response.error); // k6 has neither sent nor counted it
      if (counting === undefined) return response;
      const isExpected = counter.seen(response);
      if (isExpected && isRight && !isRight(response)) counter.wrong(response);
      return response;
    };
    const send = (given: Given = nothing): RefinedResponse<Answer> => {
      if (!isAnnounced) announce();
      trace();
      return seen(http.request<Answer>(method, urlOf(given), bodyOf(given.body), params));
    };
    const sendAll = (inputs: readonly Given[]): RefinedResponse<Answer>[] => {
      if (!isAnnounced) announce();
      const own = (): typeof params => (trace(), { ...params, headers: { ...params.headers } });
      const answers = http.batch(inputs.map((given) => [method, urlOf(given), bodyOf(given.body), own()]));
      return (answers as RefinedResponse<Answer>[]).map(seen);
    };
    const call: Call<Given, Answer> = { method, route, send, sendAll, wrong: counter.wrong };
    return call as unknown as Call<Of[Name], Answer>; // the operation's own types say what is given, which TypeScript cannot follow
  };
}

function paramsOf<Op, Answer extends ResponseType>(
  method: string,
  route: string,
  options: CallOptions<Op, Answer>,
  tags: Record<string, string>,
) {
  const type = options.body === "bytes" ? "application/octet-stream" : "application/json";
  return {
    responseType: options.answer,
    responseCallback: http.expectedStatuses(...options.expect),
    timeout: timeoutSeconds * 1000,
    redirects: 0, // one that k6 follows would be a request that nobody saw
    throw: false, // what is thrown is not counted
    tags: { ...tags, name: route },
    headers: { ...(withBody.has(method) ? { "Content-Type": type } : {}), ...runHeaders, ...options.headers } as Record<string, string>,
  };
}

/** Makes the function that fills a route's parameters, `:id` or `{id}`, and adds the query. Every VU does this for each call: expressions would cost it more. */
function urlMaker(target: string, route: string): (given: Given) => string {
  const [first = "", ...rest] = route.split("/:").join("/{:").split("{");
  const gaps = rest.map((part) => {
    const isColon = part.startsWith(":");
    const ends = part.indexOf(isColon ? "/" : "}");
    const name = part.slice(isColon ? 1 : 0, ends === -1 ? part.length : ends);
    return { name, after: ends === -1 ? "" : part.slice(isColon ? ends : ends + 1) };
  });
  const start = target + first;
  return ({ params, query }) => {
    let url = start;
    for (const { name, after } of gaps) url += encodeURIComponent(String(params?.[name])) + after;
    return query === undefined ? url : url + queryText(query);
  };
}

function queryText(query: Record<string, unknown>): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : value === undefined ? [] : [value]).map(
      (one) => `${encodeURIComponent(name)}=${encodeURIComponent(String(one))}`,
    ),
  );
  return pairs.length === 0 ? "" : `?${pairs.join("&")}`;
}
