import { describe, expect, test } from "vitest";
import { buildApp } from "../app.ts";
import { openMemoryStore } from "../store/memory.ts";
import { readSamples } from "../samples.fixture.ts";

const token = "0123456789abcdef";
const appWith = (given: string | undefined) =>
  buildApp({ store: openMemoryStore(), LOG_LEVEL: "silent", FAULTS_ADMIN: "on", FAULTS_TOKEN: given });

const callers: [string, string | undefined, Record<string, string>, number][] = [
  ["without a token a loopback name may come in", undefined, { host: "127.0.0.1:5000" }, 200],
  ["so may localhost", undefined, { host: "localhost" }, 200],
  ["so may IPv6", undefined, { host: "[::1]:5000" }, 200],
  ["another name may not, wherever it points", undefined, { host: "evil.example:5000" }, 403],
  ["nor a name that only begins like one", undefined, { host: "127.0.0.1.evil.example" }, 403],
  ["with a token the right one may come in", token, { host: "api.example", authorization: `Bearer ${token}` }, 200],
  ["a wrong one may not", token, { authorization: `Bearer ${token}x` }, 401],
  ["nor none, from loopback either", token, { host: "127.0.0.1" }, 401],
  ["nor the token without its scheme", token, { authorization: token }, 401],
];

describe("who may change faults", () => {
  test.each(callers)("%s", async (_sentence, given, headers, status) => {
    const app = await appWith(given);
    expect((await app.inject({ url: "/admin/faults", headers })).statusCode).toBe(status);
    const put = await app.inject({ method: "PUT", url: "/admin/faults", headers, payload: { preset: "wrong-contents" } });
    expect(put.statusCode).toBe(status);
  });
});

const bodies: [string, unknown, number][] = [
  ["rules are taken", { rules: [{ kind: "drop", every: 2 }] }, 200],
  ["no rules switch faults off", { rules: [] }, 200],
  ["a preset is taken", { preset: "delete-answers-500" }, 200],
  ["an unknown preset is 400", { preset: "x" }, 400],
  ["a bad rule is 400", { rules: [{ kind: "drop" }] }, 400],
  ["both are 400", { rules: [], preset: "x" }, 400],
  ["an unknown key is 400", { rule: [] }, 400],
  ["a list alone is 400", [], 400],
];

describe("PUT /admin/faults", () => {
  test.each(bodies)("%s", async (_sentence, payload, status) => {
    const app = await appWith(undefined);
    const put = await app.inject({ method: "PUT", url: "/admin/faults", headers: { host: "localhost" }, payload: payload as object });
    expect(put.statusCode).toBe(status);
  });

  test("tells the rules with defaults and counts, as GET does, and creates their label sets at zero", async () => {
    const app = await appWith(undefined);
    const headers = { host: "localhost" };
    const rules = [{ kind: "error", method: "GET", route: "/api/users", every: 2, status: 529 }];
    const put = await app.inject({ method: "PUT", url: "/admin/faults", headers, payload: { rules } });
    expect(put.json()).toEqual({ rules: [{ rule: rules[0], matched: 0, injected: 0 }] });
    const key = 'http_request_duration_seconds_count{method="GET",route="/api/users",status_code="529"}';
    expect(readSamples((await app.inject("/metrics")).body).get(key)).toBe(0);
    await app.inject("/api/users");
    await app.inject("/api/users");
    // The same rules again: the counts of the rule start anew, those of Prometheus never go back.
    expect((await app.inject({ url: "/admin/faults", headers })).json().rules[0]).toMatchObject({ matched: 2, injected: 1 });
    await app.inject({ method: "PUT", url: "/admin/faults", headers, payload: { rules } });
    expect((await app.inject({ url: "/admin/faults", headers })).json().rules[0]).toMatchObject({ matched: 0, injected: 0 });
    expect(readSamples((await app.inject("/metrics")).body).get(key)).toBe(1);
  });
});
