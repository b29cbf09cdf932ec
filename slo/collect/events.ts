import type { Compared, ServerWindow } from "./compared.ts";
import { Unreadable } from "./prometheus.ts";
import type { Read } from "./server.ts";
import { amount } from "../spec/words.ts";

/** Refuses events that no count of requests can bound: one request may have counted any number of them, and work that goes on counts later. */
export function refuseUnboundedEvents(
  { wholes, totals, least, most }: Read,
  { missing, missingForCertain, others }: Compared,
  { notJudged, cutOff, judgedOnly, endedSeconds, toSeconds }: ServerWindow,
): void {
  const any = "may have counted any number of these events";
  const apart = notJudged - cutOff;
  if (wholes.length === 0)
    throw new Unreadable(
      "nothing tells whether every instance of the service is scraped: say under metrics how it counts its requests, which are compared with k6's",
    );
  if (missingForCertain > 0)
    throw new Unreadable(
      `${amount(missing, "request that k6 sent is not", "requests that k6 sent are not")} in the service's counts, and each ${any}: is every instance of it scraped?`,
    );
  if (others > 0) throw new Unreadable(`others sent the service ${amount(others, "request", "requests")} beside k6's, and each ${any}`);
  if (!judgedOnly && apart > 0)
    throw new Unreadable(
      `${amount(apart, "request of setup and warm-up lies", "requests of setup and warm-up lie")} between the scrapes around the load, and each ${any}: leave them out (setup() without requests, no warm-up), or count them under another label`,
    );
  const rising = [...totals, ...least, ...most].find(({ quiet }) => quiet.grewAfter > 0 && quiet.grewBefore === 0);
  if (rising !== undefined)
    throw new Unreadable(
      `the events were still being counted ${Math.round(toSeconds - endedSeconds)} s after the load's end, so nobody knows how many there will be: ${JSON.stringify(rising.labels)}`,
    );
}
