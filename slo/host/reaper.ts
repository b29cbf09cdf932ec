import { spawn, type ChildProcess } from "node:child_process";

// Reads the list of process groups from its standard input, and stops the last list it read when that input ends:
// the kernel closes the pipe however this process dies.
const script = `trap '' HUP INT TERM
list=
while read -r line; do list=$line; done
[ -z "$list" ] && exit 0
for p in $list; do kill -s TERM -- "-$p" 2>/dev/null; done
i=0
while [ $i -lt 30 ]; do
  alive=
  for p in $list; do kill -s 0 -- "-$p" 2>/dev/null && alive=1; done
  [ -z "$alive" ] && exit 0
  sleep 0.1; i=$((i+1))
done
for p in $list; do kill -s KILL -- "-$p" 2>/dev/null; done`;

const leaders = new Set<number>();
let reaper: ChildProcess | undefined;

/** Has a process group ended when this process ends, even by SIGKILL; gives what is to be called when the group's leader has ended. */
export function reapAfterUs(leader: number): () => void {
  leaders.add(leader);
  tell();
  return () => {
    leaders.delete(leader);
    tell();
  };
}

function tell(): void {
  reaper ??= startReaper();
  reaper.stdin?.write(`${[...leaders].join(" ")}\n`);
}

/** Starts a small shell that waits for this process to end, and does not keep it from ending. */
function startReaper(): ChildProcess {
  const started = spawn("/bin/sh", ["-c", script], { detached: true, stdio: ["pipe", "ignore", "ignore"] });
  started.on("error", () => undefined);
  started.stdin?.on("error", () => undefined);
  started.unref();
  return started;
}
