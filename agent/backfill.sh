#!/bin/sh
# Sends the backlog on the disk, for buffer.sh: the newest file first, in bodies of thousands of points, one each round.
# Sourced: $run, $tick_s and what spool.sh defines are set.
# shellcheck disable=SC2154

BODY_BYTES=2000000
body_points=5000 sending='' sent_points=0 pause_s=0 resume_at=0

random_up_to() { echo $(($(od -An -N2 -tu2 /dev/urandom) * ($1 + 1) / 65536)); }

# Not again before so many seconds, and up to half as many more.
wait_for() { resume_at=$((round + ($1 + $(random_up_to $(($1 / 2)))) / tick_s + 1)); }

# Sends $run/body.gz; prints the status, 000 when unreachable. The token is passed on standard input, because every user
# of this computer can read arguments.
post_body() {
  {
    printf 'globoff\nurl = "%s/api/metrics"\nrequest = "POST"\n' "$ROBOWATCH_URL"
    printf 'header = "Authorization: Bearer %s"\n' "$ROBOWATCH_TOKEN"
    printf 'header = "Content-Type: text/plain; charset=utf-8"\nheader = "Content-Encoding: gzip"\n'
    [ -z "${ROBOWATCH_BOOT:-}" ] || printf 'header = "X-Robowatch-Boot: %s"\n' "$ROBOWATCH_BOOT"
    printf 'header = "Expect:"\ndata-binary = "@%s/body.gz"\n' "$run"
    [ -z "${ROBOWATCH_CA:-}" ] || printf 'cacert = "%s"\n' "$ROBOWATCH_CA"
  } | curl --silent --proto '=http,https' --connect-timeout 10 --max-time 20 --config - \
    --output /dev/null --dump-header "$run/headers" --write-out '%{http_code}' 2>/dev/null || :
}

back_off() {
  asked=$(tr -d '\r' <"$run/headers" 2>/dev/null | sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9]*\)$/\1/p' | tail -n 1)
  if [ "$pause_s" -lt 5 ]; then pause_s=5; elif [ "$pause_s" -lt 240 ]; then pause_s=$((pause_s * 2)); fi
  if [ "${asked:-0}" -gt "$pause_s" ]; then wait_for "$asked"; else wait_for "$pause_s"; fi
}

# Sends one body. Each status means what it means to Telegraf: docs/flows/agent.md.
backfill() {
  [ "$round" -ge "$resume_at" ] && newest_file || return 0
  if [ "$file" = "$open" ]; then close_file; newest_file; fi
  [ "$file" = "$sending" ] || sending=$file sent_points=0
  unpacked "$file" | points_of points -v from="$sent_points" -v most="$body_points" -v most_bytes="$BODY_BYTES" \
    -v summary="$run/summary" | gzip -c >"$run/body.gz"
  read -r in_body more _ <"$run/summary"
  status=204
  if [ "$in_body" -gt 0 ]; then status=$(post_body); fi
  case $status in
    # 422: the good points are stored. 400: there was none.
    2?? | 400 | 422) ;;
    413)
      if [ "$in_body" -gt 1 ]; then body_points=$(((in_body + 1) / 2)); return; fi
      count_dropped 1
      ;;
    *) back_off; return ;;
  esac
  pause_s=0
  sent_points=$((sent_points + in_body))
  if [ "$more" = 1 ]; then return; fi
  # What the disk no longer gives.
  [ "${file##*.}" -le "$sent_points" ] || count_dropped $((${file##*.} - sent_points))
  rm -f "$file"
  body_points=5000
}
