# Build: everything, then only what production needs. Run: no build tools, no shell needed, not root, nothing written but
# to /tmp and /var/lib/wardstream. `--build-arg OMIT=optional` leaves out chDB, TensorFlow.js and the encoders of notes and images.
FROM node:24.11.1-bookworm-slim AS build
ARG OMIT
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY packages packages
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build && npm prune --omit=dev --omit=${OMIT:-dev} --ignore-scripts && node scripts/keep-own-platform.mjs

FROM node:24.11.1-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
RUN groupadd --gid 10001 wardstream && useradd --uid 10001 --gid 10001 --no-create-home wardstream \
    && install -d -o 10001 -g 10001 /var/lib/wardstream
COPY --from=build /app/package.json /app/LICENSE /app/NOTICE ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/schemas schemas
COPY --from=build /app/models models
COPY --from=build /app/dashboards/ward/dist dashboards/ward/dist
USER 10001:10001
VOLUME /var/lib/wardstream
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s --retries=4 \
    CMD ["node", "-e", "fetch('http://127.0.0.1:8080/health/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/main.js"]
CMD ["run", "--config", "/etc/wardstream/wardstream.yaml"]
