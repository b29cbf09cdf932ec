export type ToolName = "k6" | "prometheus" | "promtool";
export type Way = "environment" | "path" | "cache" | "download" | "build";

/** Says why one way of getting a tool did not lead to it. */
export interface Attempt {
  way: Way;
  reason: string;
}

/** Says where a tool is and which one it is, or each way that was tried and `message`, the one text to show. */
export type Resolution =
  | { kind: "found"; path: string; from: Way; version: string }
  | { kind: "missing"; attempts: Attempt[]; message: string };

/** What a step gives back: its value, or the reason in words. */
export type Outcome<T> = { kind: "ok"; value: T } | { kind: "failed"; reason: string };

export type Environment = Readonly<Record<string, string | undefined>>;

/** Limits each phase of getting a tool. Seconds. */
export interface Bounds {
  /** Until the connection, TLS included, has taken the request. */
  connectSeconds: number;
  /** Until the answer's headers are there. */
  answerSeconds: number;
  /** Between two pieces of a body. */
  idleSeconds: number;
  /** For one whole download. */
  totalSeconds: number;
  /** For one build; also the longest wait for another run that installs the same tool. */
  buildSeconds: number;
  /** For a tool to state its version. */
  probeSeconds: number;
}

/** Every contact that the resolver has with the outside. */
export interface Ports {
  environment: Environment;
  /** Takes one line of narration. */
  say: (line: string) => void;
  platform: { os: NodeJS.Platform; arch: string };
  bounds: Bounds;
  /** Ends a download, a build or a wait early. */
  signal?: AbortSignal;
}

export const defaultBounds: Bounds = {
  connectSeconds: 5,
  answerSeconds: 20,
  idleSeconds: 30,
  totalSeconds: 900,
  buildSeconds: 1800,
  probeSeconds: 20,
};
