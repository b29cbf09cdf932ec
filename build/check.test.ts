import { expect, test } from "vitest";
import { runCheck } from "./check.ts";

test.each<[string, string, string, RegExp]>([
  ["a check passes by its exit code alone, in one line", process.execPath, "console.error('quiet')", /^passed {2}one \(\d+\.\d s\)$/],
  [
    "both streams of a failed one are shown",
    process.execPath,
    "console.log('out'); console.error('err'); process.exit(3)",
    /^FAILED {2}one \(\d+\.\d s\)\n(?:out\nerr|err\nout)$/,
  ],
  ["one that cannot be started has failed", "/does/not/exist", "", /^FAILED {2}one .*ENOENT/s],
  ["one that was killed has failed", process.execPath, "process.kill(process.pid, 'SIGKILL')", /^FAILED {2}one .*SIGKILL/s],
])("%s", async (_sentence, command, script, words) => {
  const ran = await runCheck("one", command, ["-e", script]);
  expect(ran).toEqual({ passed: ran.words.startsWith("passed"), words: expect.stringMatching(words) });
});
