/**
 * Describes the storage API as types only: no zod, no fastify, so a k6 script can `import type` it.
 * `contract.test.ts` proves that it agrees with the zod schemas of the routes.
 */

/** What a request may carry as raw bytes in k6 and in Node alike. */
export type Bytes = ArrayBuffer | string;

/** The JSON of every refusal that the API gives. */
export interface ErrorBody {
  error: string;
}

/** One row of `GET /api/users`. */
export interface User {
  id: number;
  name: string;
  email: string;
}

/** The JSON of both health routes. */
export interface Health {
  status: "ok" | "stopping" | "unavailable";
}

/** Any JSON value. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** The storage API: each key is `METHOD route-pattern`, each value its input and its answers by status. */
export interface StorageApi {
  "PUT /api/buckets/:id": { params: { id: string }; body: Bytes; responses: { 200: ""; 400: ErrorBody; 413: ErrorBody; 500: ErrorBody } };
  "GET /api/buckets/:id": { params: { id: string }; responses: { 200: Bytes; 400: ErrorBody; 404: ErrorBody; 500: ErrorBody } };
  "DELETE /api/buckets/:id": { params: { id: string }; responses: { 200: ""; 400: ErrorBody; 500: ErrorBody } };
  "GET /api/users": { responses: { 200: { users: User[] }; 500: ErrorBody } };
  "POST /api/echo": { body: Json; responses: { 200: Json; 400: ErrorBody; 413: ErrorBody; 415: ErrorBody; 500: ErrorBody } };
  "GET /api/error": { query: { type?: string }; responses: { 400: ErrorBody; 500: ErrorBody } };
  "GET /health/liveness": { responses: { 200: Health; 500: ErrorBody } };
  "GET /health/readiness": { responses: { 200: Health; 500: ErrorBody; 503: Health } };
}

/** The name of a route: `METHOD route-pattern`. */
export type Operation = keyof StorageApi;

type Part<Op extends Operation, Key extends string> = StorageApi[Op] extends { [K in Key]: infer Value } ? Value : undefined;

/** The HTTP method of an operation. */
export type MethodOf<Op extends Operation> = Op extends `${infer Method} ${string}` ? Method : never;

/** The route pattern of an operation, as it stands in the metrics' `route` label. */
export type RouteOf<Op extends Operation> = Op extends `${string} ${infer Route}` ? Route : never;

/** What goes into the path, `undefined` where the route has no parameters. */
export type ParamsOf<Op extends Operation> = Part<Op, "params">;

/** What may follow the `?`, `undefined` where the route reads none. */
export type QueryOf<Op extends Operation> = Part<Op, "query">;

/** What the request carries, `undefined` where it carries nothing. */
export type BodyOf<Op extends Operation> = Part<Op, "body">;

/** The set of statuses that an operation documents. */
export type StatusOf<Op extends Operation> = keyof StorageApi[Op]["responses"] & number;

/** The body of one documented answer. */
export type ResponseOf<Op extends Operation, Status extends StatusOf<Op>> = Status extends keyof StorageApi[Op]["responses"]
  ? StorageApi[Op]["responses"][Status]
  : never;
