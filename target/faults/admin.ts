import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { z } from "zod";
import { errorSchema } from "../api/contract.ts";
import type { Api } from "../api/routes.ts";
import type { FaultEngine } from "./engine.ts";
import { type FaultRule, faultRuleSchema, parseFaultRules, parsePreset } from "./rules.ts";

const requestSchema = z.union([z.strictObject({ rules: z.array(z.unknown()) }), z.strictObject({ preset: z.string() })]);
const countSchema = z.int().min(0);
/** Validates what the admin routes tell: the rules in order, each with its exact counts. */
export const reportSchema = z.strictObject({
  rules: z.array(z.strictObject({ rule: faultRuleSchema, matched: countSchema, injected: countSchema })),
});
const refusals = { 401: errorSchema, 403: errorSchema };

/** What the admin routes need: who may come in, and what a change does. */
export interface FaultAdmin {
  engine: FaultEngine;
  /** The bearer token to ask for; without one only requests addressed to a loopback name are answered. */
  token: string | undefined;
  /** Puts new rules into effect, counts at zero. */
  activate: (rules: readonly FaultRule[]) => Promise<void>;
}

/** Serves `GET` and `PUT /admin/faults`; registered only when the admin is switched on. */
export async function faultAdminRoutes(api: Api, { engine, token, activate }: FaultAdmin): Promise<void> {
  api.addHook("onRequest", async (request, reply) => {
    const refused = refusal(request.headers, token);
    return refused && reply.code(refused.status).send({ error: refused.error });
  });
  const read = { summary: "Tell the fault rules and their exact counts", response: { 200: reportSchema, ...refusals } };
  api.get("/admin/faults", { schema: read }, (_request, reply) => void reply.code(200).send({ rules: engine.report() }));
  const replace = {
    summary: "Replace the fault rules; their counts start at zero",
    body: requestSchema,
    response: { 200: reportSchema, 400: errorSchema, 413: errorSchema, 415: errorSchema, ...refusals },
  };
  api.put("/admin/faults", { schema: replace }, async (request, reply) => {
    const parsed = "rules" in request.body ? parseFaultRules(request.body.rules) : parsePreset(request.body.preset);
    if (parsed.kind === "problems") return reply.code(400).send({ error: parsed.problems.join("; ") });
    await activate(parsed.rules);
    return reply.code(200).send({ rules: engine.report() });
  });
}

function refusal({ authorization, host }: IncomingHttpHeaders, token: string | undefined) {
  if (token === undefined) return isLoopbackHost(host) ? undefined : ({ status: 403, error: "only by a loopback name" } as const);
  return sameSecret(authorization ?? "", `Bearer ${token}`) ? undefined : ({ status: 401, error: "a bearer token is needed" } as const);
}

/** Refuses names that a web page could have pointed at this machine (DNS rebinding). */
function isLoopbackHost(host: string | undefined): boolean {
  return host !== undefined && /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i.test(host);
}

/** Compares in a time that does not depend on where two texts differ. */
function sameSecret(given: string, wanted: string): boolean {
  const digest = (text: string): Buffer => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(wanted));
}
