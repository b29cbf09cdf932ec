#!/bin/sh
# npm run minikube [-- up | down | flags]: the whole lab on Minikube, or on any cluster. Each step looks whether its work is done. README.md beside this tells more.
set -eu
cd "$(dirname "$0")/../.."
overlays=deploy/kubernetes/overlays
known=$(cd deploy/kubernetes/with && find . -name kustomization.yaml | sed 's#^\./##; s#/kustomization.yaml$##' | sort)

usage() {
  cat <<END
npm run minikube --                 start or reuse the profile, build, load, apply, wait; safe to run again
npm run minikube -- --with all      the same with every further part of the lab; or some of them, as in --with alerts,exporters
npm run minikube -- down            delete the profile and all in it
npm run minikube -- --context kind-dev --image-load 'kind load docker-image --name dev'
                                    the same on a cluster that runs already; down then removes only what was applied

  --profile <name>        Minikube profile (default: plimsoll)
  --cpus <n>              of a profile that is made now (default: 2)
  --memory <size>         of a profile that is made now (default: 4g, with parts 6g)
  --context <name>        any context of kubectl; no Minikube is needed, started or deleted
  --image-load <command>  how an image gets from this machine's Docker into the cluster; its name is added at the end
  --overlay <name>        folder of $overlays (default: minikube); grafana is the same with Grafana
  --with <parts>          further parts, with commas between: $(echo $known | sed 's/ /, /g'), or all
  --limit <seconds>       how long to wait for the pods (default: 180, with parts 240)

stdout: the addresses; stderr: what is done. Exit code 0: up (or down); 2: bad usage; 4: something failed, with the remedy; 130: interrupted
END
}
say() { echo "$*" >&2; }
refuse() { say "error: $1 (npm run minikube -- --help)"; exit 2; }
fail() { say "failed: $1"; say "to mend it: $2"; exit 4; }
# must WHAT REMEDY COMMAND…: what the command says goes to stderr, and so does its end where it fails
must() { what=$1 remedy=$2; shift 2; "$@" >&2 || fail "$what: \`$*\` ended with $?" "$remedy"; }
trap 'say "interrupted; what was begun stays: run this again to go on, or npm run minikube -- down"; exit 130' INT TERM

action=up profile='' context='' cpus='' memory='' image_load='' overlay=minikube with='' limit=''
while [ $# -gt 0 ]; do
  case $1 in
    up|down) action=$1; shift; continue ;;
    -h|--help) usage; exit 0 ;;
    --?*=*) flag=${1%%=*} value=${1#*=}; shift ;;
    -*) flag=$1; [ $# -gt 1 ] || refuse "the flag $1 needs a value"; value=$2; shift 2 ;;
    *) refuse "there is no word \"$1\"; up and down are" ;;
  esac
  case $value in ''|-*|*[!A-Za-z0-9-]*) plain='' ;; *) plain=yes ;; esac
  case $value in ''|0*|*[!0-9]*) number='' ;; *) number=yes ;; esac
  case $flag in
    --profile) [ "$plain" ] || refuse "$flag must be letters, digits and dashes"; profile=$value ;;
    --overlay) [ "$plain" ] || refuse "$flag must be letters, digits and dashes"; overlay=$value ;;
    --cpus) [ "$number" ] && [ "$value" -ge 2 ] || refuse "$flag must be a whole number, 2 or more"; cpus=$value ;;
    --memory) echo "$value" | grep -qiE '^[0-9]+(m|mb|g|gb)$' || refuse "$flag must be a size such as 4g or 4096mb"; memory=$value ;;
    --limit) [ "$number" ] || refuse "$flag must be a whole number, 1 or more"; limit=$value ;;
    --context) case $value in ''|-*) refuse "$flag must be the name of a context" ;; esac; context=$value ;;
    --image-load) image_load=$value ;;
    --with) [ "$value" ] || refuse "$flag names no part"; with=$value ;;
    *) refuse "there is no flag $flag" ;;
  esac
done
[ -z "$context" ] || [ -z "$profile$cpus$memory" ] || refuse "--context is of a cluster that runs already: --profile, --cpus and --memory do not go with it"

for name in $(echo "$with" | tr ',' ' '); do
  [ "$name" = all ] || echo "$known" | grep -qxF -- "$name" || refuse "there is no part \"$name\"; there are $(echo $known | sed 's/ /, /g'), and all"
done
parts=''
for part in $known; do
  for name in $(echo "$with" | tr ',' ' '); do
    # A variant brings what it varies; all is all without variants.
    case $name in "$part"|"$part"/*) ;; all) case $part in */*) continue ;; esac ;; *) continue ;; esac
    parts="$parts $part"
    break
  done
done
[ -z "$with" ] || [ "$parts" ] || refuse "--with names no part"
[ -z "${PLIMSOLL_FLAGS_ONLY:-}" ] || exit 0
on_minikube=yes
[ -z "$context" ] || on_minikube=''
context=${context:-${profile:-plimsoll}}
memory=${memory:-$([ "$parts" ] && echo 6g || echo 4g)}
limit=${limit:-$([ "$parts" ] && echo 240 || echo 180)}
k() { kubectl --context "$context" "$@" </dev/null; }

# need TOOL REMEDY COMMAND…: notes a tool that does not answer; all that are missing are told at once
missing='' remedies=''
need() {
  tool=$1 remedy=$2
  shift 2
  words=$("$@" 2>&1) || { say "    $tool: $(echo "$words" | tail -1)"; missing="$missing $tool" remedies="$remedies$remedy; "; }
}
[ -z "$on_minikube" ] || need minikube "install Minikube (minikube.sigs.k8s.io), or name a cluster that runs already with --context" minikube version --short
if [ "$action" = up ] && [ "$on_minikube$image_load" ]; then
  need docker "install Docker (docs.docker.com) and start it: \`docker version\` must show a server" docker version --format '{{.Server.Version}}'
fi
[ "$action$on_minikube" = downyes ] || need kubectl "install kubectl (kubernetes.io/docs/tasks/tools)" kubectl version --client
[ -z "$missing" ] || fail "what is needed does not answer:$missing" "${remedies%; }"

folder=$overlays/$overlay
if [ "$parts" ]; then
  folder=$overlays/.with
  mkdir -p "$folder"
  {
    echo "# Written by npm run minikube -- --with."
    echo "apiVersion: kustomize.config.k8s.io/v1beta1"
    echo "kind: Kustomization"
    echo "resources: [../$overlay, ../../agents]"
    echo "components:"
    for part in $parts; do echo "  - ../../with/$part"; done
  } >"$folder/kustomization.yaml"
fi

if [ "$action" = down ]; then
  if [ "$on_minikube" ]; then
    must "the profile was not deleted" "run \`minikube delete --profile $context --purge\` and read what it says" minikube delete --profile "$context"
  else
    left="kubectl --context $context get all -A -l app.kubernetes.io/part-of=plimsoll"
    must "not everything was removed" "see what is left: \`$left\`" k delete --kustomize "$folder" --ignore-not-found --wait --timeout=180s
  fi
  say removed
  exit 0
fi

rendered=$(kubectl kustomize "$folder") || fail "$folder cannot be rendered" "the overlays are the folders of $overlays, the parts those of deploy/kubernetes/with"
if [ -z "$on_minikube" ]; then
  :
elif [ "$(minikube status --profile "$context" --format '{{.APIServer}}' 2>/dev/null)" = Running ]; then
  say "cluster: the profile $context runs already, in the size that it was made with"
else
  say "cluster: starting the profile $context with ${cpus:-2} CPUs and $memory of memory (a minute or two the first time)"
  must "Minikube did not start" "look at \`minikube logs --profile $context\`; a profile that is broken is removed by \`npm run minikube -- down --profile $context\`" \
    minikube start --profile "$context" --cpus="${cpus:-2}" --memory="$memory" --interactive=false
fi

load() {
  # The image is an argument of its own, so that nothing in its name is read as a command.
  if [ "$image_load" ]; then sh -c "$image_load \"\$1\"" image-load "$1"; else minikube --profile "$context" image load "$1"; fi
}
has_other_target='' # true where pods may run a former image under the same name
if [ "$on_minikube$image_load" ]; then
  for own in target:plimsoll-target:dev plimsoll:plimsoll:dev; do
    file=deploy/images/${own%%:*}.Dockerfile image=${own#*:}
    say "image $image: building"
    must "the image $image was not built" "its words are above; the file is $file" docker build --file "$file" --tag "$image" .
  done
  there=''
  [ "$image_load" ] || there=$(minikube --profile "$context" image ls --format json 2>/dev/null | tr '}' '\n') || :
  # Of others' images those that this machine's Docker happens to have; the rest the cluster pulls.
  for image in plimsoll-target:dev plimsoll:dev $(echo "$rendered" | grep -oE 'image: "?[^", ]+' | sed 's/^image: "*//' | sort -u | grep -vxE 'plimsoll(-target)?:dev'); do
    id=$(docker image inspect --format '{{.Id}}' "$image" 2>/dev/null) || continue
    if echo "$there" | grep -F "${id#sha256:}" | grep -q "[\"/]$image\""; then
      say "image $image: in the cluster already"
    else
      say "image $image: loading into the cluster"
      must "the image $image did not get into the cluster" "see that the cluster runs and has room; then run this again" load "$image"
      [ "$image" != plimsoll-target:dev ] || has_other_target=yes
    fi
  done
else
  say "images: none is built or loaded without --image-load; the cluster must be able to pull them"
fi

say "applying $folder"
applied=$(k apply --kustomize "$folder" --validate=strict) ||
  fail "the manifests were not applied" "see that \`kubectl --context $context get namespaces\` answers and that you may create what $folder holds; then run this again"
for name in storage-api web; do
  case $has_other_target$applied in
    *"deployment.apps/$name created"*) ;;
    yes*"deployment.apps/$name "*)
      say "$name: its image is another one now; replacing the pods"
      must "$name was not restarted" "see that you may do it, then run this again" k --namespace plimsoll rollout restart "deployment/$name"
      ;;
  esac
done

ours='--all-namespaces --selector app.kubernetes.io/part-of=plimsoll'
give_up() {
  while read -r namespace pod status; do
    [ "$pod" ] || continue
    say "    $pod: $status"
    k --namespace "$namespace" events --for "pod/$pod" --types=Warning 2>/dev/null | tail -n 2 | sed 's/^/      /' >&2
    [ "$status" != CrashLoopBackOff ] || k --namespace "$namespace" logs --previous --tail=5 "$pod" 2>&1 | sed 's/^/      /' >&2
  done <<END
$stuck
END
  fail "not all pods were ready after $seconds s ($said)" "by what stands above. An image that is not in the cluster: have it in this machine's Docker and run this again, or load it (minikube --profile $context image load, --image-load), or have a registry that the cluster can pull from; in MongoDB's place: --with …,mongodb/ferretdb. No room: --cpus and --memory of a new profile. A volume that is not made: see whether the storage provisioner runs, in kube-system. \`kubectl --context $context describe pod\` shows more"
}
began=$(date +%s) said='' stuck='' before='' since=0
workloads=$(k get deployments,statefulsets,daemonsets $ours -o 'jsonpath={range .items[*]}{.metadata.namespace} {.kind}/{.metadata.name}{"\n"}{end}') ||
  fail "the cluster does not answer" "see that \`kubectl --context $context get pods -A\` answers; then run this again"
while read -r namespace workload; do
  while ! words=$(k --namespace "$namespace" rollout status "$workload" --timeout=5s 2>&1); do
    now=$(date +%s) words="$workload: $(echo "$words" | head -n 1)"
    seconds=$((now - began))
    [ "$words" = "$said" ] || say "$words ($seconds s)"
    said=$words
    stuck=$(k get pods $ours --no-headers 2>/dev/null | awk '$4 ~ /^Pending$|Err|BackOff|Invalid/ { print $1, $2, $4 }')
    # Not what is pending: on a cluster that has just been started a volume may come a minute late. By pod alone: a missing image is told in two ways by turns.
    names=$(echo "$stuck" | awk '$3 != "Pending" { print $2 }')
    [ "$names" = "$before" ] || since=$now
    before=$names
    case $stuck in *ErrImageNeverPull* | *InvalidImageName*) since=0 ;; esac
    [ "$seconds" -lt "$limit" ] || give_up
    [ -z "$names" ] || [ $((now - since)) -lt 25 ] || give_up
    sleep 1
  done
done <<END
$workloads
END
say "ready $(($(date +%s) - began)) s after the manifests were applied"

services=$(echo "$rendered" | awk '
  /^---/ { kind = ""; space = "default" }
  /^kind:/ { kind = $2 }
  /^  name:/ { name = $2 }
  /^  namespace:/ { space = $2 }
  /^spec:/ && kind == "Service" { print name "." space }')
pages() { # of the services that a person or a program of theirs asks, those that are here, each by a format of its title, name, namespace and port
  while read -r service port title; do
    if echo "$services" | grep -qxF "$service"; then printf "$1\n" "$title" "${service%.*}" "${service#*.}" "$port"; fi
  done <<END
storage-api.plimsoll 5000 storage API
prometheus.monitoring 9090 Prometheus
grafana.monitoring 3000 Grafana
alertmanager.monitoring 9093 Alertmanager
jaeger.monitoring 16686 Jaeger
loki.monitoring 3100 Loki
web.plimsoll 8080 web page
END
}
back=''
[ "$context" = plimsoll ] && [ "$on_minikube" ] || back=" --$([ "$on_minikube" ] && echo profile || echo context) $context"
[ "$on_minikube" ] || [ -z "$with" ] || back="$back --with $with"
cat <<END
in the cluster
$(pages '  %-14shttp://%s.%s:%s')

on this machine at 127.0.0.1, each in a terminal of its own
$(pages "  %-14skubectl --context $context port-forward service/%s --namespace %s %s")

next
  npm run load -- --scenario smoke --in kubernetes --context $context              a load from pods, judged here
  kubectl --context $context apply -k deploy/kubernetes/load                       the same without this command: see job/smoke

to remove it all
  npm run minikube -- down$back
END
