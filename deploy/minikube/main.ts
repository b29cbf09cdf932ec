import { addresses, bringUp, takeDown } from "./lab.ts";
import { carryOut } from "./open-lab.ts";
import { parseOptions } from "./options.ts";

process.exitCode = await carryOut(async (lab) => {
  const options = parseOptions(process.argv.slice(2), {});
  if (options.action === "up") {
    const { readySeconds, services } = await bringUp(lab, options);
    lab.say(`ready ${readySeconds.toFixed(0)} s after the manifests were applied (${lab.now().toFixed(0)} s in all)`);
    process.stdout.write(addresses(options, services));
  } else {
    const wasThere = await takeDown(lab, options);
    lab.say(wasThere ? "removed" : "there was nothing to remove");
  }
  return 0;
}, "interrupted; what was begun stays: run this again to go on, or `npm run minikube -- down`");
