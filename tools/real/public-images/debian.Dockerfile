# debian:bookworm-slim, with the CAs that this machine trusts, which package registries may need.
FROM scratch
ADD debian.tar /
COPY certificates.crt /etc/ssl/certs/ca-certificates.crt
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt PIP_CERT=/etc/ssl/certs/ca-certificates.crt
CMD ["bash"]
