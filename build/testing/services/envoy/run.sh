#!/bin/sh
# Runs Envoy alone, one thread so that every FAIL_EVERY-th request fails.
config=$(sed "s/\$METRICS_PORT/$METRICS_PORT/g; s/\$PORT/$PORT/g; s/\$FAIL_EVERY/$FAIL_EVERY/g" envoy.yaml)
exec packages/envoy/_bin/envoy --concurrency 1 --log-level error --use-dynamic-base-id --config-yaml "$config"
