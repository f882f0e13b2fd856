FROM debian:bookworm-slim
RUN groupadd --system --gid 1000 influxdb && useradd --system --gid influxdb --uid 1000 --create-home influxdb
COPY influxd influx /usr/local/bin/
RUN mkdir -p /var/lib/influxdb2 /etc/influxdb2 && chown influxdb:influxdb /var/lib/influxdb2 /etc/influxdb2
VOLUME /var/lib/influxdb2 /etc/influxdb2
EXPOSE 8086
CMD ["influxd"]
