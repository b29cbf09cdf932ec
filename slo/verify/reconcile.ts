import type { Totals } from "../collect/stored-counts.ts";
import { iterationsAgree } from "../judge/validity.ts";
import type { Report } from "../report/schema.ts";
import type { RunRecord } from "../run/record.ts";
import type { Reading } from "./read-run.ts";
import { amount } from "../spec/words.ts";

/** What each side counted of a run; `sent` is only what was heard of where a load pod was lost (`sentIsWhole` false). */
export interface Sides {
  record: Pick<RunRecord, "k6" | "script">;
  sent: Totals;
  sentIsWhole: boolean;
  stored: Totals;
  served: Reading["served"];
  clientMeanSeconds: number | null;
}

/** Puts the counts of all sides beside each other and says what explains them; what is not known of one side agrees with nothing. */
export function reconciliationOf(sides: Sides): Report["reconciliation"] {
  const { record, sent, stored, served, clientMeanSeconds: client } = sides;
  return {
    k6Requests: record.k6?.summaryRequests ?? null,
    k6Iterations: record.k6?.iterations ?? null,
    relayRequests: sent.requests,
    prometheusRequests: stored.requests,
    serverRequests: served.requests,
    lostBetween: lostBetween(sides),
    k6Errors: sent.errors,
    wrongContents: record.script === null ? sent.wrongContents : 0, // a script's own counter of that name says nothing of contents
    serverErrors: served.errors,
    clientMinusServerSeconds: client === null || served.meanSeconds === null ? null : client - served.meanSeconds,
    ...agreementOf(sides),
  };
}

const lostBetween = ({ sent, sentIsWhole, served }: Sides): number | null =>
  served.requests === null || !sentIsWhole ? null : sent.requests - served.requests;

/** Compares k6's own counts with what it wrote, and that with what Prometheus holds; iterations are always told by a k6 that lived to its end, requests only with a summary. */
function agreementOf(sides: Sides): Pick<Report["reconciliation"], "agrees" | "explanation"> {
  const { record, sent, sentIsWhole, stored } = sides;
  const differ = (explanation: string) => ({ agrees: false, explanation });
  if (!sentIsWhole) return { agrees: null, explanation: explainLostPod(sides) };
  const { iterations, summaryRequests, exitCode, interrupted } = record.k6 ?? noK6;
  if (!iterationsAgree({ exitCode, iterations }, interrupted, sent.iterations) || (summaryRequests ?? sent.requests) !== sent.requests)
    return differ("k6 counted other totals than it wrote");
  if (stored.requests !== sent.requests)
    return differ(`Prometheus holds ${stored.requests} of the ${sent.requests} requests that were sent`);
  if (stored.errors !== sent.errors)
    return differ(`Prometheus holds ${stored.errors} of the ${sent.errors} failed requests that were sent`);
  if (iterations === null)
    return { agrees: null, explanation: "k6 did not say how much it sent, so nobody knows whether all of it was written" };
  return { agrees: true, explanation: explainServed(lostBetween(sides), record) };
}

const noK6 = { iterations: null, summaryRequests: null, exitCode: null, interrupted: 0 };

function explainLostPod({ sent, stored, served }: Sides): string {
  const counted = served.requests === null ? "the service was not read" : `the service counted ${served.requests}`;
  return `a load pod was lost before it had said all that it sent: ${sent.requests} requests were heard of, Prometheus holds ${stored.requests}, ${counted}`;
}

function explainServed(lost: number | null, { k6, script }: Sides["record"]): string {
  if (lost === null && script !== null)
    return "the service's counts are compared in its objectives only: a user script does not name its routes";
  if (lost === null) return "the service's own counters could not be read";
  if (lost > 0)
    return `${amount(lost, "request", "requests")} never reached the service, or an instance that counted ${lost === 1 ? "it" : "them"} is not scraped`;
  if (lost < 0) return `the service counted ${-lost} more: ${k6?.interrupted ? "requests that k6 cut off, or " : ""}requests of others`;
  return k6?.summaryRequests === null
    ? "every request that k6 wrote was counted once by Prometheus and by the service"
    : "every request that k6 sent was counted once by k6, by Prometheus and by the service";
}
