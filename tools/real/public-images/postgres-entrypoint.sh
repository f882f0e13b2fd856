#!/bin/bash
# Does what the public image's entry point does with the variables that deploy/compose.yaml sets. Not run as root.
set -eu

if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
  mkdir -p "$PGDATA"
  chmod 700 "$PGDATA"
  read -ra options <<<"${POSTGRES_INITDB_ARGS-}"
  initdb --username "${POSTGRES_USER:-postgres}" --pwfile "$POSTGRES_PASSWORD_FILE" "${options[@]}"
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
fi
exec "$@"
