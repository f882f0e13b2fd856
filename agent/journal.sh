#!/bin/sh
# For each line on standard input, prints the journal entries since the last one, as JSON objects:
# {"time": microseconds since 1970, "message", "level", "program"}. The journal's cursor is stored in
# ROBOWATCH_STATE_DIR, so a restart neither repeats nor skips entries. Prints nothing if there is no journal.
set -u
export LC_ALL=C
umask 077

state="${ROBOWATCH_STATE_DIR:-/var/lib/robowatch-agent}"
cursor="$state/journal.cursor"

# Starts with a little history, then continues from the cursor, in pages, so that a long gap does not flood Telegraf's
# buffer. journalctl itself writes the cursor of the last entry it has printed.
new_entries() {
  if [ -s "$cursor" ]; then lines=2000; else lines=100; fi
  journalctl --quiet --no-pager --all --output=json --lines="$lines" --cursor-file="$cursor" \
    --output-fields=MESSAGE,PRIORITY,SYSLOG_IDENTIFIER,_COMM 2>/dev/null
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
      printf "{\"time\":%s,\"message\":\"%s\",\"level\":\"%s\",\"program\":\"%s\"}\n", time, message, level, program
    }'
}

# Keeps reading, so that Telegraf does not restart it again and again.
idle() {
  echo "$1" >&2
  exec cat >/dev/null
}

command -v journalctl >/dev/null 2>&1 || idle 'I! No journald on this machine: not sending logs.'
# Without a cursor, every interval would send the same entries.
[ -w "$state" ] || idle "W! $state is not writable: not sending logs."

while read -r _; do
  new_entries | as_metrics
done
