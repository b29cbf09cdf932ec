#!/bin/sh
# Runs the gate in a CI job: the action and the GitLab job call nothing else. POSIX sh; all input comes in variables, none is ever read as shell text.
#
#   gate.sh where     names the cache's folder and key, in $GITHUB_OUTPUT or on stdout
#   gate.sh install   npm ci in a checkout, with npm's cache inside the tools' cache; the package has all that it needs
#   gate.sh run       load, judge, annotate, gather the reports; the exit code is the verdict
#
# Input of `run`, each as the flag of the same name says (npm run load -- --help):
#   GATE_ENV, GATE_SCENARIO or GATE_SCRIPT, GATE_TARGET, GATE_PROMETHEUS, GATE_SPEC, GATE_RATE, GATE_DURATION, GATE_FAULT, GATE_SETTLE_LIMIT,
#   GATE_SET and GATE_SERVER_LABELS (KEY=VALUE, one a line)
#   GATE_INCONCLUSIVE   fail (the default): exit 3 is red; warn: exit 3 becomes 0 with warnings
#   GATE_OUTPUT         folder for the reports, default plimsoll-report
set -u

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
project=$(CDPATH='' cd -- "$here/../.." && pwd -P)
# Compiled, it stands in dist/package of the package, which mirrors a checkout; there the launcher is two folders above.
root=$project
[ -f "$root/slo/cli/plimsoll.js" ] || root=$(CDPATH='' cd -- "$project/../.." && pwd -P)
# A repository that has the package is judged by that one, whichever gate its job has called.
installed=$PWD/node_modules/plimsoll/dist/package/deploy/ci/gate.sh
if [ -f "$installed" ] && [ -z "${PLIMSOLL_GATE:-}" ]; then PLIMSOLL_GATE=$installed exec sh "$installed" "$@"; fi
PLIMSOLL_CACHE=${PLIMSOLL_CACHE:-${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/plimsoll}
case $PLIMSOLL_CACHE in /*) ;; *) PLIMSOLL_CACHE=$PWD/$PLIMSOLL_CACHE ;; esac
export PLIMSOLL_CACHE

PATH=$root/node_modules/.bin:$PATH
export PATH

say() { printf '%s\n' "$*" >&2; }

digest() {
  if command -v sha256sum >/dev/null 2>&1; then sha256sum; else shasum -a 256; fi | cut -c1-32
}

where() {
  # A run against a Prometheus that is given fetches k6 only, and its cache must not stand for both.
  stack=embedded
  [ -z "${GATE_PROMETHEUS:-}" ] || stack=given
  versions=$root/package-lock.json
  [ -f "$versions" ] || versions=$root/package.json
  sum=$(cat "$versions" "$project"/slo/run/tools/pins.json "$project"/build/tools/*/go.sum | digest)
  [ -n "$sum" ] || return 4
  lines=$(printf 'folder=%s\nkey=plimsoll-%s-%s-%s-%s' "$PLIMSOLL_CACHE" "$(uname -s)" "$(uname -m)" "$stack" "$sum")
  if [ -n "${GITHUB_OUTPUT:-}" ]; then printf '%s\n' "$lines" >>"$GITHUB_OUTPUT"; else printf '%s\n' "$lines"; fi
}

install() {
  if [ "$root" != "$project" ] || [ -n "$(find "$project/node_modules/.package-lock.json" -newer "$project/package-lock.json" 2>/dev/null)" ]; then
    say "the packages are installed already"
    return 0
  fi
  npm_config_cache=${npm_config_cache:-$PLIMSOLL_CACHE/npm}
  export npm_config_cache
  # With the dev packages: the storage API's, and the pinned Node, are among them.
  (cd "$project" && npm ci --no-audit --no-fund) && return 0
  say "npm ci failed in $project"
  return 4
}

# Output of the load is data: on GitHub no line of it may give the runner an order, so commands stop while it speaks.
hush() {
  token=
  [ "${GITHUB_ACTIONS:-}" = true ] || return 0
  token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  printf '::stop-commands::%s\n' "$token"
}

unhush() { [ -z "$token" ] || printf '\n::%s::\n' "$token"; }

# Runs the command line without npm between: a cancelled job's signal has to reach it.
# Its words go to the log as they come, and those of stderr to a file as well. The exit code is left in $code.
load() {
  code=4
  mkfifo "$work/stderr" || return
  tee "$work/stderr.log" <"$work/stderr" >&2 &
  tee=$!
  node "$root/slo/cli/plimsoll.js" load "$@" 2>"$work/stderr" &
  cli=$!
  interrupted=
  trap 'interrupted=yes; kill -INT "$cli" 2>/dev/null' INT TERM HUP
  while :; do
    wait "$cli"
    code=$?
    kill -0 "$cli" 2>/dev/null || break
  done
  wait "$tee"
  trap - INT TERM HUP
  [ -z "$interrupted" ] || [ "$code" -le 128 ] || code=130
}

runs() { find .plimsoll/runs -mindepth 1 -maxdepth 1 -type d 2>/dev/null | LC_ALL=C sort; }

# Copies the reports of this run into the folder that the job uploads; what an earlier run left there goes first.
gather() {
  mkdir -p -- "$output" || return 1
  rm -f -- "$output"/report.html "$output"/report.json "$output"/junit.xml "$output"/summary.md "$output"/*.log
  [ -n "$run" ] || return 0
  for file in "$run"/report.html "$run"/report.json "$run"/junit.xml "$run"/summary.md "$run"/*.log; do
    [ ! -f "$file" ] || cp -- "$file" "$output/" || return 1
  done
}

gate() {
  code=2
  run=
  output=${GATE_OUTPUT:-plimsoll-report}
  case $output in /*) ;; *) output=$PWD/$output ;; esac
  case ${GATE_INCONCLUSIVE:=fail} in
    fail | warn)
      runs >"$work/before"
      hush
      load "$@"
      unhush
      runs >"$work/after"
      run=$(LC_ALL=C comm -13 "$work/before" "$work/after" | tail -n 1)
      ;;
    *) say "GATE_INCONCLUSIVE (inconclusive) is fail or warn, and nothing else" 2>&1 | tee "$work/stderr.log" >&2 ;;
  esac
  final=$code
  if [ "$code" = 3 ] && [ "$GATE_INCONCLUSIVE" = warn ]; then final=0; fi
  if ! gather; then
    say "the reports cannot be copied to $output"
    [ "$final" != 0 ] || final=4
  fi
  # Fails when there is no report behind an exit code of 0: that is no pass.
  node "$here"/annotate.[jt]s "$code" "$GATE_INCONCLUSIVE" "${run:+$run/report.json}" "$work/stderr.log" "$output/code-quality.json"
  annotated=$?
  if [ "$annotated" != 0 ] && [ "$final" = 0 ]; then final=4; fi
  [ -z "${GITHUB_OUTPUT:-}" ] || printf 'exit-code=%s\n' "$code" >>"$GITHUB_OUTPUT"
  say "exit code of the load: $code; of the gate: $final"
  return "$final"
}

# Calls gate with one argument for each flag, always as --flag=value, so that no value can become a flag of its own.
main() {
  set --
  [ -n "${GATE_SCENARIO:-}${GATE_SCRIPT:-}${GATE_ENV:-}" ] || ls plimsoll.config.* >/dev/null 2>&1 || GATE_SCENARIO=smoke
  [ -z "${GATE_ENV:-}" ] || set -- "$@" "--env=$GATE_ENV"
  [ -z "${GATE_SCENARIO:-}" ] || set -- "$@" "--scenario=$GATE_SCENARIO"
  [ -z "${GATE_SCRIPT:-}" ] || set -- "$@" "--script=$GATE_SCRIPT"
  [ -z "${GATE_TARGET:-}" ] || set -- "$@" "--target=$GATE_TARGET"
  [ -z "${GATE_PROMETHEUS:-}" ] || set -- "$@" "--prometheus=$GATE_PROMETHEUS"
  [ -z "${GATE_SPEC:-}" ] || set -- "$@" "--spec=$GATE_SPEC"
  [ -z "${GATE_RATE:-}" ] || set -- "$@" "--rate=$GATE_RATE"
  [ -z "${GATE_DURATION:-}" ] || set -- "$@" "--duration=$GATE_DURATION"
  [ -z "${GATE_FAULT:-}" ] || set -- "$@" "--fault=$GATE_FAULT"
  [ -z "${GATE_SETTLE_LIMIT:-}" ] || set -- "$@" "--settle-limit=$GATE_SETTLE_LIMIT"
  while read -r line || [ -n "$line" ]; do
    [ -z "$line" ] || set -- "$@" "--set=$line"
  done <<END
${GATE_SET:-}
END
  while read -r line || [ -n "$line" ]; do
    [ -z "$line" ] || set -- "$@" "--server-label=$line"
  done <<END
${GATE_SERVER_LABELS:-}
END
  work=$(mktemp -d) || return 4
  gate "$@"
  code=$?
  rm -rf -- "$work"
  return "$code"
}

case ${1:-} in
  where) where ;;
  install) install ;;
  run) main ;;
  *)
    say "usage: gate.sh where | install | run"
    exit 2
    ;;
esac
