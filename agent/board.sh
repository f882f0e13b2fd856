#!/bin/sh
# What the board tells about itself, where a file or a program tells: Telegraf runs this every minute. Prints line
# protocol; whatever a board lacks is left out. Once an hour, and when it starts, also the inventory.
#
# Environment variables, all with a default:
#   ROBOWATCH_PROCESSES  how many processes to tell of, by processor time and by memory; 0: none
#   ROBOWATCH_RUN_DIR    folder in memory, for what is compared with the minute before
#   HOST_SYS, HOST_PROC, HOST_ETC  as for Telegraf itself
set -u
export LC_ALL=C
umask 077

run="${ROBOWATCH_RUN_DIR:-/run/robowatch-agent}"
sys="${HOST_SYS:-/sys}" proc="${HOST_PROC:-/proc}" etc="${HOST_ETC:-/etc}"
most="${ROBOWATCH_PROCESSES:-3}"
mkdir -p "$run" || exit 1

# value FILE: its first line, without NUL bytes; fails when there is none
value() {
  [ -r "$1" ] || return 1
  read_=$(tr -d '\0' <"$1" 2>/dev/null | head -n 1)
  [ -n "$read_" ] && printf '%s' "$read_"
}
# number FILE: the same, if it is a whole number
number() { found=$(value "$1") && whole "$found" && printf '%s' "$found"; }
whole() { case $1 in '' | - | *[!0-9-]*) return 1 ;; esac; }
# Telegraf refuses everything if one line is wrong: of a tag only printable ASCII is kept, without quotes and backslashes.
tag() {
  kept=$(printf '%s' "$1" | tr '\\"' '__' | tr -cd ' -~')
  printf '%s' "${kept:--}" | sed 's/[ ,=]/\\&/g'
}
string() { printf '"%s"' "$(printf '%s' "$1" | tr -d '\000-\037\177' | sed 's/[\\"]/\\&/g')"; }
is_set() { if [ $(($1 & $2)) -ne 0 ]; then echo true; else echo false; fi; }

# Raspberry Pi: under-voltage and throttling, now and since it was switched on. Bits: the firmware's get_throttled.
throttling() {
  for file in "$sys"/devices/platform/soc/*firmware/get_throttled; do
    bits=$(value "$file") || continue
    case $bits in *[!0-9a-fA-Fx]*) continue ;; 0x*) ;; *) bits=0x$bits ;; esac
    printf 'soc under_voltage=%s,frequency_capped=%s,throttled=%s,hot=%s,under_voltage_seen=%s,throttled_seen=%s\n' \
      "$(is_set "$bits" 1)" "$(is_set "$bits" 2)" "$(is_set "$bits" 4)" "$(is_set "$bits" 8)" \
      "$(is_set "$bits" 65536)" "$(is_set "$bits" 262144)"
    return
  done
}

frequency() {
  for policy in "$sys"/devices/system/cpu/cpufreq/policy*; do
    khz=$(number "$policy/scaling_cur_freq") || continue
    max=$(number "$policy/cpuinfo_max_freq") || max=$khz
    echo "cpu_frequency,policy=${policy##*/} current_mhz=$((khz / 1000))i,max_mhz=$((max / 1000))i"
  done
}

# Signal of each wireless interface; its rate where `iw` is installed.
wifi() {
  [ -r "$proc/net/wireless" ] || return 0
  awk 'NR > 2 && $4 + 0 < 0 { sub(/:/, "", $1); print $1, int($4) }' "$proc/net/wireless" |
    while read -r interface dbm; do
      rate=$(iw dev "$interface" link 2>/dev/null | awk '/bitrate:/ && $1 == "tx" { print $3; exit }')
      printf 'wifi,interface=%s signal_dbm=%si%s\n' "$(tag "$interface")" "$dbm" "${rate:+,rate_mbit_s=$rate}"
    done
}

# Of the last minute: the share of time in which some task waited.
pressure() {
  for what in cpu memory io; do
    file="$proc/pressure/$what"
    [ -r "$file" ] || continue
    waiting=$(sed -n 's/^some .*avg60=\([0-9.]*\).*/\1/p' "$file" 2>/dev/null)
    [ -z "$waiting" ] || echo "pressure,resource=$what waiting_percent=$waiting"
  done
  kills=$(sed -n 's/^oom_kill //p' "$proc/vmstat" 2>/dev/null)
  ! whole "$kills" || echo "memory_kills processes=${kills}i"
}

# Load of graphics and neural processors: Rockchip says `12@600000000Hz`, Jetson tenths of a percent.
accelerators() {
  for file in "$sys"/class/devfreq/*/load; do
    load=$(value "$file") || continue
    name=${file%/load} name=${name##*/} name=${name##*.}
    load=${load%%@*}
    ! whole "$load" || printf 'accelerator,name=%s load_percent=%s\n' "$(tag "$name")" "$load"
  done
  for file in "$sys"/devices/gpu.0/load "$sys"/devices/platform/gpu.0/load; do
    load=$(number "$file") || continue
    echo "accelerator,name=gpu load_percent=$(awk -v load="$load" 'BEGIN { print load / 10 }')"
    return
  done
}

batteries() {
  for supply in "$sys"/class/power_supply/*; do
    case $(value "$supply/type") in Battery | UPS) ;; *) continue ;; esac
    fields=''
    percent=$(number "$supply/capacity") && fields="percent=$percent"
    microvolts=$(number "$supply/voltage_now") &&
      fields="${fields:+$fields,}volt=$(awk -v v="$microvolts" 'BEGIN { print v / 1e6 }')"
    status=$(value "$supply/status") && fields="${fields:+$fields,}status=$(string "$status")"
    [ -z "$fields" ] || printf 'power_supply,name=%s %s\n' "$(tag "${supply##*/}")" "$fields"
  done
}

# How much of its life an eMMC has used, in tenths, of its two kinds of cells the worse one. SD cards do not tell.
wear() {
  for device in "$sys"/block/mmcblk*/device; do
    life=$(value "$device/life_time") || continue
    name=${device%/device}
    percent=0
    for tenths in $life; do
      case $tenths in 0x0[1-9a-bA-B]) ;; *) continue ;; esac
      [ $((tenths * 10)) -le "$percent" ] || percent=$((tenths * 10))
    done
    [ "$percent" -eq 0 ] || echo "flash_wear,name=${name##*/} life_used_percent=$percent"
  done
}

units() {
  command -v systemctl >/dev/null || return 0
  failed=$(systemctl list-units --failed --no-legend --plain --no-pager 2>/dev/null) || return 0
  names=$(printf '%s\n' "$failed" | awk 'NF { print $1 }' | sort | head -n 20 | tr '\n' ' ')
  count=$(printf '%s\n' "$failed" | awk 'NF { n++ } END { print n + 0 }')
  printf 'systemd_units failed=%si,names=%s\n' "$count" "$(string "${names% }")"
}

# The processes with the most processor time in the last minute, and those with the most memory; of one name together.
processes() {
  case $most in [1-9] | 1[0-9]) ;; *) return 0 ;; esac
  page=$(getconf PAGESIZE) ticks=$(getconf CLK_TCK)
  now=$(value "$proc/uptime") || return 0
  now=${now%% *}
  cat "$proc"/[0-9]*/stat 2>/dev/null | awk '{
      open = index($0, "("); close_ = match($0, /\)[^)]*$/)
      # A name may contain line feeds.
      if ($1 !~ /^[0-9]+$/ || close_ <= open) next
      split(substr($0, close_ + 2), field, " ")
      print substr($0, 1, open - 2), field[20], field[12] + field[13], field[22], substr($0, open + 1, close_ - open - 1)
    }' >"$run/processes.new"
  [ -e "$run/processes" ] || : >"$run/processes"
  awk -v most="$most" -v page="$page" -v ticks="$ticks" -v now="$now" '
    # Lines are: process, when it began, processor time, pages, name. The first one of a file is the time.
    function name_of() {
      name = $0
      for (i = 0; i < 4; i++) sub(/^[^ ]* /, "", name)
      gsub(/["\\]/, "_", name); gsub(/[^ -~]/, "", name)
      return name == "" ? "-" : name
    }
    is_before && NF == 1 { since = $1; next }
    is_before { before[$1 " " $2] = $3; next }
    {
      name = name_of()
      memory[name] += $4 * page
      # What began since the minute before has used all of its time since then.
      if (since) time[name] += $3 - before[$1 " " $2]
    }
    function put(name) {
      if (name in done) return
      done[name] = 1
      shown = name
      gsub(/[ ,=]/, "\\\\&", shown)
      line = sprintf("process,name=%s memory_bytes=%.0fi", shown, memory[name])
      if (since && now > since) line = line sprintf(",cpu_percent=%.2f", 100 * time[name] / ticks / (now - since))
      print line
    }
    function put_most(values, n, best, name) {
      for (n = 0; n < most; n++) {
        best = ""
        for (name in values) if (!(name in taken) && values[name] > 0 && (best == "" || values[name] > values[best])) best = name
        if (best == "") break
        taken[best] = 1
        put(best)
      }
      for (name in taken) delete taken[name]
    }
    END { put_most(time); put_most(memory) }' is_before=1 "$run/processes" is_before=0 "$run/processes.new"
  { echo "$now"; cat "$run/processes.new"; } >"$run/processes.next"
  mv "$run/processes.next" "$run/processes"
  rm -f "$run/processes.new"
}

# What this computer is. The disk's serial number is that of the one that holds the root, where it has one.
inventory() {
  [ -z "$(find "$run/inventory" -mmin -60 2>/dev/null)" ] || return 0
  model=$(value "$proc/device-tree/model") || model=$(value "$sys/class/dmi/id/product_name") || model=''
  os=$(sed -n 's/^PRETTY_NAME="\{0,1\}\([^"]*\)"\{0,1\}$/\1/p' "$etc/os-release" 2>/dev/null)
  kernel=$(value "$proc/sys/kernel/osrelease") || kernel=''
  agent=$(telegraf --version 2>/dev/null | sed -n 's/^Telegraf \([^ ]*\).*/\1/p')
  serial=''
  for device in "$sys"/block/mmcblk*/device "$sys"/block/nvme*/device "$sys"/block/sd*/device; do
    serial=$(value "$device/serial") && break || serial=''
  done
  fields=''
  for pair in model os kernel agent serial; do
    case $pair in model) text=$model ;; os) text=$os ;; kernel) text=$kernel ;; agent) text=$agent ;; *) text=$serial ;; esac
    [ -z "$text" ] || fields="${fields:+$fields,}$pair=$(string "$text")"
  done
  [ -z "$fields" ] || printf 'inventory %s\n' "$fields"
  : >"$run/inventory"
}

throttling
frequency
wifi
pressure
accelerators
batteries
wear
units
processes
inventory
