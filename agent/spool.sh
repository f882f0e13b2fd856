#!/bin/sh
# The backlog on the disk, for buffer.sh: files of about an hour in $spool, each of them gzip members in a row.
#   NUMBER.BEGUN.open   the file that is being appended to     NUMBER: 10 digits, in the order of writing
#   NUMBER.BEGUN.POINTS a complete one                         BEGUN: seconds since 1970, by the robot's clock
# Sourced: $state and $run are set.
# shellcheck disable=SC2154

spool="$state/spool"
SPOOL_FILE_S=3600
open='' points=0 begun=0

# Reads the mark, then line protocol. A point can have several lines: line feeds in strings are not escaped. A mark ends
# the point before it if that was cut off.
# mode=store     prints points, and the journal's cursors
# mode=points    prints points only; with `from` and `most`, only that many (or `most_bytes`), beginning with that one;
#                `summary` gets: how many, whether there are more, the journal's last cursor
# mode=progress  prints how Telegraf's own sending has come: added, written, dropped, waiting
POINTS='
  function number(key) {
    if (!match(done, "[ ,]" key "=[0-9]+i[, ]") || RLENGTH > length(key) + 19) { is_report = 0; return 0 }
    return substr(done, RSTART + length(key) + 2, RLENGTH - length(key) - 4)
  }
  # Whether a string is open after this text: of fields, or of that string. In names and tags a quote is a letter, and a
  # backslash is one unless what it precedes is escaped.
  function is_open(text, inside) {
    while (inside ? match(text, /^([^"\\]|\\.)*"/) : match(text, /[^\\]="/)) {
      text = substr(text, RSTART + RLENGTH)
      inside = !inside
    }
    return inside
  }
  BEGIN { from += 0; last = most ? from + most : 0 }
  NR == 1 { mark = $0; next }
  substr($0, length($0) - length(mark) + 1) == mark { inside = 0; point = ""; next }
  inside { point = point "\n" $0; inside = is_open($0, 1) }
  !inside && point == "" {
    if ($0 == "" || /^#/) next
    point = $0
    inside = match(point, /[^\\] /) ? is_open(substr(point, RSTART + 2), 0) : 0
  }
  inside { next }
  { done = point; point = "" }
  done ~ /^robowatch_journal / {
    if (match(done, /[ ,]cursor="s=[0-9a-f]+;i=[0-9a-f]+;b=[0-9a-f]+;m=[0-9a-f]+;t=[0-9a-f]+;x=[0-9a-f]+"/))
      cursor = substr(done, RSTART + 9, RLENGTH - 10)
    if (mode == "store") print done
    next
  }
  done ~ /^robowatch_internal_write,/ {
    is_report = 1
    report = number("metrics_added") " " number("metrics_written") " " number("metrics_dropped") " " number("buffer_size")
    if (mode == "progress" && is_report) print report
    next
  }
  mode != "progress" {
    if (count++ < from) next
    if (last && (count > last || (bytes += length(done) + 1) > most_bytes && printed)) { more = 1; exit }
    print done
    printed++
  }
  END { if (summary) print printed + 0, more + 0, cursor >summary }'

# points_of MODE [VARIABLE=VALUE…]: from standard input. The mark is no argument: every user can read those.
points_of() {
  mode=$1
  shift
  [ ! -s "$run/mark" ] || read -r mark <"$run/mark"
  { echo "$mark"; cat; echo "$mark"; } | awk -v mode="$mode" "$@" "$POINTS" -
}

# What can be read of a file: its last member is cut off if the power was cut while it was written.
unpacked() { gzip -dc "$1" 2>/dev/null || :; }

begin_spool() {
  mkdir -p "$spool"
  if newest_file; then
    unpacked "$file" | points_of points -v summary="$run/summary" >/dev/null
    read -r points _ cursor <"$run/summary"
    case $file in *.open) trim "$file" && mv "$file" "${file%open}$points" ;; esac
    restore_cursor "$cursor"
  fi
  limit_kb=$((${ROBOWATCH_BUFFER_MB:-0} * 1024))
  if [ "$limit_kb" -le 0 ]; then
    limit_kb=$(df -Pk "$state" | awk 'NR == 2 { share = int($2 / 20); print share < 204800 ? share : 204800 }')
  fi
  reserved=$((limit_kb * 64 < 65536 ? limit_kb * 64 : 65536))
  read -r dropped told 2>/dev/null <"$state/dropped" || dropped=0 told=0
  # Where the disk was full.
  if read -r counted known 2>/dev/null <"$run/dropped" && [ "$counted" -gt "$dropped" ]; then dropped=$counted told=$known; fi
}

# newest_file, oldest_file: set $file, or fail
oldest_file() { for file in "$spool"/*.*.*; do break; done; [ -e "$file" ]; }
newest_file() { for file in "$spool"/*.*.*; do :; done; [ -e "$file" ]; }

# Gives back what was reserved: truncating to the same size does that.
trim() { truncate -s "$(wc -c <"$1")" "$1"; }

close_file() {
  [ -n "$open" ] || return 0
  trim "$open"
  mv "$open" "${open%open}$points"
  open=''
}

# number_of FILE: sets $found. Without the zeros, because with them it would be octal.
number_of() { found=${1##*/} found=${found%%.*} found=${found#"${found%%[!0]*}"}; }

# Sets $next, the number that the next file gets.
next_number() { next=1; if newest_file; then number_of "$file" && next=$((found + 1)); fi; }

open_file() {
  next_number
  begun=$(date +%s)
  open=$(printf '%s/%010d.%s.open' "$spool" "$next" "$begun") points=0
  if ! { true >"$open"; } 2>/dev/null; then open=''; return 1; fi
  sync "$spool"
  # Each append would otherwise write the file system's maps of free blocks as well: half as much again.
  fallocate --keep-size --length "$reserved" "$open" 2>/dev/null || :
}

# $state/dropped: all points lost so far, and how many of them the server was told of.
count_dropped() {
  dropped=$((dropped + $1))
  save_dropped
}

save_dropped() {
  echo "$dropped $told" >"$run/dropped"
  echo "$dropped $told" >"$state/dropped.new" && sync -d "$state/dropped.new" && mv "$state/dropped.new" "$state/dropped"
}

drop_oldest() {
  oldest_file || return 1
  lost=${file##*.}
  if [ "$file" = "$open" ]; then lost=$points open=''; fi
  rm -f "$file"
  count_dropped "$lost"
}

# save_cursor CURSOR: up to there the journal need not be read again
save_cursor() {
  printf '%s\n' "$1" >"$state/journal.cursor.new" && sync -d "$state/journal.cursor.new" && mv "$state/journal.cursor.new" "$state/journal.cursor"
}

# A cursor that came to the disk with its entries. Both are safe to go on from; the later one repeats less.
restore_cursor() {
  stored=''
  [ ! -s "$state/journal.cursor" ] || read -r stored <"$state/journal.cursor"
  if [ -n "$1" ] && [ "$(printf '%s\n' "$(time_of "$stored")" "$(time_of "$1")" | sort | tail -n 1)" = "$(time_of "$1")" ]; then
    save_cursor "$1"
  fi
}
time_of() { printf '%016s' "$(printf %s "$1" | sed -n 's/.*;t=\([0-9a-f]*\).*/\1/p')"; }

# spool_add FILE…: appends what Telegraf took there, and removes the files. What finds no place is counted as dropped.
spool_add() {
  cat "$@" | points_of store -v summary="$run/summary" | gzip -c >"$run/member"
  read -r added _ cursor <"$run/summary"
  if [ "$added" -gt 0 ]; then
    if [ -n "$open" ] && [ $(($(date +%s) - begun)) -ge "$SPOOL_FILE_S" ]; then close_file; fi
    if [ -n "$open" ] && [ "$(wc -c <"$open")" -ge $((limit_kb * 64)) ]; then close_file; fi
    kb=$(($(wc -c <"$run/member") / 1024 + 8))
    make_room "$kb"
    if [ "$kb" -gt "$limit_kb" ]; then count_dropped "$added"
    else append || { drop_oldest && append; } || count_dropped "$added"
    fi
  fi
  # What is removed from memory must be on the disk, not only on its way.
  [ -z "$open" ] || sync -d "$open"
  rm -f "$@" "$run/member"
}

# make_room KB: for so much more, and for what a new file reserves
make_room() {
  while :; do
    needed=$1
    [ -n "$open" ] || needed=$(($1 + reserved / 1024))
    [ $(($(du -sk "$spool" | cut -f 1) + needed)) -gt "$limit_kb" ] && drop_oldest || return 0
  done
}

# Fails when the disk is full; the file is then as before, because what follows half a member cannot be read.
append() {
  [ -n "$open" ] || open_file || return 1
  before=$(wc -c <"$open")
  if cat "$run/member" >>"$open"; then
    points=$((points + added))
  else
    truncate -s "$before" "$open"
    return 1
  fi
}
