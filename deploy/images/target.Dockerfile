# The storage API and its web page, as files that esbuild made, and Node: docker build -f deploy/images/target.Dockerfile -t plimsoll-target:dev .
ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS build
WORKDIR /project
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier
COPY target target
COPY deploy/images deploy/images
# fastify-metrics looks for its client by a name made at run time, which no bundler sees; the alias gives it the one that the service uses.
RUN node_modules/.bin/esbuild server=target/server.ts web=target/web/server.ts --bundle --splitting --platform=node --format=esm --target=node24 \
      --log-level=warning --outdir=dist --out-extension:.js=.mjs --metafile=dist/meta.json --legal-comments=eof --alias:@prometheus-io/client=@platformatic/prom-client \
      --banner:js='import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' \
 && node deploy/images/sbom.ts plimsoll-target dist/meta.json >dist/sbom.cdx.json

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
LABEL org.opencontainers.image.title="plimsoll-target" \
      org.opencontainers.image.description="The storage API that Plimsoll's scenarios load" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=root /root-fs /
COPY --from=build /project/dist/*.mjs /project/dist/sbom.cdx.json /app/
COPY --from=build /project/target/web/page /app/page
ENV PATH=/usr/local/bin NODE_ENV=production HOST=0.0.0.0 PORT=5000
EXPOSE 5000
# Kubernetes can tell that it is not root only by the number.
USER 1000:1000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/readiness`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/server.mjs"]
