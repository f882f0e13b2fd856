#!/bin/sh
# Keeps what the server has not confirmed. Telegraf sends by itself, and gives take.sh a copy of everything, which is in
# memory. For each line on standard input (every 10 s) this script closes, confirms, stores or sends parts of that copy:
# a part that Telegraf has sent is removed, one that it could not send goes to the disk. Prints `robowatch_agent`.
#
# `buffer.sh collect` takes everything in memory to the disk, for when Telegraf has ended.
set -u
export LC_ALL=C
umask 077

run="${ROBOWATCH_RUN_DIR:-/run/robowatch-agent}"
state="${ROBOWATCH_STATE_DIR:-/var/lib/robowatch-agent}"
tick_s="${ROBOWATCH_TICK:-10}"
# In rounds: how often a part is closed, how long its confirmation may take, how often the cursor goes to the disk.
PART=6 GRACE=6 CURSOR=60
# Parts that are written to the disk together: each write costs it several blocks, however little is written.
TOGETHER=4

round=0 number=0 live='' now_dropped=0 waited=0 outage='' outage_dropped=0 until_added='' cursor_saved=''

# shellcheck source=spool.sh
. "${0%/*}/spool.sh"
# shellcheck source=backfill.sh
. "${0%/*}/backfill.sh"

# progress FILE…: sets what Telegraf's last report in these files says, and $samples, how many there are
progress() {
  samples=0 second=0
  for one in "$@"; do [ ! -e "$one" ] || cat "$one"; done | points_of progress >"$run/progress"
  while read -r a w d b; do
    samples=$((samples + 1)) added_=$a written_=$w dropped_=$d waiting_=$b
    [ "$samples" -ne 2 ] || second=$a
  done <"$run/progress"
}

# Takes what Telegraf has appended so far. The name ends with how much Telegraf had dropped when the part began.
close_part() {
  [ -s "$run/now" ] || return 0
  exec 9>"$run/lock"
  if flock -w 5 9; then
    number=$((number + 1))
    closed=$(printf '%s/part.%08d.%s' "$run" "$number" "$now_dropped")
    mv "$run/now" "$closed"
    progress "$closed" 9>&-
    [ "$samples" -eq 0 ] || now_dropped=$dropped_
  fi
  exec 9>&-
}

# Whether Telegraf's own sending works, by its last three reports: 1, 0 or, when that cannot be told, as before.
look() {
  progress "$run"/part.* "$run/now"
  [ "$samples" -gt 0 ] || return 0
  before=$(tail -n 3 "$run/progress" | awk 'NR == 1 { first = $2 } NR == 2 { second = $2 } END { print first, second, NR }')
  first=${before%% *} before=${before#* }
  if [ "$waiting_" -eq 0 ] && [ "$added_" -gt 0 ]; then live=1
  elif [ "${before#* }" -eq 3 ] && [ "$written_" -gt "${before% *}" ]; then live=1
  elif [ "${before#* }" -eq 3 ] && [ "$written_" -eq "$first" ]; then live=0
  fi
}

# confirmed CURSOR: the journal up to there need not be read again, as long as this computer runs
confirmed() {
  [ -z "$1" ] || { printf '%s\n' "$1" >"$run/journal.cursor.new" && mv "$run/journal.cursor.new" "$run/journal.cursor"; }
}

# Decides on the parts, the oldest first.
settle() {
  while :; do
    set -- "$run"/part.*
    [ -e "$1" ] || return 0
    part=$1
    shift
    progress "$@" "$run/now"
    # Telegraf's first report after the part may be older than the part's last points, the second cannot.
    if [ "$samples" -ge 2 ] && [ $((added_ - waiting_)) -ge "$second" ] && [ "$dropped_" -eq "${part##*.}" ]; then
      points_of points -v summary="$run/summary" <"$part" >/dev/null
      read -r _ _ cursor <"$run/summary"
      confirmed "$cursor"
      rm -f "$part"
    elif [ "$live" = 0 ]; then
      [ $(($# + 1)) -ge "$TOGETHER" ] || return 0
      [ -n "$outage" ] || begin_outage
      store "$part" "$@"
    elif [ "$waited" -lt "$GRACE" ]; then
      waited=$((waited + 1))
      return 0
    else
      store "$part"
    fi
    waited=0
  done
}

store() {
  spool_add "$@"
  confirmed "$cursor"
}

begin_outage() {
  close_file
  next_number
  outage=$next outage_dropped=${part##*.}
}

# After an outage Telegraf first sends what it has in its own memory. If it had to drop nothing, that is everything.
return_from_outage() {
  if [ "$live" != 1 ]; then until_added=''; return; fi
  if [ -z "$until_added" ]; then
    close_file
    next_number
    until_added=$added_ outage_end=$next
  fi
  [ $((added_ - waiting_)) -ge "$until_added" ] || return 0
  if [ "$dropped_" -eq "$outage_dropped" ]; then
    for file in "$spool"/*.*.*; do
      [ -e "$file" ] && number_of "$file"
      if [ "$found" -ge "$outage" ] && [ "$found" -lt "$outage_end" ]; then rm -f "$file"; fi
    done
  fi
  outage='' until_added='' resume_at=$((round + $(random_up_to 6)))
}

# What needs no looking at while everything is sent: no part to decide on, no backlog, no outage.
is_quiet() {
  set -- "$run"/part.*
  [ ! -e "$1" ] && [ -z "$outage" ] && ! newest_file
}

save_position() {
  [ -s "$run/journal.cursor" ] || return 0
  read -r cursor <"$run/journal.cursor"
  if [ "$cursor" != "$cursor_saved" ]; then save_cursor "$cursor"; cursor_saved=$cursor; fi
}

report() {
  buffered=0 age=0
  for file in "$spool"/*.*.*; do
    case $file in *'*') ;; *.open) buffered=$((buffered + points)) ;; *) buffered=$((buffered + ${file##*.})) ;; esac
  done
  echo "$buffered" >"$run/buffered"
  if oldest_file; then
    since=${file%.*}
    age=$(($(date +%s) - ${since##*.}))
    [ "$age" -ge 0 ] || age=0
  fi
  bytes=0
  [ "$buffered" -eq 0 ] || bytes=$(($(du -sk "$spool" | cut -f 1) * 1024))
  echo "robowatch_agent buffered_bytes=${bytes}i,buffered_points=${buffered}i,dropped_points=${told}i,oldest_age_s=${age}i"
  # An alert sees a counter grow between two reports that come while it looks: not what happened in the outage.
  if [ "$live" = 1 ] && [ -z "$outage" ] && [ "$told" -ne "$dropped" ]; then
    told=$dropped
    save_dropped
  fi
}

collect() {
  begin_spool
  if [ -s "$run/now" ]; then mv "$run/now" "$run/part.99999999.0"; fi
  set -- "$run"/part.*
  if [ -e "$1" ]; then store "$@"; close_file; else save_position; fi
}

mkdir -p "$run" "$spool"
if ! { [ -w "$run" ] && [ -w "$spool" ]; }; then
  echo "W! $run or $spool is not writable: what cannot be sent is kept in memory only." >&2
  [ "${1-}" = collect ] || exec cat >/dev/null
  exit 1
fi
sh "${0%/*}/take.sh" mark && read -r mark <"$run/mark" || exit 1
# Telegraf has ended without this script, or this script without Telegraf: what is here cannot be confirmed any more.
collect
[ "${1-}" != collect ] || exit 0
resume_at=$(random_up_to 6)

while read -r _; do
  round=$((round + 1))
  size=0
  [ ! -s "$run/now" ] || size=$(wc -c <"$run/now")
  if [ $((round % PART)) -eq 0 ] || [ "$size" -gt 1000000 ]; then close_part; fi
  if ! is_quiet; then
    look
    [ -z "$outage" ] || return_from_outage
    settle
    if [ "$live" = 1 ] && [ -z "$outage" ]; then backfill; fi
  fi
  if [ $((round % CURSOR)) -eq 0 ]; then save_position; fi
  if [ $((round % PART)) -eq 1 ]; then report; fi
done
