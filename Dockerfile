# Debian and glibc: the password hashing comes as a library that is built for it.
FROM node:24-slim AS base
WORKDIR /app
COPY package.json package-lock.json ./

FROM base AS build
# No package needs its install script here, and what does not run cannot do harm.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY drizzle drizzle
COPY src src
COPY plugins plugins
COPY routes routes
RUN npm run build

FROM base AS dependencies
RUN npm ci --ignore-scripts --omit=dev

FROM base
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
COPY LICENSE ./
COPY --from=dependencies /app/node_modules node_modules
COPY drizzle drizzle
COPY --from=build /app/dist dist
# The embedded database and its root secret are all that the service ever writes.
RUN install --directory --owner=node --group=node --mode=0700 .latchkey
VOLUME /app/.latchkey
USER node
EXPOSE 3000
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "--eval", "fetch(`http://127.0.0.1:${process.env.PORT}/health`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# The process itself, without npm or a shell before it, so that SIGTERM reaches it.
CMD ["node", "dist/src/cli/main.js", "serve"]
