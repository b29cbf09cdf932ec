import type { Api } from "./http.ts";
import { errorBodySchema, usersSchema } from "./schemas.ts";

/** What the users route says of itself. */
export const usersRouteSchema = { summary: "List the users", response: { 200: usersSchema, 500: errorBodySchema } };

const users = ["Ada", "Barbara", "Edsger", "Grace", "Tony"].map((name, index) => ({
  id: index + 1,
  name,
  email: `${name.toLowerCase()}@example.org`,
}));

/** Serves `GET /api/users`; each answer waits as long as `wait` does, as a database would. */
export async function usersRoute(api: Api, { wait }: { wait: () => Promise<void> }): Promise<void> {
  api.get("/api/users", { schema: usersRouteSchema }, async (_request, reply) => {
    await wait();
    return reply.code(200).send({ users });
  });
}
