# Reads the list of process groups from its standard input, and stops the last list it read when that input ends:
# the kernel closes the pipe however the process dies that writes to it.
trap '' HUP INT TERM
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
for p in $list; do kill -s KILL -- "-$p" 2>/dev/null; done
