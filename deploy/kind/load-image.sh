#!/bin/sh
# load-image.sh IMAGE: brings an image of this machine's Docker into the cluster, through the registry beside it or else by kind itself.
set -eu
[ "$(docker inspect --format '{{.State.Running}}' plimsoll-registry 2>/dev/null)" = true ] || exec kind load docker-image --name "${KIND_CLUSTER_NAME:-plimsoll}" "$1"
# An image's name without its registry: a first part with a dot or a port is one; a name of one part is in library/.
path=$(echo "$1" | sed -E 's#^([^/]*[.:][^/]*|localhost)/##')
case $path in */*) ;; *) path=library/$path ;; esac
docker tag "$1" "localhost:5001/$path"
docker push --quiet "localhost:5001/$path"
docker rmi "localhost:5001/$path" >/dev/null
