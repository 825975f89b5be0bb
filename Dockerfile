# landwaiter and, for the all-in-one mode (registry.run), the distribution registry, in one image.
#   docker build -t landwaiter .
# Needs no BuildKit. The two bases can be replaced, for example by those of a mirror.
ARG NODE_IMAGE=node:24-slim
ARG REGISTRY_IMAGE=registry:2

FROM ${REGISTRY_IMAGE} AS registry

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./

# The install scripts of our packages fetch what only development needs, so none runs in an image.
FROM packages AS production
RUN npm ci --omit=dev --ignore-scripts --loglevel=error

FROM packages AS build
RUN npm ci --ignore-scripts --loglevel=error
COPY tsconfig.json ./
COPY src ./src
RUN npm run build && chmod 755 dist/main.js

FROM ${NODE_IMAGE}
LABEL org.opencontainers.image.title="landwaiter" \
      org.opencontainers.image.description="The door of a private container registry: TLS, logins, per-repository rights and an audit log" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=registry /bin/registry /usr/local/bin/registry
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=production /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# A new named volume takes over the owner and mode of these. uid 1000 is "node" in the base image.
RUN ln -s /app/dist/main.js /usr/local/bin/landwaiter \
 && mkdir -p /etc/landwaiter /var/lib/landwaiter /var/log/landwaiter \
 && chown 1000:1000 /var/lib/landwaiter /var/log/landwaiter \
 && chmod 700 /var/lib/landwaiter \
 && chmod 750 /var/log/landwaiter
ENV NODE_ENV=production
# In digits, so that Kubernetes can see that it is not root (runAsNonRoot). Ports 443 and 80 need no capability where
# net.ipv4.ip_unprivileged_port_start is 0, which Docker sets in every container and config/compose.yml asks for.
USER 1000:1000
VOLUME ["/var/lib/landwaiter", "/var/log/landwaiter"]
EXPOSE 443 80
HEALTHCHECK --interval=15s --timeout=6s --start-period=30s --retries=3 \
  CMD ["node", "/app/dist/main.js", "healthcheck"]
# Runs as process 1 without an init: it handles TERM itself and reaps the registry that it starts.
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "/app/dist/main.js"]
CMD ["serve"]
