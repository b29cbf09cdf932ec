import { readdirSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { create } from "tar";
import { errorMessage } from "../host/error-message.ts";
import type { Host } from "../host/host.ts";
import { waitFor } from "../host/wait.ts";

const reportFiles = /^(report\.(json|html)|junit\.xml|summary\.md|events\.ndjson)$/;
/** How long an upload is tried for, seconds. */
const limitSeconds = 60;

/**
 * Puts a report's files, as one .tar.gz, where a pre-signed URL allows one object to be written; what fails for a moment is tried again.
 * The URL is a secret: only its host is ever told.
 */
export async function uploadReport(url: string, folder: string, host: Host): Promise<void> {
  const files = readdirSync(folder).filter((name) => reportFiles.test(name));
  let trouble = "";
  try {
    const where = new URL(url).host;
    // One body of known length: object stores take no other by a pre-signed URL.
    const body = new Uint8Array(await buffer(create({ gzip: true, cwd: folder, portable: true }, files)));
    const put = async (): Promise<"done" | "refused" | undefined> => {
      const answer = await fetch(url, { method: "PUT", body, redirect: "manual", signal: AbortSignal.timeout(30_000) });
      trouble = `${where} answers ${answer.status}: ${(await answer.text()).slice(0, 300)}`;
      if (answer.ok) return "done";
      return answer.status >= 500 || answer.status === 429 ? undefined : "refused";
    };
    const tryAgain = (error: unknown): undefined => void (trouble = `${where}: ${errorMessage(error)}`);
    const ended = await waitFor(() => put().catch(tryAgain), limitSeconds, 1000);
    host.say(ended === "done" ? `report uploaded to ${where}` : `the report was not uploaded: ${trouble}`);
  } catch (error) {
    host.say(`the report was not uploaded: ${errorMessage(error)}`);
  }
}
