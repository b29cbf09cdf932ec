/** Counts events: `bad` of `total`, both whole numbers, 0 ≤ bad ≤ total. */
export interface Count {
  total: number;
  bad: number;
}

/** Holds the counts accumulated since the start of the measured load, as known at one moment. */
export interface CumulativePoint {
  /** Unix seconds. */
  atSeconds: number;
  total: number;
  /** Events that are bad for certain. */
  bad: number;
}

/** Shows the PromQL behind a measurement, so that a reader can ask again. */
export interface Queries {
  total: string;
  bad: string;
}

/** What was counted for one objective; where that is not exact, the truth lies between `best` (all uncertain events good) and `worst` (all bad). */
export type Measurement =
  | {
      kind: "counted";
      objective: string;
      best: Count;
      worst: Count;
      /** How many of `best` are iterations that k6 dropped: bad for certain, and no requests. */
      dropped?: number;
      /** How many requests that the service's own counter has are not in its histogram, or not yet. */
      lacking?: number;
      /** Why best and worst differ, one sentence each; empty when they are equal. */
      caveats: string[];
      /** In order of time; empty where only the whole run could be read. */
      cumulative: CumulativePoint[];
      /** How old an event may be that one series of a moment's sum has counted and another has not yet, seconds. */
      timestampSkewSeconds: number;
      queries: Queries;
    }
  | { kind: "absent"; objective: string; reason: string; queries: Queries };

/** Iterations that a load lacks, and for how many events each stands. */
export interface Unserved {
  interrupted: number;
  /** Judged requests for each iteration that came to its end. */
  requestsPerIteration: number;
  /** For no more than these does one stand that was cut off. */
  mostPerCutOff?: number;
}

/** Counts for how many events iterations stand at most that were dropped or cut off. */
export function mostUnserved(dropped: number, { interrupted, requestsPerIteration, mostPerCutOff = Infinity }: Unserved): number {
  const each = Math.max(1, requestsPerIteration);
  return Math.ceil(dropped * each + interrupted * Math.min(each, mostPerCutOff));
}
