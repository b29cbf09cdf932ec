declare module "@stdlib/stats-base-dists-beta-quantile" {
  /** Gives the quantile of the beta distribution. */
  export default function quantile(p: number, alpha: number, beta: number): number;
}
