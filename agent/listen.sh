#!/bin/sh
# Before Telegraf starts: says where it is to listen for numbers of the robot's own programs (listener.conf). Telegraf
# ends when it cannot listen, so where that is not possible it gets a port that nobody sends to.
#
# Environment variables:
#   ROBOWATCH_LISTEN  udp://ADDRESS:PORT, an IPv4 address of this computer; `off`; by default udp://127.0.0.1:8094
#   ROBOWATCH_LISTEN_FILE, ROBOWATCH_CONF_DIR, HOST_PROC  the answer; Telegraf's configuration; as for Telegraf itself
set -u
export LC_ALL=C

wanted="${ROBOWATCH_LISTEN:-udp://127.0.0.1:8094}"
answer="${ROBOWATCH_LISTEN_FILE:-/run/robowatch-agent-listen.env}"
conf="${ROBOWATCH_CONF_DIR:-/etc/telegraf}"
net="${HOST_PROC:-/proc}/net"
NOWHERE=udp://127.0.0.1:0

settle() {
  (umask 022 && printf 'ROBOWATCH_LISTEN_ON=%s\n' "$1" >"$answer.new" && mv -f "$answer.new" "$answer")
  exit 0
}
not_heard() {
  echo "W! Numbers of this robot's programs are not heard: $1. ROBOWATCH_LISTEN in /etc/default/telegraf sets another place." >&2
  settle "$NOWHERE"
}

[ "$wanted" != off ] || settle "$NOWHERE"
place=${wanted#udp://}
address=${place%:*} port=${place##*:}
[ "$wanted" = "udp://$address:$port" ] || not_heard "$wanted is not udp://ADDRESS:PORT"
case $port in '' | *[!0-9]* | ??????*) not_heard "$port is no port" ;; esac
[ "$port" -le 65535 ] || not_heard "$port is no port"
hex=$(printf '%s\n' "$address" | awk -F. 'NF == 4 && !/[^0-9.]/ { printf "%02X%02X%02X%02X", $4, $3, $2, $1 }')
[ "${#hex}" -eq 8 ] || not_heard "$address is not an IPv4 address"

# The kernel's table of its own addresses. All of 127.0.0.0/8 are.
case $address in
  127.* | 0.0.0.0) ;;
  *)
    awk -v address="$address" '$2 == address { is_next = 1; next } is_next && /LOCAL/ { found = 1 } { is_next = 0 } END { exit !found }' \
      "$net/fib_trie" 2>/dev/null || not_heard "$address is no address of this computer, or not yet"
    ;;
esac

# Sockets are listed as ADDRESS:PORT, in hexadecimal; those of IPv6 at all addresses take the port of IPv4 as well.
cat "$net/udp" "$net/udp6" 2>/dev/null | awk -v port="$(printf %04X "$port")" -v address="$hex" '
  { split($2, local, ":") }
  local[2] != port { next }
  { last = substr(local[1], length(local[1]) - 7); before = substr(local[1], 1, length(local[1]) - 8) }
  before ~ /^0*(FFFF0000)?$/ && (last == address || last == "00000000" || address == "00000000") { taken = 1 }
  END { exit taken }' || not_heard "port $port is taken by another program"

for file in "$conf"/telegraf.conf "$conf"/telegraf.d/*.conf; do
  case ${file##*/} in robowatch-*) continue ;; esac
  ! grep -Eqs "^[[:space:]]*service_address[[:space:]]*=.*udp[46]?://[^\"]*:$port\"" "$file" ||
    not_heard "port $port is the one of $file"
done
settle "$wanted"
