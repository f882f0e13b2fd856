#!/bin/sh
# Turns this computer into a robot monitored by Robowatch:
#
#   curl -fsSL https://robots.example.org/install.sh | sudo sh
#   curl -fsSL https://robots.example.org/install.sh | sudo sh -s -- --name "Rover, north"
#   sudo sh robowatch-agent/install.sh     out of a bundle (npm run agent:bundle), which needs only the server
#
# Run again, it updates the agent and keeps the robot's identity.
set -eu

# Filled in by the server that serves this file.
SERVER_URL='@SERVER_URL@'
SERVER_CA='@SERVER_CA@'
CHECKSUMS='@CHECKSUMS@'

MIN_TELEGRAF=30 # 1.30
REPOSITORY='https://repos.influxdata.com'
REPOSITORY_KEY='24C975CBA61A024EE1B631787C3D57159FC2F927'

ENV_FILE=/etc/default/telegraf
CONF_DIR=/etc/telegraf
CA_COPY=/etc/telegraf/robowatch-ca.crt
AGENT_DIR=/usr/lib/robowatch-agent
STATE_DIR=/var/lib/robowatch-agent # owned by Telegraf's user: root must not write into it
RUN_DIR=/run/robowatch-agent
DROP_IN=/etc/systemd/system/telegraf.service.d/robowatch.conf
HARDENING=/etc/systemd/system/telegraf.service.d/10-robowatch-hardening.conf
STARTED=/etc/telegraf/robowatch-pairing # of a pairing that was interrupted; readable by root only
COMMAND=/usr/local/bin/robowatch-agent
LOCK=/run/robowatch-install.lock
SCRIPTS='journal.sh take.sh buffer.sh spool.sh backfill.sh board.sh listen.sh status.sh'
CONFIGS='logs buffer board listener' # files of telegraf.d/
NEEDED_KB=20000 # in each folder that is written to
OLDEST_CLOCK=1735689600 # 2025: a computer that says less has no clock of its own
MARK='# Robowatch: the configuration is in telegraf.d/'

say() { printf '%s\n' "$*"; }
# fail CODE TEXT…: the codes are listed in --help
fail() { exit_code=$1; shift; printf '%s\n' "$*" >&2; exit "$exit_code"; }

usage() {
  cat <<'END'
Installs the Robowatch agent: Telegraf and its configuration. Pairs the robot with your account.

  --url URL      the server's URL, if robots reach it at another one
  --name NAME    the robot's name (default: its hostname)
  --ca FILE      certificate of the private CA that signed the server's certificate
  --pair-again   discard this device's identity and pair it anew: as a new robot, or one that it replaces
  --telegraf FILE  Telegraf's Debian package, for a computer that reaches neither its repository nor a copy on the server
  --yes          set this computer's clock by the server's, if it is wrong, without asking
  --uninstall    remove the agent; the robot stays in Robowatch until you delete it there
  --help

When it ends: 0 done, 1 something else went wrong, 2 wrong options, 3 this computer cannot run the agent, 4 the server
cannot be reached, 5 its certificate is not trusted, 6 this computer's clock is wrong, 7 the disk is full or read-only,
8 the server is another one or too old, 9 Telegraf cannot be installed, 10 the pairing was refused, 11 the first report
was refused, 12 Telegraf does not start, 130 interrupted.
END
}

main() {
  url='' name='' ca='' pair_again='' uninstall='' yes='' telegraf_file=''
  while [ $# -gt 0 ]; do
    case $1 in
      --url | --name | --ca | --telegraf) [ $# -ge 2 ] || fail 2 "$1 needs a value. See --help." ;;
    esac
    case $1 in
      --url) url=$2; shift ;;
      --name) name=$2; shift ;;
      --ca) ca=$2; shift ;;
      --pair-again) pair_again=1 ;;
      --telegraf) telegraf_file=$2; shift ;;
      --yes) yes=1 ;;
      --uninstall) uninstall=1 ;;
      -h | --help) usage; exit 0 ;;
      *) fail 2 "Unknown option $1. See --help." ;;
    esac
    shift
  done
  # Beside the agent's files this script is part of a bundle.
  bundle=''
  case $0 in */install.sh) bundle=${0%/*} ;; install.sh) bundle=. ;; esac
  [ -r "$bundle/agent/telegraf.conf" ] || bundle=''
  check_system
  exec 8>"$LOCK"
  flock -n 8 || fail 1 'Another install.sh is at work on this computer. Wait for it, or end it.'
  if [ -n "$uninstall" ]; then remove_agent; exit 0; fi

  [ -n "$url" ] || url=$SERVER_URL
  case $url in
    http://* | https://*) ;;
    *) fail 2 'Get this script from your server (its URL, followed by /install.sh), or set the URL with --url.' ;;
  esac
  url=${url%/}
  case $url in *[!][A-Za-z0-9.:/_~%-]*) fail 2 "--url $url is not a valid URL." ;; esac
  [ -z "$ca" ] || [ -r "$ca" ] || fail 2 "--ca $ca cannot be read."
  [ -z "$telegraf_file" ] || [ -r "$telegraf_file" ] || fail 2 "--telegraf $telegraf_file cannot be read."
  check_disk

  work=$(mktemp -d) stopped=''
  trap leave EXIT
  trap 'printf "\\nInterrupted. Run this again to go on.\\n" >&2; exit 130' INT TERM HUP
  provide_ca
  command -v curl >/dev/null || apt_install curl ca-certificates
  check_clock
  review_ca
  check_server
  [ -z "$bundle" ] || compare_bundle
  fetch_agent
  provide_telegraf
  known_token=$(setting ROBOWATCH_TOKEN)
  if [ -z "$known_token" ] || [ -n "$pair_again" ]; then
    pair
    save_setting ROBOWATCH_TOKEN "$token"
    # So that a new robot tells at once what it is.
    rm -f "$STARTED" "$RUN_DIR/inventory"
  else
    say 'This computer is already a robot and keeps its identity (--pair-again pairs it as a new one).'
    [ -z "$name" ] || say 'Ignoring --name: change the name of this robot in Robowatch.'
  fi
  save_setting ROBOWATCH_URL "$url"
  install_agent
  first_report
  start_service
}

check_system() {
  [ "$(uname -s)" = Linux ] || fail 3 'The agent needs Linux.'
  [ "$(id -u)" = 0 ] || fail 3 'Run this as root: curl -fsSL … | sudo sh'
  machine=$(dpkg --print-architecture 2>/dev/null || uname -m)
  case $machine in
    arm64 | aarch64) arch=arm64 ;;
    amd64 | x86_64) arch=amd64 ;;
    armhf | armv7* | armv6*) arch=armhf ;;
    *) fail 3 "The agent runs on arm64, amd64 and armhf, not on $machine." ;;
  esac
  command -v systemctl >/dev/null || fail 3 'The agent needs systemd.'
}

check_disk() {
  for folder in /etc /usr/lib /usr/local /var/lib; do
    probe="$folder/.robowatch-probe.$$"
    # In a process of its own: a redirection that fails would end this one.
    (: >"$probe") 2>/dev/null ||
      fail 7 "$folder cannot be written to: the disk is read-only or full. Make it writable, then run this again."
    rm -f "$probe"
    free=$(df -Pk "$folder" | awk 'NR == 2 { print $4 }')
    [ "$(number "$free" "$NEEDED_KB")" -ge "$NEEDED_KB" ] ||
      fail 7 "$folder has $((free / 1024)) MB left; $((NEEDED_KB / 1024)) are needed. Free some, then run this again."
  done
}

# --- talking to the server -----------------------------------------------------------------------------------------

provide_ca() {
  if [ -n "$ca" ]; then cp "$ca" "$work/ca.crt"
  elif [ -n "$SERVER_CA" ]; then printf '%s\n' "$SERVER_CA" >"$work/ca.crt"
  elif [ -r "$CA_COPY" ]; then cp "$CA_COPY" "$work/ca.crt"
  fi
  case $url in http:*) say 'Warning: http:// is not encrypted. Anyone on the network can read the token of this robot.' ;; esac
}

# A clock that is off by more than an hour makes certificates look invalid, and the robot's data would have wrong times. A
# computer without a battery for its clock wakes up in the past: then even a certificate that cannot be checked yet is
# good enough to ask for the time.
check_clock() {
  status=$(request GET /api/health)
  if [ "$status" = 000 ] && [ "$(date +%s)" -lt "$OLDEST_CLOCK" ]; then
    unchecked=1
    status=$(request GET /api/health)
    unchecked=''
  fi
  [ "$status" != 000 ] || return 0
  # A proxy may leave it out.
  theirs=$(tr -d '\r' <"$work/headers" | sed -n 's/^[Dd]ate: //p' | tail -n 1)
  [ -n "$theirs" ] && theirs=$(date -d "$theirs" +%s 2>/dev/null) || return 0
  off=$((theirs - $(date +%s)))
  if [ "${off#-}" -le 3600 ]; then return; fi
  wrong="This computer's clock is wrong: it says $(date -u '+%Y-%m-%d %H:%M') UTC, the server $(date -u -d "@$theirs" '+%Y-%m-%d %H:%M')."
  say "$wrong"
  if [ -z "$yes" ] && (: </dev/tty) 2>/dev/null; then
    printf 'Set it by the server? [y/N] '
    read -r answer </dev/tty || answer=''
    case $answer in [yY]*) yes=1 ;; esac
  fi
  [ -n "$yes" ] || fail 6 "Set it (date -u -s '@$theirs'), or run this again with --yes."
  date -u -s "@$theirs" >/dev/null 2>&1 || fail 6 'The clock cannot be set.'
}

check_server() {
  status=$(request GET /api/health)
  case $status in
    000) unreachable ;;
    200) case $(cat "$work/body") in *'"status":"ok"'*) return ;; esac ;;
  esac
  fail 8 "$url does not seem to be a Robowatch server (status $status). Check the URL."
}

# The server may have moved to a certificate that this computer trusts without a private CA. The stored CA is dropped
# only if the server can no longer be reached with it.
review_ca() {
  if [ -n "$ca$SERVER_CA" ] || [ ! -e "$work/ca.crt" ]; then return; fi
  [ "$(request GET /api/health)" = 000 ] || return 0
  mv "$work/ca.crt" "$work/former-ca.crt"
  if [ "$(request GET /api/health)" = 000 ]; then mv "$work/former-ca.crt" "$work/ca.crt"; fi
}

# request METHOD PATH [TOKEN] [BODY-FILE]; writes body and headers to files, prints the status, 000 when unreachable.
# Secrets are passed to curl on standard input, because every user of this computer can read arguments.
request() {
  {
    printf 'globoff\nurl = "%s%s"\nrequest = "%s"\n' "$url" "$2" "$1"
    [ -z "${3-}" ] || printf 'header = "Authorization: Bearer %s"\n' "$3"
    [ -z "${4-}" ] || printf 'header = "Content-Type: application/json"\ndata-binary = "@%s"\n' "$4"
    [ ! -e "$work/ca.crt" ] || printf 'cacert = "%s"\n' "$work/ca.crt"
    [ -z "${unchecked-}" ] || echo insecure
  } | curl --silent --show-error --proto '=http,https' --connect-timeout 10 --max-time "${longest:-20}" --config - \
    --output "$work/body" --dump-header "$work/headers" --write-out '%{http_code}' 2>"$work/trouble" || :
}

# Prints a member of the JSON object in $work/body: a string, or an integer with a default.
member() {
  sed -nE 's/.*"'"$1"'" *: *"(([^"\\]|\\.)*)".*/\1/p' "$work/body" | sed 's/\\\(["\/\\]\)/\1/g' | head -n 1
}
number_member() { number "$(sed -nE 's/.*"'"$1"'" *: *([0-9]+).*/\1/p' "$work/body" | head -n 1)" "$2"; }
number() { case $1 in '' | *[!0-9]*) echo "$2" ;; *) echo "$1" ;; esac; }
retry_after() {
  seconds=$(tr -d '\r' <"$work/headers" | sed -n 's/^[Rr]etry-[Aa]fter: *\([0-9]*\)$/\1/p' | tail -n 1)
  number "$seconds" "$1"
}

unreachable() {
  reason=$(sed -n 's/^curl: ([0-9]*) //p' "$work/trouble" | head -n 1)
  case $reason in
    *certificate*) fail 5 "$url cannot be reached: $reason (for a private CA, use --ca FILE)" ;;
    *'timed out'* | *refused*) reason="$reason (is the port open in every firewall between this computer and the server?)" ;;
  esac
  fail 4 "$url cannot be reached: $reason"
}

# --- pairing -------------------------------------------------------------------------------------------------------

# 8 digits, uniformly distributed: numbers from 42 * 10^8 up are discarded.
new_code() {
  while :; do
    random=$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')
    if [ "$random" -lt 4200000000 ]; then
      printf '%08d' $((random % 100000000))
      return
    fi
  done
}

json() { printf '"%s"' "$(printf %s "$1" | tr -d '\000-\037\177' | sed 's/\\/\\\\/g; s/"/\\"/g')"; }

# Sets $token and $robot_name.
pair() {
  while :; do
    go_on || ask
    show_code
    await_confirmation && return
    say 'The code has expired. Here is a new one.'
  done
}

# Goes on with a pairing that was interrupted, while its code is valid.
go_on() {
  [ -r "$STARTED" ] || return 1
  { read -r started_url; read -r code; read -r poll_token; read -r interval; read -r ends; } <"$STARTED" || return 1
  rm -f "$STARTED"
  [ "$started_url" = "$url" ] || return 1
  [ "$(request GET "/api/pair/$code/status" "$poll_token")" = 200 ] && [ "$(member status)" != expired ] || return 1
  say 'Going on with the pairing that was interrupted.'
  left=$((ends - $(date +%s)))
  [ "$left" -gt 0 ] || left=60
  remember
}

remember() {
  mkdir -p "${STARTED%/*}"
  (umask 077 && printf '%s\n' "$url" "$code" "$poll_token" "$interval" "$ends" >"$STARTED")
}

ask() {
  host=$(uname -n)
  while :; do
    code=$(new_code)
    {
      printf '{"hostname":%s,"code":"%s","architecture":"%s"' "$(json "$host")" "$code" "$arch"
      printf ',"agent_version":"%s"' "$telegraf_version"
      [ -z "$name" ] || printf ',"name":%s' "$(json "$name")"
      printf '}'
    } >"$work/ask"
    status=$(request POST /api/pair '' "$work/ask")
    case $status in
      201) break ;;
      409) ;;
      429 | 503) wait_for=$(retry_after 10); say "The server is busy; trying again in $wait_for s."; sleep "$wait_for" ;;
      000) unreachable ;;
      *) fail 10 "$url refused the pairing request: $(member detail) (status $status)" ;;
    esac
  done
  poll_token=$(member poll_token)
  [ -n "$poll_token" ] || fail 8 "$url does not seem to be a Robowatch server. Check the URL."
  interval=$(number_member interval 5)
  left=$(number_member expires_in 900) ends=$(($(date +%s) + left))
  remember
}

show_code() {
  link="$url/pair?code=$code"
  minutes=$(((left + 59) / 60)) valid='1 minute'
  [ "$minutes" -eq 1 ] || valid="$minutes minutes"
  say ''
  say "  Pairing code:  ${code%????} ${code#????}   ($valid)"
  say ''
  say "  Enter it in Robowatch, or open $link"
  say ''
  if [ "$(request GET "/agent/qr/$code")" = 200 ]; then cat "$work/body"; fi
}

# Fails when the code is no longer valid. After a lost reply it polls again: the server repeats the reply.
await_confirmation() {
  pause=$interval
  while :; do
    sleep "$pause"
    pause=$interval
    status=$(request GET "/api/pair/$code/status" "$poll_token")
    case $status in
      200)
        token=$(member token)
        if [ -n "$token" ]; then
          robot_name=$(member name)
          return 0
        fi
        case $(member status) in
          expired) return 1 ;;
          # Its token was replaced before it was fetched.
          confirmed) rm -f "$STARTED"; fail 10 'Somebody has given this robot another token, or another device in its place. Run this again with --pair-again.' ;;
        esac
        ;;
      404) return 1 ;;
      429) pause=$(retry_after "$interval") ;;
      4??) fail 10 "$url ended the pairing: $(member detail) (status $status)" ;;
      *) ;;
    esac
  done
}

# --- Telegraf ------------------------------------------------------------------------------------------------------

provide_telegraf() {
  if [ -n "$telegraf_file" ]; then telegraf_from_file "$telegraf_file"; fi
  telegraf_is_recent || telegraf_from_bundle || telegraf_from_server || telegraf_from_repository
  telegraf_is_recent || fail 9 "Telegraf 1.$MIN_TELEGRAF or newer is required; found ${telegraf_version:-none}."
  # It does not find a service of which a drop-in was removed.
  systemctl daemon-reload
  systemctl cat telegraf.service >/dev/null 2>&1 ||
    fail 9 'Telegraf is installed without telegraf.service. Install it from its package.'
  user=$(systemctl show --property=User --value telegraf.service)
  user=${user:-root}
}

telegraf_is_recent() {
  telegraf_version=$(telegraf --version 2>/dev/null | sed -n 's/^Telegraf \([0-9][0-9.]*\).*/\1/p')
  case $telegraf_version in
    1.*) minor=${telegraf_version#1.}; [ "${minor%%.*}" -ge "$MIN_TELEGRAF" ] ;;
    '') return 1 ;;
    *) return 0 ;;
  esac
}

apt_install() {
  command -v apt-get >/dev/null || fail 9 "Install $1, then run this again."
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; } \
    </dev/null >"$work/apt" 2>&1 || not_installed "$1" "$work/apt"
}

# not_installed WHAT LOG
not_installed() {
  case $(cat "$2") in *'No space left'*) fail 7 "There is no room for $1: $(grep 'No space left' "$2" | head -n 1)" ;; esac
  fail 9 "$1 could not be installed: $(tail -n 3 "$2"). Without a way to the internet: --telegraf FILE, see --help."
}

telegraf_from_file() {
  say "Installing Telegraf from ${1##*/} …"
  dpkg -i "$1" </dev/null >"$work/dpkg" 2>&1 || not_installed Telegraf "$work/dpkg"
  mkdir -p "$AGENT_DIR"
  : >"$AGENT_DIR/installed-telegraf"
}

# Fails when this is no bundle. Another source would mean waiting for networks that this robot may not have.
telegraf_from_bundle() {
  [ -n "$bundle" ] || return 1
  package="telegraf-$arch.deb"
  has=$(cd "$bundle" && for one in telegraf-*.deb; do one=${one#telegraf-}; printf '%s ' "${one%.deb}"; done)
  [ -r "$bundle/$package" ] ||
    fail 9 "This bundle has Telegraf for ${has% }, and this computer is $arch. Make one with its package, or see --telegraf FILE."
  cp "$bundle/$package" "$work/$package"
  check_package
  telegraf_from_file "$work/$package"
}

check_package() {
  printf '%s\n' "$CHECKSUMS" | grep "  $package\$" >"$work/sum"
  (cd "$work" && sha256sum -c --strict --quiet sum) >"$work/trouble" 2>&1 ||
    fail 8 "$package does not match the checksum in this script. Get the script again: curl -fsSL $url/install.sh | sudo sh"
}

# The operator may have put the package on the server. Fails when not.
telegraf_from_server() {
  package="telegraf-$arch.deb"
  case $CHECKSUMS in *"  $package"*) ;; *) return 1 ;; esac
  say "Getting Telegraf from $url …"
  longest=900
  status=$(request GET "/agent/$package")
  longest=''
  [ "$status" = 200 ] || return 1
  mv "$work/body" "$work/$package"
  check_package
  telegraf_from_file "$work/$package"
}

# InfluxData's own packages. Of the keys in its key file, only the one with this fingerprint is trusted.
telegraf_from_repository() {
  command -v apt-get >/dev/null || fail 9 "Install Telegraf 1.$MIN_TELEGRAF or newer, then run this again."
  say "Installing Telegraf from $REPOSITORY …"
  command -v gpg >/dev/null || apt_install gnupg ca-certificates
  curl --fail --silent --show-error --proto '=https' --max-time 60 --output "$work/key" \
    "$REPOSITORY/influxdata-archive.key" ||
    fail 9 "Cannot download the key of $REPOSITORY. Without a way to the internet: --telegraf FILE, see --help."
  mkdir -m 700 "$work/gnupg"
  gpg --homedir "$work/gnupg" --batch --quiet --import "$work/key" 2>"$work/trouble" || :
  gpg --homedir "$work/gnupg" --batch --quiet --export "$REPOSITORY_KEY" >"$work/keyring" 2>/dev/null || :
  [ -s "$work/keyring" ] || fail 9 "$REPOSITORY does not have the expected key $REPOSITORY_KEY: nothing was installed."
  mkdir -p /usr/share/keyrings
  put "$work/keyring" /usr/share/keyrings/robowatch-influxdata.gpg 644
  echo "deb [signed-by=/usr/share/keyrings/robowatch-influxdata.gpg] $REPOSITORY/debian stable main" >"$work/list"
  put "$work/list" /etc/apt/sources.list.d/robowatch-influxdata.list 644
  apt_install telegraf
  mkdir -p "$AGENT_DIR"
  : >"$AGENT_DIR/installed-telegraf"
}

# --- the agent's files ---------------------------------------------------------------------------------------------

fetch_agent() {
  case $CHECKSUMS in
    *backfill.sh*) ;;
    *) fail 2 "Get this script from your server, $url/install.sh: that copy has the checksums of the agent's files." ;;
  esac
  mkdir "$work/agent"
  # shellcheck disable=SC2086 # words
  for file in telegraf.conf $(printf '%s.conf ' $CONFIGS) service.conf hardening.conf $SCRIPTS; do
    if [ -n "$bundle" ]; then
      cp "$bundle/agent/$file" "$work/agent/$file" || fail 8 "$bundle is not whole: $file is missing. Unpack it again."
      continue
    fi
    status=$(request GET "/agent/$file")
    [ "$status" != 000 ] || unreachable
    [ "$status" = 200 ] || fail 8 "Cannot download $url/agent/$file (status $status): the server is older than this script."
    mv "$work/body" "$work/agent/$file"
  done
  (cd "$work/agent" && printf '%s\n' "$CHECKSUMS" | grep -v '\.deb$' | sha256sum -c --strict --quiet) >"$work/trouble" 2>&1 ||
    fail 8 "The files from ${bundle:-$url} do not match the checksums in this script. Get the script again: curl -fsSL $url/install.sh | sudo sh"
}

# The server's present installer says what belongs to the server's version.
compare_bundle() {
  if [ "$(request GET /install.sh)" = 200 ] && cmp -s "$work/body" "$bundle/install.sh"; then return; fi
  say "Warning: this bundle is of another version of $url, or of another server. It goes on with what is in the bundle."
}

# A robot that reported before does not stay silent because this was interrupted.
leave() {
  [ -z "$stopped" ] || systemctl start telegraf.service || :
  rm -rf "$work"
}

# put FROM TO MODE [OWNER]: replaces a file atomically, so that a power cut leaves the old file or the new one.
put() {
  cp "$1" "$2.robowatch-new"
  chmod "$3" "$2.robowatch-new"
  chown "${4:-root:root}" "$2.robowatch-new"
  mv -f "$2.robowatch-new" "$2"
}

setting() { sed -n "s/^$1=//p" "$ENV_FILE" 2>/dev/null | tail -n 1; }

# Keeps other lines of the file; an empty value removes the line. Only root may read the file: it contains the token.
save_setting() {
  (
    umask 077
    { grep -v "^$1=" "$ENV_FILE" 2>/dev/null || :; } >"$work/env"
    [ -z "$2" ] || printf '%s=%s\n' "$1" "$2" >>"$work/env"
    put "$work/env" "$ENV_FILE" 600
  )
}

install_agent() {
  mkdir -p "$AGENT_DIR" "$CONF_DIR/telegraf.d" "$STATE_DIR" "${DROP_IN%/*}"
  for script in $SCRIPTS; do put "$work/agent/$script" "$AGENT_DIR/$script" 755; done
  for conf in $CONFIGS; do put "$work/agent/$conf.conf" "$CONF_DIR/telegraf.d/robowatch-$conf.conf" 644; done
  put "$work/agent/service.conf" "$DROP_IN" 644
  # A link to /dev/null: its owner does not want it.
  [ -L "$HARDENING" ] || put "$work/agent/hardening.conf" "$HARDENING" 644
  mkdir -p "${COMMAND%/*}"
  ln -sf "$AGENT_DIR/status.sh" "$COMMAND"
  systemctl daemon-reload
  chown "$user" "$STATE_DIR"
  chmod 700 "$STATE_DIR"
  if [ -e "$work/ca.crt" ]; then
    put "$work/ca.crt" "$CA_COPY" 644
    save_setting ROBOWATCH_CA "$CA_COPY"
  elif [ -e "$CA_COPY" ]; then
    rm -f "$CA_COPY"
    save_setting ROBOWATCH_CA ''
  fi
  # The sample configuration of Telegraf's package would measure everything twice, so it is replaced. The owner's own
  # configuration stays unchanged, with its own intervals.
  main_conf="$CONF_DIR/telegraf.conf"
  if [ ! -e "$main_conf" ] || cmp -s "$main_conf" "$main_conf.sample"; then
    printf '%s\n' "$MARK" >"$work/main.conf"
    put "$work/main.conf" "$main_conf" 644
  elif [ "$(cat "$main_conf")" != "$MARK" ]; then
    say "Telegraf keeps its existing configuration in $main_conf; Robowatch also receives what that measures."
    sed '/^\[agent\]$/,/^$/d' "$work/agent/telegraf.conf" >"$work/shared.conf"
    mv "$work/shared.conf" "$work/agent/telegraf.conf"
  fi
  put "$work/agent/telegraf.conf" "$CONF_DIR/telegraf.d/robowatch.conf" 644
  if [ "$user" != root ] && getent group systemd-journal >/dev/null &&
    ! id -nG "$user" | tr ' ' '\n' | grep -qx systemd-journal; then
    usermod -a -G systemd-journal "$user"
    : >"$AGENT_DIR/joined-systemd-journal"
  fi
}

# Runs Telegraf once, with the service's configuration and user, to measure and send.
first_report() {
  say 'Sending the first report …'
  stopped=1
  systemctl stop telegraf.service
  (
    for setting in ROBOWATCH_URL ROBOWATCH_TOKEN ROBOWATCH_CA; do
      export "$setting=$(setting "$setting")"
    done
    ROBOWATCH_BOOT=$(cat /proc/sys/kernel/random/boot_id)
    export ROBOWATCH_BOOT
    cd /
    as_user telegraf --once --config "$CONF_DIR/telegraf.d/robowatch.conf"
  ) </dev/null >"$work/report" 2>&1 && return
  case $(cat "$work/report") in
    # An input that this computer does not support does not keep the others from being sent.
    *outputs.http*) ;;
    *'input plugins recorded'*) return ;;
  esac
  case $(cat "$work/report") in
    *'status code: 401'* | *'status code 401'* | *'"401 '*)
      fail 11 "$url does not accept this robot: it was deleted, deactivated or given a new token. Accept its data again there, or run this again with --pair-again." ;;
  esac
  fail 11 "The first report was not accepted: $(sed -n 's/^.* E! //p' "$work/report" | tail -n 1)"
}

as_user() {
  if [ "$user" = root ]; then "$@"; else runuser -u "$user" -- "$@"; fi
}

start_service() {
  stopped=''
  systemctl enable --quiet telegraf.service 2>/dev/null || :
  if ! systemctl restart telegraf.service; then
    # Reporting matters more, should this system be unable to do what the hardening asks for.
    [ -L "$HARDENING" ] || rm -f "$HARDENING"
    systemctl daemon-reload
    systemctl reset-failed telegraf.service 2>/dev/null || :
    systemctl restart telegraf.service || fail 12 'Telegraf does not start. See its log: journalctl -u telegraf'
    say 'Warning: this system cannot run Telegraf with the hardening of its service, so it runs without.'
  fi
  sleep 2
  systemctl is-active --quiet telegraf.service || fail 12 'Telegraf exited immediately. See its log: journalctl -u telegraf'
  say "Done: the first report was accepted, and $(robot_called) keeps reporting to $url."
}

robot_called() { if [ -n "${robot_name-}" ]; then printf 'the robot "%s"' "$robot_name"; else printf 'this robot'; fi; }

# Whether the installation left this marker. Earlier releases left markers where the service can write.
was() { [ -e "$AGENT_DIR/$1" ] || [ -e "$STATE_DIR/$1" ]; }

remove_agent() {
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  former=$(setting ROBOWATCH_URL)
  for setting in ROBOWATCH_URL ROBOWATCH_TOKEN ROBOWATCH_CA; do
    [ ! -e "$ENV_FILE" ] || save_setting "$setting" ''
  done
  [ -s "$ENV_FILE" ] || rm -f "$ENV_FILE"
  # shellcheck disable=SC2086 # words
  for conf in robowatch $(printf 'robowatch-%s ' $CONFIGS); do rm -f "$CONF_DIR/telegraf.d/$conf.conf"; done
  rm -f "$CA_COPY" "$DROP_IN" "$HARDENING" "$STARTED"
  [ "$(readlink "$COMMAND")" != "$AGENT_DIR/status.sh" ] || rm -f "$COMMAND"
  rmdir "${DROP_IN%/*}" 2>/dev/null || :
  systemctl daemon-reload
  if was joined-systemd-journal; then gpasswd -d telegraf systemd-journal >/dev/null || :; fi
  if was installed-telegraf; then
    # The package's own script does so only where it knows process 1 for systemd.
    systemctl disable --quiet --now telegraf.service 2>/dev/null || :
    DEBIAN_FRONTEND=noninteractive apt-get purge -y telegraf </dev/null >/dev/null 2>&1 || :
    rm -f /etc/apt/sources.list.d/robowatch-influxdata.list /usr/share/keyrings/robowatch-influxdata.gpg
    # What the package's own scripts made stays when it is purged.
    rm -rf /var/lib/telegraf /var/log/telegraf
    [ "$(cat "$CONF_DIR/telegraf.conf" 2>/dev/null)" != "$MARK" ] || rm -f "$CONF_DIR/telegraf.conf"
    rmdir "$CONF_DIR/telegraf.d" "$CONF_DIR" 2>/dev/null || :
  elif [ "$(cat "$CONF_DIR/telegraf.conf" 2>/dev/null)" = "$MARK" ]; then
    # Telegraf has no other configuration, so it is no longer needed.
    systemctl disable --quiet --now telegraf.service 2>/dev/null || :
    rm -f "$CONF_DIR/telegraf.conf"
    [ ! -e "$CONF_DIR/telegraf.conf.sample" ] || cp "$CONF_DIR/telegraf.conf.sample" "$CONF_DIR/telegraf.conf"
  else
    systemctl try-restart telegraf.service || :
  fi
  rm -rf "$AGENT_DIR" "$RUN_DIR" "$RUN_DIR-listen.env"
  # It may be a disk of its own, which stays.
  rm -rf "$STATE_DIR" 2>/dev/null || rm -rf "${STATE_DIR:?}"/* || :
  say "The agent has been removed. The robot and its data stay on ${former:-the server} until you delete it there."
}

# In braces, so that a truncated download runs nothing.
{ main "$@"; }
