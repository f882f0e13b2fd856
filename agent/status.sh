#!/bin/sh
# robowatch-agent status   what this robot is, what waits to be sent, what was lost
# robowatch-agent doctor   tries everything that reporting needs, and says what to do. Ends with 1 if something is wrong
set -u
export LC_ALL=C

ENV_FILE="${ROBOWATCH_ENV_FILE:-/etc/default/telegraf}"
STATE_DIR="${ROBOWATCH_STATE_DIR:-/var/lib/robowatch-agent}"
RUN_DIR="${ROBOWATCH_RUN_DIR:-/run/robowatch-agent}"
AGENT_DIR=/usr/lib/robowatch-agent

setting() { sed -n "s/^$1=//p" "$ENV_FILE" 2>/dev/null | tail -n 1; }
size_of() { du -sk "$1" 2>/dev/null | awk '{ printf "%.1f MB", $1 / 1024 }'; }
say() { printf '%-18s %s\n' "$1" "$2"; }

# request METHOD PATH [TOKEN]: prints the status, 000 when unreachable; headers and reply go to files. The token is passed on
# standard input, because every user of this computer can read arguments.
request() {
  {
    printf 'globoff\nurl = "%s%s"\nrequest = "%s"\n' "$url" "$2" "$1"
    [ -z "${3-}" ] || printf 'header = "Authorization: Bearer %s"\ndata = ""\n' "$3"
    [ -z "$ca" ] || printf 'cacert = "%s"\n' "$ca"
  } | curl --silent --show-error --proto '=http,https' --connect-timeout 10 --max-time 20 --config - \
    --output "$work/body" --dump-header "$work/headers" --write-out '%{http_code}' 2>"$work/trouble" || :
}

# Seconds by which this computer's clock is ahead of the server's, by its last reply.
clock_off() {
  theirs=$(tr -d '\r' <"$work/headers" 2>/dev/null | sed -n 's/^[Dd]ate: //p' | tail -n 1)
  [ -n "$theirs" ] && theirs=$(date -d "$theirs" +%s 2>/dev/null) || return 1
  echo $(($(date +%s) - theirs))
}

# in_words SECONDS: `90 s ahead of`, `3 h behind`
in_words() {
  size=${1#-} unit=s
  if [ "$size" -ge 172800 ]; then size=$((size / 86400)) unit=days
  elif [ "$size" -ge 7200 ]; then size=$((size / 3600)) unit=h
  elif [ "$size" -ge 300 ]; then size=$((size / 60)) unit=min
  fi
  case $1 in -*) echo "$size $unit behind" ;; *) echo "$size $unit ahead of" ;; esac
}

# whole TEXT: prints it without leading zeros, if it is a number of points
whole() {
  case $1 in '' | *[!0-9]* | ????????????????*) return 1 ;; esac
  digits=${1#"${1%%[!0]*}"}
  echo "${digits:-0}"
}

# number_in FILE: the first number in it. Telegraf's user owns the file, and root reads it: no links, and no pipes.
number_in() {
  [ -f "$1" ] && [ ! -L "$1" ] || return 1
  text=$(dd if="$1" iflag=nofollow,nonblock bs=64 count=1 2>/dev/null | tr -d '\0') || return 1
  whole "${text%%[!0-9]*}"
}

# Points that wait on the disk. The file that is being written to does not tell; the agent does, each minute.
points_waiting() {
  ! number_in "$RUN_DIR/buffered" || return 0
  points=0
  for file in "$STATE_DIR"/spool/*.*.*; do
    ! more=$(whole "${file##*.}") || points=$((points + more))
  done
  echo "$points"
}

# An empty report: 400 says that the token is good, and that there was nothing in it.
ask_about_token() {
  case $(request POST /api/metrics "$token") in
    400) answer=accepted ;;
    401) answer=refused ;;
    000) answer=unreachable ;;
    *) answer=unknown ;;
  esac
}

errors_since() { journalctl --unit=telegraf.service --since="$1" --output=cat --no-pager 2>/dev/null | tr -d '\000-\011\013-\037\177' | sed -n 's/.* E! //p'; }
running() { systemctl is-active --quiet telegraf.service; }

status() {
  say Server "$url"
  ask_about_token
  case $answer in
    accepted) say Robot 'paired; the server accepts its reports' ;;
    refused) say Robot 'not accepted: deleted, deactivated, replaced by another device or given a new token' ;;
    unreachable) say Robot "paired; the server cannot be reached now: $(sed -n 's/^curl: ([0-9]*) //p' "$work/trouble" | head -n 1)" ;;
    *) say Robot 'paired; the server is busy' ;;
  esac
  if running; then
    since=$(systemctl show --property=ActiveEnterTimestamp --value telegraf.service)
    say Telegraf "$(telegraf --version 2>/dev/null | sed -n 's/^Telegraf \([^ ]*\).*/\1/p'), running since $since"
  else
    say Telegraf 'not running: systemctl start telegraf'
  fi
  in_memory=''
  [ "$answer" = accepted ] || in_memory=', and the last minutes in memory'
  say Waiting "$(points_waiting) points on the disk, $(size_of "$STATE_DIR/spool")$in_memory"
  dropped=$(number_in "$STATE_DIR/dropped") || dropped=0
  say Lost "$dropped points since this agent was installed"
  off=$(clock_off) && say Clock "$(in_words "$off") the server's"
  return 0
}

wrong=0
good() { printf 'ok     %s\n' "$1"; }
bad() { wrong=1; printf 'WRONG  %s\n       %s\n' "$1" "$2"; }

doctor() {
  for folder in "$STATE_DIR" /etc; do
    free=$(df -Pk "$folder" 2>/dev/null | awk 'NR == 2 { print $4 }')
    if [ "${free:-0}" -ge 20000 ]; then good "$((free / 1024)) MB are free in $folder"; else bad "$folder is full" 'Free some space: what cannot be sent is kept there.'; fi
  done
  answered=$(request GET /api/health)
  if [ "$answered" = 200 ]; then
    good "$url answers"
    if off=$(clock_off); then
      if [ "${off#-}" -le 60 ]; then good 'the clock agrees with the server'; else bad "the clock is $(in_words "$off") the server's" 'Set it, for example with timedatectl set-ntp true.'; fi
    fi
  else
    bad "$url does not answer (status $answered)" "$(sed -n 's/^curl: ([0-9]*) //p' "$work/trouble" | head -n 1)"
  fi
  ask_about_token
  case $answer in
    accepted) good 'the server accepts this robot' ;;
    refused) bad 'the server does not accept this robot' 'Accept its data again there, or pair it anew: install.sh --pair-again' ;;
    *) ;;
  esac
  if running; then good 'Telegraf is running'; else bad 'Telegraf is not running' 'systemctl start telegraf; its log: journalctl -u telegraf'; fi
  errors_since -10min >"$work/errors"
  errors=$(wc -l <"$work/errors")
  if [ "$errors" -eq 0 ]; then good 'Telegraf had no errors in ten minutes'
  elif [ -z "$(errors_since -2min)" ]; then good "Telegraf had $errors errors in ten minutes, none in the last two"
  else bad "Telegraf had $errors errors in ten minutes, the last: $(tail -n 1 "$work/errors" | cut -c 1-200)" 'journalctl -u telegraf --since -10min'
  fi
  user=$(systemctl show --property=User --value telegraf.service)
  user=${user:-root}
  if [ "$user" = root ] || id -nG "$user" 2>/dev/null | tr ' ' '\n' | grep -qx systemd-journal; then
    good 'Telegraf may read the journal'
  else
    bad 'Telegraf may not read the journal' "usermod -a -G systemd-journal $user; systemctl restart telegraf"
  fi
  heard=$(sed -n 's/^ROBOWATCH_LISTEN_ON=//p' /run/robowatch-agent-listen.env 2>/dev/null)
  case $heard in
    '') ;;
    *:0) [ "$(setting ROBOWATCH_LISTEN)" = off ] || bad "numbers of this robot's own programs are not heard" 'Another program has the port: journalctl -u telegraf | grep heard. ROBOWATCH_LISTEN in /etc/default/telegraf sets another one.' ;;
    *) good "numbers of this robot's own programs are heard at $heard" ;;
  esac
  for script in journal.sh take.sh buffer.sh spool.sh backfill.sh board.sh listen.sh; do
    [ -x "$AGENT_DIR/$script" ] || bad "$AGENT_DIR/$script is missing" "Run $url/install.sh again."
  done
}

case ${1-} in
  status | doctor) ;;
  *) printf 'Usage: robowatch-agent status|doctor\n' >&2; exit 2 ;;
esac
[ "$(id -u)" = 0 ] || { printf 'Run this as root: sudo robowatch-agent %s\n' "$1" >&2; exit 3; }
url=$(setting ROBOWATCH_URL) token=$(setting ROBOWATCH_TOKEN) ca=$(setting ROBOWATCH_CA)
[ -n "$token" ] || { printf 'This computer is not paired: run install.sh of your server.\n' >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ "$1" = status ]; then status; else doctor; fi
exit "$wrong"
