FROM debian:bookworm-slim
RUN groupadd --system --non-unique --gid 999 redis && useradd --system --gid redis --uid 999 redis
RUN apt-get update && apt-get install -y --no-install-recommends redis-server
RUN mkdir /data && chown redis:redis /data
VOLUME /data
WORKDIR /data
EXPOSE 6379
CMD ["redis-server"]
