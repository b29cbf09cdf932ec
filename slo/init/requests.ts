import { parse } from "yaml";
import { z } from "zod";
import { listed } from "../spec/words.ts";

/** One request of a first scenario. Only reading ones are sent unasked: what a service takes in writing cannot be guessed. */
export interface FirstRequest {
  /** The name of all requests of its sort, such as /orders/{id}. */
  route: string;
  params: Record<string, string>;
  query: Record<string, string>;
  /** The values of parameters that nobody stated. */
  guessed: string[];
  /** What it answers, where that was seen and is not 200. */
  status?: number;
}

export interface Described {
  kind: "described";
  /** Where the service is, if the document says. */
  target: string | undefined;
  requests: FirstRequest[];
  /** Those that write, such as "POST /orders": a person has to choose from them. */
  writing: string[];
  notes: string[];
}

/** How many requests a first scenario has: a person has to read them. */
const mostRequests = 20;

const schema = z.object({
  format: z.string().optional(),
  example: z.unknown().optional(),
  default: z.unknown().optional(),
  enum: z.array(z.unknown()).optional(),
});
const parameter = z.object({
  $ref: z.string().optional(),
  name: z.string().default(""),
  in: z.string().default(""),
  required: z.boolean().default(false),
  example: z.unknown().optional(),
  schema: schema.optional(),
});
const operation = z.object({ parameters: z.array(parameter).default([]) });
const openApi = z
  .object({
    openapi: z.string().optional(),
    swagger: z.string().optional(),
    servers: z.array(z.object({ url: z.string() })).optional(),
    paths: z.record(z.string(), z.record(z.string(), z.unknown())),
    components: z.object({ parameters: z.record(z.string(), parameter).default({}) }).optional(),
    parameters: z.record(z.string(), parameter).optional(),
  })
  .refine(({ openapi, swagger }) => openapi ?? swagger);
const entry = z.object({
  _resourceType: z.string().optional(),
  request: z.object({ method: z.string(), url: z.string() }),
});
const har = z.object({ log: z.object({ entries: z.array(entry) }) });

/** Reads an OpenAPI document (JSON or YAML) or a HAR into the requests of a first scenario. */
export function describedBy(text: string): Described | { kind: "problem"; message: string } {
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    return { kind: "problem", message: `is neither JSON nor YAML: ${(error as Error).message.split("\n")[0]}` };
  }
  const { data: recorded } = har.safeParse(value);
  const { data: documented } = openApi.safeParse(value);
  const found = recorded ? fromHar(recorded) : documented && fromOpenApi(documented);
  if (found === undefined) return { kind: "problem", message: "is no OpenAPI document (openapi, paths) and no HAR (log.entries)" };
  const writing = listed(found.writing, 5);
  const only = writing && `, only what writes (${writing}): give an address instead, and add them to its scenario`;
  if (found.requests.length === 0) return { kind: "problem", message: `names no GET request to begin with${only}` };
  if (writing !== "")
    found.notes.push(
      `left out, as what writes: ${writing}; the scenario has them as comments: take in those that may be repeated thousands of times`,
    );
  const more = found.requests.length - mostRequests;
  if (more > 0) found.notes.push(`left out: GET requests beyond the first ${mostRequests} (${more})`);
  return { ...found, requests: found.requests.slice(0, mostRequests) };
}

function fromOpenApi({ paths, servers, components, parameters }: z.infer<typeof openApi>): Described {
  const shared: Record<string, z.infer<typeof parameter>> = { ...parameters, ...components?.parameters };
  const writing = Object.entries(paths).flatMap(([route, item]) =>
    Object.keys(item).flatMap((method) => (/^(post|put|patch|delete)$/.test(method) ? [`${method.toUpperCase()} ${route}`] : [])),
  );
  const requests = Object.entries(paths).flatMap(([route, item]): FirstRequest[] => {
    if (item["get"] === undefined) return [];
    const stated = [item, item["get"]].flatMap((part) => operation.safeParse(part).data?.parameters ?? []);
    const all = stated.map((each) => (each.$ref === undefined ? each : (shared[each.$ref.split("/").at(-1) ?? ""] ?? each)));
    const guessed: string[] = [];
    const valueOf = (each: z.infer<typeof parameter>): string => {
      const written = each.example ?? each.schema?.example ?? each.schema?.default ?? each.schema?.enum?.[0];
      if (written === undefined) guessed.push(each.name);
      return String(written ?? (each.schema?.format === "uuid" ? "00000000-0000-4000-8000-000000000001" : 1));
    };
    const names = [...route.matchAll(/\{([^}]+)\}/g)].map(([, name = ""]) => name);
    const inPath = (name: string) => all.find((each) => each.in === "path" && each.name === name) ?? parameter.parse({ name });
    const query = all.filter((each) => each.in === "query" && each.required).map((each) => [each.name, valueOf(each)]);
    const params = names.map((name) => [name, valueOf(inPath(name))]);
    return [{ route, params: Object.fromEntries(params), query: Object.fromEntries(query), guessed }];
  });
  const server = servers?.[0]?.url;
  return {
    kind: "described",
    target: server !== undefined && URL.canParse(server) ? server.replace(/\/+$/, "") : undefined,
    requests,
    writing,
    notes: [],
  };
}

/** Names of query parameters whose values nobody wants in a repository. */
const secret = /token|key|secret|auth|sig|pass|session|code/i;
const isVariable = (segment: string): boolean => /^\d+$|^[0-9a-f]{8,}(-[0-9a-f]+)*$/i.test(segment);

/** Names the numbers in a path, so that all requests of a sort have one route. */
function requestOf({ pathname, searchParams }: URL): FirstRequest {
  const params: Record<string, string> = {};
  const segments = pathname.split("/").map((segment) => {
    if (!isVariable(segment)) return segment;
    const name = Object.keys(params).length === 0 ? "id" : `id${Object.keys(params).length + 1}`;
    params[name] = decodeURIComponent(segment);
    return `{${name}}`;
  });
  return { route: segments.join("/"), params, query: Object.fromEntries(searchParams), guessed: [] };
}

function fromHar({ log }: z.infer<typeof har>): Described {
  const page = new Set(["document", "xhr", "fetch", undefined]);
  const urls = log.entries
    .filter(({ request, _resourceType }) => request.method === "GET" && page.has(_resourceType))
    .flatMap(({ request }) => URL.parse(request.url) ?? []);
  const origins = Map.groupBy(urls, ({ origin }) => origin);
  const [target, own = []] = [...origins].toSorted(([, a], [, b]) => b.length - a.length)[0] ?? [];
  const open = own.filter(({ searchParams }) => ![...searchParams.keys()].some((name) => secret.test(name)));
  const once = new Map(open.map((url) => [url.pathname + url.search, url]));
  const requests = [...once.values()].map(requestOf);
  const left = log.entries.length - open.length;
  const note = `left out: requests that write, load a page's parts, go to other hosts, or may hold a secret in their query (${left})`;
  return { kind: "described", target, requests, writing: [], notes: left > 0 ? [note] : [] };
}
