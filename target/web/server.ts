import { z } from "zod";
import { parseEnvironment } from "../environment.ts";
import { fail, serve } from "../service.ts";
import { buildWeb } from "./app.ts";

const apiSchema = z.url({ protocol: /^http$/, error: "API_URL must be an address that begins with http://" });

const parsed = parseEnvironment({ ...process.env, PORT: process.env["PORT"] || "8080" });
const api = apiSchema.safeParse(process.env["API_URL"] || "http://127.0.0.1:5000");
const problems = [...(parsed.kind === "problems" ? parsed.problems : []), ...(api.error?.issues ?? []).map(({ message }) => message)];
if (parsed.kind === "problems" || !api.success) fail("web", 2, problems);
const { environment } = parsed;
await serve("web", await buildWeb(environment, new URL(api.data)), environment, async () => undefined);
