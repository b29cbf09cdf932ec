#!/bin/sh
# npm run kind [-- down | flags of npm run minikube]: the lab on kind. A cluster, a registry beside it where Docker can run one, and then deploy/minikube.
set -eu
cd "$(dirname "$0")/../.."
name=${KIND_CLUSTER_NAME:-plimsoll} registry=plimsoll-registry lab=deploy/minikube/minikube.sh
say() { echo "$*" >&2; }
# Bad usage makes no cluster, and help needs none.
case " $* " in *" -h "*|*" --help "*) exec sh $lab --help ;; esac
PLIMSOLL_FLAGS_ONLY=1 sh $lab --context "kind-$name" "$@" || exit
for tool in kind docker kubectl; do
  command -v "$tool" >/dev/null || { say "$tool is not on PATH; kind: https://kind.sigs.k8s.io, docker: https://docs.docker.com, kubectl: https://kubernetes.io/docs/tasks/tools"; exit 4; }
done

case " $* " in *" down "*)
  docker rm --force --volumes "$registry" >/dev/null 2>&1 || :
  kind delete cluster --name "$name" || exit 4
  exit 0 ;;
esac
[ "${1:-}" != up ] || shift

if kind get clusters 2>/dev/null | grep -qx "$name"; then
  say "cluster: $name runs already"
else
  kind create cluster --name "$name" --config deploy/kind/cluster.yaml --wait 120s || { say "kind made no cluster: its last words are above; npm run kind -- down removes what is left of it"; exit 4; }
fi
if [ "$(docker inspect --format '{{.State.Running}}' "$registry" 2>/dev/null)" != true ]; then
  docker rm --force --volumes "$registry" >/dev/null 2>&1 || :
  if said=$(docker run --detach --restart=always --name "$registry" --network kind --publish 127.0.0.1:5001:5000 registry:3 2>&1); then
    say "registry: localhost:5001; what is pushed there the cluster pulls under the same name"
  else
    docker rm --force "$registry" >/dev/null 2>&1 || :
    say "registry: none, images go in by kind itself ($(echo "$said" | tail -1))"
  fi
fi

export KIND_CLUSTER_NAME="$name"
exec sh $lab --context "kind-$name" --image-load deploy/kind/load-image.sh "$@"
