# The load generator and the judge: docker build -f deploy/images/plimsoll.Dockerfile -t plimsoll:dev .
# Node, the CLI, k6, the scenarios as bundles; nothing in it is built or fetched when it runs.
ARG NODE_IMAGE=node:24-bookworm-slim
ARG GO_IMAGE=golang:1.26-bookworm

FROM ${GO_IMAGE} AS k6
WORKDIR /k6
COPY build/tools/k6/go.mod build/tools/k6/go.sum build/tools/k6/main.go ./
# Without cgo it runs on any base. The list of its modules stays inside, where scanners read it.
RUN CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o /out/k6 .

FROM ${NODE_IMAGE} AS build
WORKDIR /plimsoll
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --no-update-notifier
COPY target/api target/api
COPY target/faults target/faults
COPY scenarios scenarios
COPY slo slo
COPY deploy/images deploy/images
RUN node_modules/.bin/esbuild scenarios/*.ts --bundle --format=esm --platform=neutral --target=es2022 --charset=utf8 --log-level=warning \
      --sourcemap=inline --sources-content=false '--external:k6' '--external:k6/*' --outdir=dist/bundles \
 && node_modules/.bin/esbuild slo/cli/main.ts --bundle --splitting --platform=node --format=esm --target=node24 --log-level=warning \
      --outdir=dist/slo/cli --out-extension:.js=.mjs --metafile=meta.json --legal-comments=eof --alias:esbuild=./deploy/images/no-esbuild.ts \
      --banner:js='import { createRequire as createRequireForBundle } from "node:module"; const require = createRequireForBundle(import.meta.url);' \
 && node deploy/images/sbom.ts plimsoll meta.json >dist/sbom.cdx.json \
 # What the HTML report carries of uPlot is read by its package's name.
 && mkdir -p dist/node_modules/uplot \
 && cp -r node_modules/uplot/dist node_modules/uplot/package.json node_modules/uplot/LICENSE dist/node_modules/uplot/ \
 && mkdir -p dist/slo/report/html && cp slo/report/html/page.js slo/report/html/page.css dist/slo/report/html/ \
 && cp -r slo/objectives dist/slo/objectives \
 && mkdir -m 1777 work

# What Node needs to run, and nothing else: no shell, no package manager. Scanners find the libraries' versions where Debian keeps them.
FROM ${NODE_IMAGE} AS root
RUN mkdir -p /root-fs/usr/local/bin /root-fs/etc /root-fs/var/lib/dpkg/status.d && mkdir -m 1777 /root-fs/tmp \
 && cp /usr/local/bin/node /root-fs/usr/local/bin/ \
 && ldd /usr/local/bin/node | grep -o '/[^ ]*' | xargs -I{} cp -L --parents {} /root-fs \
 && for package in libc6 libgcc-s1 libstdc++6; do dpkg -s $package >/root-fs/var/lib/dpkg/status.d/$package; done \
 && cp -L /etc/os-release /root-fs/etc/os-release \
 && echo 'plimsoll:x:1000:1000::/tmp:/sbin/nologin' >/root-fs/etc/passwd && echo 'plimsoll:x:1000:' >/root-fs/etc/group

FROM scratch
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="plimsoll" \
      org.opencontainers.image.description="Load generator and SLO verification: k6 scenarios in, PromQL counts, a verdict out" \
      org.opencontainers.image.licenses="MIT AND AGPL-3.0-only" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=root /root-fs /
COPY --from=k6 /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/
COPY --from=k6 /out/k6 /usr/local/bin/k6
COPY --from=build /plimsoll/dist /plimsoll
COPY --from=build /plimsoll/scenarios /plimsoll/scenarios
# Where runs are kept: mount a volume there, for the root file system may be read-only.
COPY --from=build --chown=1000:1000 /plimsoll/work /work
ENV PATH=/usr/local/bin NODE_ENV=production K6_BIN=/usr/local/bin/k6 PLIMSOLL_BUNDLES=/plimsoll/bundles PLIMSOLL_CACHE=/work/.cache
WORKDIR /work
USER 1000:1000
# It is a command that ends: its exit code is its health.
HEALTHCHECK NONE
ENTRYPOINT ["node", "/plimsoll/slo/cli/main.mjs"]
CMD ["--help"]
