import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { generatedFiles, staleFiles, writeGenerated } from "./generated.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values } = parseArgs({ options: { check: { type: "boolean", default: false } } });

if (values.check) {
  const stale = await staleFiles(root, generatedFiles);
  for (const path of stale) console.error(`${path} is not what its source makes; run: npm run generate`);
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  const written = await writeGenerated(root, generatedFiles);
  for (const path of written) console.error(`wrote ${path}`);
}
