/* oxlint-disable rooms/fences, import/no-default-export -- a script for k6, which no file of the project imports */
// The load of scenarios/smoke.ts as a careful person would write it by hand, with k6's own means and no more:
// the same mix, buckets, payload size and rate, each answer verified. Measured against ours by scenario-cpu.ts.
import { check } from "k6";
import crypto from "k6/crypto";
import http from "k6/http";

const target = __ENV.TARGET;
const rate = Number(__ENV.RATE);
const seconds = Number(__ENV.SECONDS);
const keys = 100;

export const options = {
  scenarios: {
    smoke: {
      executor: "constant-arrival-rate",
      rate,
      timeUnit: "1s",
      duration: `${seconds}s`,
      preAllocatedVUs: Number(__ENV.VUS),
      maxVUs: Number(__ENV.VUS),
    },
  },
};

const payloads = open(__ENV.PAYLOADS, "b");
const digests = [];
const bytes = (key) => payloads.slice(key * 1024, (key + 1) * 1024);
function digest(key) {
  digests[key] = digests[key] || crypto.sha256(bytes(key), "hex");
  return digests[key];
}

const binary = { "Content-Type": "application/octet-stream" };

function put(id, key) {
  const res = http.put(`${target}/api/buckets/${id}`, bytes(key), { headers: binary, tags: { name: "/api/buckets/:id" } });
  return check(res, { "written with 200": (r) => r.status === 200 });
}

function read(key) {
  const res = http.get(`${target}/api/buckets/hand-${key}`, { responseType: "binary", tags: { name: "/api/buckets/:id" } });
  check(res, {
    "read with 200": (r) => r.status === 200,
    "the bytes are the ones written": (r) => r.status === 200 && crypto.sha256(r.body, "hex") === digest(key),
  });
}

function remove(id, key) {
  if (!put(id, key)) return;
  const res = http.del(`${target}/api/buckets/${id}`, null, { tags: { name: "/api/buckets/:id" } });
  check(res, { "deleted with 200": (r) => r.status === 200 });
}

function users() {
  const res = http.get(`${target}/api/users`);
  check(res, {
    "users with 200": (r) => r.status === 200,
    "users are whole": (r) => r.json("users").every((user) => typeof user.id === "number" && user.name !== "" && user.email.includes("@")),
  });
}

function echo(key) {
  const message = { message: `hand-${key}`, key };
  const res = http.post(`${target}/api/echo`, JSON.stringify(message), { headers: { "Content-Type": "application/json" } });
  check(res, {
    "echoed with 200": (r) => r.status === 200,
    "echoed the message": (r) => r.json("message") === message.message && r.json("key") === message.key,
  });
}

export function setup() {
  for (let key = 0; key < keys; key += 1) {
    if (!put(`hand-${key}`, key)) throw new Error("the service does not take the buckets");
  }
}

export default function () {
  const key = Math.floor(Math.random() * keys);
  const dice = Math.random() * 100;
  if (dice < 60) read(key);
  else if (dice < 80) put(`hand-${key}`, key);
  else if (dice < 90) remove(`hand-own-${__VU}-${__ITER}`, key);
  else if (dice < 95) users();
  else echo(key);
}
