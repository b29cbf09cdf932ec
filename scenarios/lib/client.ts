import http, { type RefinedResponse, type RequestBody, type ResponseType } from "k6/http";
import type { BodyOf, Bytes, Json, MethodOf, Operation, ParamsOf, RouteOf, StatusOf } from "../../target/api/contract.ts";

/** What a request to a route needs: `[params, body]` where it has both, and nothing where it has neither. */
export type Input<Op extends Operation> = [
  ...(ParamsOf<Op> extends undefined ? [] : [params: ParamsOf<Op>]),
  ...(BodyOf<Op> extends undefined ? [] : [body: BodyOf<Op>]),
];

/** A route that can be called; its requests carry the route's name and know which statuses to expect. */
export interface Call<Op extends Operation, Answer extends ResponseType> {
  method: MethodOf<Op>;
  route: RouteOf<Op>;
  send: (...input: Input<Op>) => RefinedResponse<Answer>;
  /** Sends several at once; the answers are in the order of the inputs. */
  sendAll: (inputs: readonly Input<Op>[]) => RefinedResponse<Answer>[];
}

/** States a route once: which statuses are right, and how its answer is read ("none" saves k6 from keeping it). */
export interface CallOptions<Op extends Operation, Answer extends ResponseType> {
  expect: readonly StatusOf<Op>[];
  answer: Answer;
  tags?: Record<string, string>;
}

/** Ends a request that is never answered, so that it is counted as one before k6 stops its iteration. */
export const timeoutSeconds = 10;

/** Prepares the calls of a service: everything that is the same for each request is made here, once. */
export function storageClient(target: string) {
  return <Op extends Operation, Answer extends ResponseType>(operation: Op, options: CallOptions<Op, Answer>): Call<Op, Answer> => {
    const [method, route] = operation.split(" ") as [MethodOf<Op>, RouteOf<Op>];
    const json = operation === "POST /api/echo";
    const type = json ? "application/json" : "application/octet-stream";
    const params = {
      responseType: options.answer,
      responseCallback: http.expectedStatuses(...options.expect),
      timeout: timeoutSeconds * 1000,
      tags: { ...options.tags, name: route },
      ...(json || method === "PUT" ? { headers: { "Content-Type": type } } : {}),
    };
    const [before, after] = `${target}${route}`.split(":id") as [string, string?];
    const urlOf = (input: readonly unknown[]): string =>
      after === undefined ? before : `${before}${(input[0] as { id: string }).id}${after}`;
    const bodyOf = (input: readonly unknown[]): RequestBody | null => {
      if (json) return JSON.stringify(input[0]);
      return after === undefined ? null : ((input[1] as Bytes | undefined) ?? null);
    };
    // One function for each kind of route, so that no request gathers its arguments into an array first.
    const toBucket = ({ id }: { id: string }, body?: Bytes) => http.request<Answer>(method, `${before}${id}${after}`, body ?? null, params);
    const toRoute = () => http.request<Answer>(method, before, null, params);
    const withJson = (body: Json) => http.request<Answer>(method, before, JSON.stringify(body), params);
    const send: (...input: never[]) => RefinedResponse<Answer> = after !== undefined ? toBucket : json ? withJson : toRoute;
    return {
      method,
      route,
      send: send as unknown as Call<Op, Answer>["send"], // the operation decides which of the three it is, which TypeScript cannot follow
      sendAll: (inputs) => http.batch(inputs.map((input) => [method, urlOf(input), bodyOf(input), params])) as RefinedResponse<Answer>[],
    };
  };
}
