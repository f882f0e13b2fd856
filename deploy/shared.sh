# shellcheck shell=sh
# What the commands in this folder have in common.

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

# One command at a time changes the stack.
lock() {
  command -v flock >/dev/null || return 0
  exec 9>.lock
  flock -n 9 || die 'Another ./backup, ./restore, ./rotate or ./upgrade is at work here. Wait until it has ended.'
}

# setting NAME: its value in .env, or nothing.
setting() { sed -n "s/^$1=//p" .env 2>/dev/null | tail -n 1; }

# uses_profile NAME: whether .env turns a profile of compose.yaml on.
uses_profile() { case ",$(setting COMPOSE_PROFILES)," in *,"$1",*) true ;; *) false ;; esac; }

# clickhouse_query SQL: as its administrator, in its container.
clickhouse_query() {
  docker compose exec -T clickhouse sh -c 'export CLICKHOUSE_PASSWORD=$(cat /run/secrets/clickhouse-admin-password); exec clickhouse-client --user admin --query "$1"' sh "$1"
}

# Where ClickHouse puts and looks for a backup (clickhouse/server.xml).
# shellcheck disable=SC2034
CLICKHOUSE_BACKUP=/var/lib/clickhouse/backups/robowatch.tar

release() { sed -n 's/.*"version": "\(.*\)".*/\1/p' ../package.json; }

# Tells whether a stack has the key that a backup's secrets are sealed with. Says nothing about the key: it is random.
key_id() { sha256sum <secrets/secret-key | cut -c 1-16; }

random() { od -An -v -N32 -tx1 /dev/urandom | tr -d ' \n'; }
