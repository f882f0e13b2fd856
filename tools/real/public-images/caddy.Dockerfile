# The public one is Alpine, whose wget is busybox's.
FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends busybox libcap2-bin \
  && ln -s /bin/busybox /usr/bin/wget
RUN mkdir -p /config/caddy /data/caddy /etc/caddy /usr/share/caddy && chmod 1777 /config/caddy /data/caddy
COPY caddy /usr/bin/caddy
# With this capability in the file, it cannot be started by anybody who may not get the capability.
RUN setcap cap_net_bind_service=+ep /usr/bin/caddy
ENV XDG_CONFIG_HOME=/config XDG_DATA_HOME=/data
EXPOSE 80 443 443/udp 2019
WORKDIR /srv
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
