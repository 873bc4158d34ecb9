# The one image of both halves: `fairlead controller`, `fairlead proxy`, and the rest of the command line.
# Behind a mirror: --build-arg BUILD_IMAGE=mirror.example/node:24-bookworm-slim --build-arg RUN_IMAGE=…
ARG BUILD_IMAGE=node:24-bookworm-slim
ARG RUN_IMAGE=gcr.io/distroless/nodejs24-debian12:nonroot

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --no-audit --no-fund
COPY tsconfig.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run build && rm -f dist/*.map dist/chunks/*.map
# What is inside, for scanners (CycloneDX).
RUN npm sbom --omit=dev --sbom-format=cyclonedx > dist/sbom.cdx.json

FROM ${RUN_IMAGE}
LABEL org.opencontainers.image.title="fairlead" \
      org.opencontainers.image.description="An API gateway for Kubernetes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.source="https://fairlead.dev"
COPY --from=build /src/dist /app
COPY LICENSE /app/
USER 65532:65532
# As PID 1 it handles SIGTERM itself: it drains and exits. The young generation pays for itself (docs/adr).
ENTRYPOINT ["/nodejs/bin/node", "--min-semi-space-size=32", "--max-semi-space-size=32", "--disable-proto=delete", "--unhandled-rejections=strict", "--no-deprecation", "/app/fairlead.js"]
CMD ["--help"]
