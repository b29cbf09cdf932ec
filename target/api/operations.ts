import type { Operation } from "./contract.ts";

const documented: Record<Operation, true> = {
  "PUT /api/buckets/:id": true,
  "GET /api/buckets/:id": true,
  "DELETE /api/buckets/:id": true,
  "GET /api/users": true,
  "POST /api/echo": true,
  "GET /api/error": true,
  "GET /health/liveness": true,
  "GET /health/readiness": true,
};

/** Lists every operation of the contract; faults can touch these, and no metrics or admin route. */
export const operations = Object.keys(documented).map((operation) => {
  const [method = "", route = ""] = operation.split(" ");
  return { method, route };
});
