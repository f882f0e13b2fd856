#!/bin/sh
# Prints three points and logs one entry for each line on standard input, and writes down that it did. Strings have line
# feeds, quotes and what looks like another point.
while read -r _; do
  t=$(date +%s)
  echo "$t" >>/var/log/truth/seconds
  for part in 0 1 2; do
    printf 'truth,part=%s n=%si,text="%s\ntruth,part=9 n=1i 1\n\\"" %s000000000\n' "$part" "$t" "$t" "$t"
  done
  logger -t truth "entry $t"
done
