#!/bin/sh
# For each line on standard input, prints the journal entries since the last one, as JSON objects:
# {"name": "syslog", "time": microseconds since 1970, "message", "level", "program"}, and after them the journal's cursor,
# {"name": "robowatch_journal", "time", "cursor"}. buffer.sh stores the cursor once the entries before it are sent or on
# the disk: a restart continues there, so it skips none, and those it repeats the server recognizes. Prints nothing if
# there is no journal.
set -u
export LC_ALL=C
umask 077

run="${ROBOWATCH_RUN_DIR:-/run/robowatch-agent}"
state="${ROBOWATCH_STATE_DIR:-/var/lib/robowatch-agent}"
cursor="$run/journal.reading"
printed=''

# Starts with a little history, then continues from the cursor, in pages, so that a long gap does not flood Telegraf's
# buffer. journalctl itself writes the cursor of the last entry it has printed. One that it refuses is given up.
new_entries() {
  if [ -s "$cursor" ]; then lines=2000; else lines=100; fi
  journalctl --quiet --no-pager --all --output=json --lines="$lines" --cursor-file="$cursor" \
    --output-fields=MESSAGE,PRIORITY,SYSLOG_IDENTIFIER,_COMM 2>"$run/journal.trouble" && return
  if [ "$lines" -eq 2000 ] && grep -qi cursor "$run/journal.trouble"; then
    echo "W! The journal does not know the cursor any more, logs go on with the newest: $(tr -cd ' -~' <"$run/journal.trouble" | head -c 200)" >&2
    rm -f "$cursor"
    new_entries
  fi
}

as_metrics() {
  awk '
    BEGIN { split("emerg alert crit err warning notice info debug", levels, " ") }

    # The value of a string field, still escaped as in the JSON, without quotes.
    function text(key) {
      if (!match($0, "\"" key "\" ?: ?\"([^\"\\\\]|\\\\.)*\"")) return ""
      found = substr($0, RSTART, RLENGTH)
      sub("^\"" key "\" ?: ?\"", "", found)
      return substr(found, 1, length(found) - 1)
    }

    # journalctl prints a message with control characters as an array of bytes. Terminal escape sequences are dropped.
    function bytes(key,   list, count, i, byte, out, escape) {
      if (!match($0, "\"" key "\" ?: ?\\[[0-9, ]*\\]")) return ""
      list = substr($0, RSTART, RLENGTH)
      gsub(/^[^[]*\[|\]|[ ]/, "", list)
      count = split(list, codes, ",")
      for (i = 1; i <= count && i <= 8000; i++) {
        byte = codes[i] + 0
        if (byte == 27) escape = 1
        else if (escape) { if (byte >= 64 && byte != 91) escape = 0 }
        else if (byte == 10) out = out "\\n"
        else if (byte == 9) out = out "\\t"
        else if (byte == 34 || byte == 92) out = out "\\" sprintf("%c", byte)
        else if (byte >= 32 && byte != 127) out = out sprintf("%c", byte)
      }
      return out
    }

    {
      time = text("__REALTIME_TIMESTAMP")
      message = text("MESSAGE")
      if (message == "") message = bytes("MESSAGE")
      if (time == "" || message == "") next
      if (length(message) > 16000) {
        message = substr(message, 1, 16000)
        sub(/\\+u?[0-9a-fA-F]*$/, "", message)
      }
      program = text("SYSLOG_IDENTIFIER")
      if (program == "") program = text("_COMM")
      priority = text("PRIORITY")
      level = priority ~ /^[0-7]$/ ? levels[priority + 1] : "info"
      printf "{\"name\":\"syslog\",\"time\":%s,\"message\":\"%s\",\"level\":\"%s\",\"program\":\"%s\"}\n", time, message, level, program
    }'
}

# Keeps reading, so that Telegraf does not restart it again and again.
idle() {
  echo "$1" >&2
  exec cat >/dev/null
}

command -v journalctl >/dev/null 2>&1 || idle 'I! No journald on this machine: not sending logs.'
mkdir -p "$run" 2>/dev/null
# Without a cursor, every interval would send the same entries.
[ -w "$run" ] || idle "W! $run is not writable: not sending logs."
rm -f "$cursor"
for stored in "$run/journal.cursor" "$state/journal.cursor"; do
  if [ -s "$stored" ]; then
    cp "$stored" "$cursor"
    break
  fi
done

while read -r _; do
  new_entries | as_metrics
  position=''
  [ ! -s "$cursor" ] || read -r position <"$cursor"
  if [ "$position" != "$printed" ]; then
    printf '{"name":"robowatch_journal","time":%s000000,"cursor":"%s"}\n' "$(date +%s)" "$position"
    printed=$position
  fi
done
