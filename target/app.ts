import swagger from "@fastify/swagger";
import { jsonSchemaTransform, jsonSchemaTransformObject } from "fastify-type-provider-zod";
import { setTimeout as sleep } from "node:timers/promises";
import { bucketRoutes, jsonRoutes, type Api } from "./api/routes.ts";
import { defaultEnvironment, type Environment } from "./environment.ts";
import { faultAdminRoutes } from "./faults/admin.ts";
import { createFaultEngine, seededRandom } from "./faults/engine.ts";
import { type FaultClock, injectFaults } from "./faults/hooks.ts";
import type { FaultRule } from "./faults/rules.ts";
import { openService, type Watch } from "./service.ts";
import type { Store } from "./store/store.ts";

/** What the service is made of; everything but the store has a default. */
export interface AppOptions extends Partial<Environment>, Watch {
  /** Kept open by whoever opened it. */
  store: Store;
  /** Tells whether readiness must say no. */
  stopping?: () => boolean;
  clock?: FaultClock;
}

const systemClock: FaultClock = {
  now: () => performance.now() / 1_000,
  wait: (seconds) => sleep(seconds * 1_000),
  // As an error that nobody catches: the process ends by it, whoever else it serves.
  crash: () =>
    void setImmediate(() => {
      throw new Error("injected fault: crash");
    }),
};
const info = { title: "Storage API", version: "1.0.0", description: "The reference service that Plimsoll loads." };

/** Builds the storage API, ready to listen or to be asked by `inject`; throws only on a bug. */
export async function buildApp(options: AppOptions): Promise<Api> {
  const { store, stopping = () => false, clock = systemClock } = options;
  const settings = { ...defaultEnvironment, ...options };
  const { api, metrics } = await openService("req", settings, options);
  const engine = createFaultEngine((method, route, kind) => metrics?.fault(method, route, kind));
  injectFaults(api, engine, clock);
  const activate = async (rules: readonly FaultRule[]): Promise<void> => {
    await metrics?.expectFaults(rules);
    engine.set(rules, clock.now());
  };
  const openapi = { openapi: "3.1.0", info };
  await api.register(swagger, { openapi, transform: jsonSchemaTransform, transformObject: jsonSchemaTransformObject });
  await api.register(bucketRoutes, { store });
  // One to five milliseconds: varying, and far below every objective.
  const random = seededRandom(1);
  const wait = (): Promise<void> => clock.wait(0.001 + 0.004 * random());
  await api.register(jsonRoutes, { wait, stopping, store });
  if (settings.FAULTS_ADMIN === "on") await api.register(faultAdminRoutes, { engine, activate, token: settings.FAULTS_TOKEN });
  api.addHook("onReady", () => activate(settings.FAULTS));
  return api;
}
