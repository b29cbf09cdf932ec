import { errorMessage } from "../../host/error-message.ts";

export type Way = "environment" | "path" | "cache" | "download" | "build";

export interface Attempt {
  way: Way;
  reason: string;
}

export interface Found {
  kind: "found";
  path: string;
  from: Way;
  version: string;
}

/** Where a tool is and which one it is, or each way that was tried and `message`, the one text to show. */
export type Resolution = Found | { kind: "missing"; attempts: Attempt[]; message: string };

/** Thrown where one way of getting a tool does not lead to it; `resolve.ts` turns it into an attempt. */
export class Unavailable extends Error {}

/** Words an expected failure: ours, or the system's, such as a full disk. Anything else is a bug and thrown on. */
export function unavailableReason(error: unknown): string {
  if (error instanceof Unavailable) return error.message;
  if (error instanceof Error && "code" in error) return errorMessage(error);
  throw error;
}

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Ports {
  environment: Environment;
  say: (line: string) => void;
  platform: { os: NodeJS.Platform; arch: string };
  bounds: Bounds;
}

export const defaultBounds = {
  /** Until a connection stands, the answer begins, or its next piece comes. */
  idleSeconds: 15,
  totalSeconds: 900,
  /** For one build; also the longest wait for another run that installs the same tool. */
  buildSeconds: 1800,
  probeSeconds: 20,
};
export type Bounds = typeof defaultBounds;
