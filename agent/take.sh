#!/bin/sh
# Telegraf runs this with each batch on standard input, in line protocol. It is appended to a file in memory (/run is a
# tmpfs); buffer.sh decides what of it must be kept.
#
# `take.sh mark` only makes the mark, if there is none yet.
umask 077

run="${ROBOWATCH_RUN_DIR:-/run/robowatch-agent}"
{ [ -d "$run" ] || mkdir -p "$run"; } && exec 9>"$run/lock" && flock 9 || exit 1
# The mark at the head tells, should the batch before it have been cut off, where the next one begins. Nobody else knows
# it: whoever could write it into a string could write reports that buffer.sh believes.
if [ ! -s "$run/mark" ]; then
  word=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
  [ "${#word}" -eq 32 ] && echo "#robowatch-batch-$word" >"$run/mark.new" && mv "$run/mark.new" "$run/mark" || exit 1
fi
[ "${1-}" != mark ] || exit 0
read -r mark <"$run/mark" && { echo "$mark" && cat; } >>"$run/now"
