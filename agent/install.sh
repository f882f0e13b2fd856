#!/bin/sh
# Turns this computer into a robot monitored by Robowatch:
#
#   curl -fsSL https://robots.example.org/install.sh | sudo sh
#   curl -fsSL https://robots.example.org/install.sh | sudo sh -s -- --name "Rover, north"
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
MARK='# Robowatch: the configuration is in telegraf.d/'

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

usage() {
  cat <<'END'
Installs the Robowatch agent: Telegraf and its configuration. Pairs the robot with your account.

  --url URL      the server's URL, if robots reach it at another one
  --name NAME    the robot's name (default: its hostname)
  --ca FILE      certificate of the private CA that signed the server's certificate
  --pair-again   discard this robot's identity and pair it as a new robot
  --uninstall    remove the agent; the robot stays in Robowatch until you delete it there
  --help
END
}

main() {
  url='' name='' ca='' pair_again='' uninstall=''
  while [ $# -gt 0 ]; do
    case $1 in
      --url | --name | --ca) [ $# -ge 2 ] || die "$1 needs a value. See --help." ;;
    esac
    case $1 in
      --url) url=$2; shift ;;
      --name) name=$2; shift ;;
      --ca) ca=$2; shift ;;
      --pair-again) pair_again=1 ;;
      --uninstall) uninstall=1 ;;
      -h | --help) usage; exit 0 ;;
      *) die "Unknown option $1. See --help." ;;
    esac
    shift
  done
  check_system
  if [ -n "$uninstall" ]; then remove_agent; exit 0; fi

  [ -n "$url" ] || url=$SERVER_URL
  case $url in
    http://* | https://*) ;;
    *) die 'Get this script from your server (its URL, followed by /install.sh), or set the URL with --url.' ;;
  esac
  url=${url%/}
  case $url in *[!][A-Za-z0-9.:/_~%-]*) die "--url $url is not a valid URL." ;; esac
  [ -z "$ca" ] || [ -r "$ca" ] || die "--ca $ca cannot be read."

  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 130' INT TERM
  provide_ca
  provide_telegraf
  review_ca
  fetch_agent
  known_token=$(setting ROBOWATCH_TOKEN)
  if [ -z "$known_token" ] || [ -n "$pair_again" ]; then
    pair
    save_setting ROBOWATCH_TOKEN "$token"
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
  [ "$(uname -s)" = Linux ] || die 'The agent needs Linux.'
  [ "$(id -u)" = 0 ] || die 'Run this as root: curl -fsSL … | sudo sh'
  machine=$(dpkg --print-architecture 2>/dev/null || uname -m)
  case $machine in
    arm64 | aarch64) arch=arm64 ;;
    amd64 | x86_64) arch=amd64 ;;
    armhf | armv7* | armv6*) arch=armhf ;;
    *) die "The agent runs on arm64, amd64 and armhf, not on $machine." ;;
  esac
  command -v systemctl >/dev/null || die 'The agent needs systemd.'
}

# --- talking to the server -----------------------------------------------------------------------------------------

provide_ca() {
  if [ -n "$ca" ]; then cp "$ca" "$work/ca.crt"
  elif [ -n "$SERVER_CA" ]; then printf '%s\n' "$SERVER_CA" >"$work/ca.crt"
  elif [ -r "$CA_COPY" ]; then cp "$CA_COPY" "$work/ca.crt"
  fi
  case $url in http:*) say 'Warning: http:// is not encrypted. Anyone on the network can read the token of this robot.' ;; esac
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
  } | curl --silent --show-error --proto '=http,https' --connect-timeout 10 --max-time 20 --config - \
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
  case $reason in *certificate*) reason="$reason (for a private CA, use --ca FILE)" ;; esac
  die "$url cannot be reached: $reason"
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
    ask
    show_code
    await_confirmation && return
    say 'The code has expired. Here is a new one.'
  done
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
      *) die "$url refused the pairing request: $(member detail) (status $status)" ;;
    esac
  done
  poll_token=$(member poll_token)
  [ -n "$poll_token" ] || die "$url does not seem to be a Robowatch server. Check the URL."
  interval=$(number_member interval 5)
  minutes=$(($(number_member expires_in 900) / 60))
}

show_code() {
  link="$url/pair?code=$code"
  say ''
  say "  Pairing code:  ${code%????} ${code#????}   ($minutes minutes)"
  say ''
  say "  Enter it in Robowatch, or open $link"
  say ''
  if command -v qrencode >/dev/null; then printf %s "$link" | qrencode -t UTF8 -m 2 || :; fi
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
        [ "$(member status)" != expired ] || return 1
        ;;
      404) return 1 ;;
      429) pause=$(retry_after "$interval") ;;
      4??) die "$url ended the pairing: $(member detail) (status $status)" ;;
      *) ;;
    esac
  done
}

# --- Telegraf ------------------------------------------------------------------------------------------------------

provide_telegraf() {
  command -v curl >/dev/null || apt_install curl ca-certificates
  telegraf_is_recent || telegraf_from_repository
  telegraf_is_recent || die "Telegraf 1.$MIN_TELEGRAF or newer is required; found ${telegraf_version:-none}."
  systemctl cat telegraf.service >/dev/null 2>&1 ||
    die 'Telegraf is installed without telegraf.service. Install it from its package.'
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
  command -v apt-get >/dev/null || die "Install $1, then run this again."
  { apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$@"; } \
    </dev/null >"$work/apt" 2>&1 || die "$1 could not be installed: $(tail -n 3 "$work/apt")"
}

# InfluxData's own packages. Of the keys in its key file, only the one with this fingerprint is trusted.
telegraf_from_repository() {
  command -v apt-get >/dev/null || die "Install Telegraf 1.$MIN_TELEGRAF or newer, then run this again."
  say "Installing Telegraf from $REPOSITORY …"
  command -v gpg >/dev/null || apt_install gnupg ca-certificates
  curl --fail --silent --show-error --proto '=https' --max-time 60 --output "$work/key" \
    "$REPOSITORY/influxdata-archive.key" || die "Cannot download the key of $REPOSITORY."
  mkdir -m 700 "$work/gnupg"
  gpg --homedir "$work/gnupg" --batch --quiet --import "$work/key" 2>"$work/trouble" || :
  gpg --homedir "$work/gnupg" --batch --quiet --export "$REPOSITORY_KEY" >"$work/keyring" 2>/dev/null || :
  [ -s "$work/keyring" ] || die "$REPOSITORY does not have the expected key $REPOSITORY_KEY: nothing was installed."
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
    *journal.sh*) ;;
    *) die "Get this script from your server, $url/install.sh: that copy has the checksums of the agent's files." ;;
  esac
  mkdir "$work/agent"
  for file in telegraf.conf logs.conf journal.sh; do
    status=$(request GET "/agent/$file")
    [ "$status" != 000 ] || unreachable
    [ "$status" = 200 ] || die "Cannot download $url/agent/$file (status $status)."
    mv "$work/body" "$work/agent/$file"
  done
  (cd "$work/agent" && printf '%s\n' "$CHECKSUMS" | sha256sum -c --strict --quiet) >"$work/trouble" 2>&1 ||
    die "The files from $url do not match the checksums in this script. Get the script again: curl -fsSL $url/install.sh | sudo sh"
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
  mkdir -p "$AGENT_DIR" "$CONF_DIR/telegraf.d" "$STATE_DIR"
  put "$work/agent/journal.sh" "$AGENT_DIR/journal.sh" 755
  put "$work/agent/logs.conf" "$CONF_DIR/telegraf.d/robowatch-logs.conf" 644
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
  systemctl stop telegraf.service
  (
    for setting in ROBOWATCH_URL ROBOWATCH_TOKEN ROBOWATCH_CA; do
      export "$setting=$(setting "$setting")"
    done
    cd /
    as_user telegraf --once --config "$CONF_DIR/telegraf.d/robowatch.conf"
  ) </dev/null >"$work/report" 2>&1 && return
  case $(cat "$work/report") in
    # An input that this computer does not support does not keep the others from being sent.
    *outputs.http*) ;;
    *'input plugins recorded'*) return ;;
  esac
  systemctl start telegraf.service || :
  case $(cat "$work/report") in
    *'status code: 401'* | *'status code 401'* | *'"401 '*)
      die "$url does not accept this robot: it was deleted, deactivated or given a new token. Accept its data again there, or run this again with --pair-again." ;;
  esac
  die "The first report was not accepted: $(sed -n 's/^.* E! //p' "$work/report" | tail -n 1)"
}

as_user() {
  if [ "$user" = root ]; then "$@"; else runuser -u "$user" -- "$@"; fi
}

start_service() {
  systemctl enable --quiet telegraf.service 2>/dev/null || :
  systemctl restart telegraf.service || die 'Telegraf does not start. See its log: journalctl -u telegraf'
  sleep 2
  systemctl is-active --quiet telegraf.service || die 'Telegraf exited immediately. See its log: journalctl -u telegraf'
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
  rm -f "$CONF_DIR/telegraf.d/robowatch.conf" "$CONF_DIR/telegraf.d/robowatch-logs.conf" "$CA_COPY"
  if was joined-systemd-journal; then gpasswd -d telegraf systemd-journal >/dev/null || :; fi
  if was installed-telegraf; then
    DEBIAN_FRONTEND=noninteractive apt-get purge -y telegraf </dev/null >/dev/null 2>&1 || :
    rm -f /etc/apt/sources.list.d/robowatch-influxdata.list /usr/share/keyrings/robowatch-influxdata.gpg
  elif [ "$(cat "$CONF_DIR/telegraf.conf" 2>/dev/null)" = "$MARK" ]; then
    # Telegraf has no other configuration, so it is no longer needed.
    systemctl disable --quiet --now telegraf.service 2>/dev/null || :
    rm -f "$CONF_DIR/telegraf.conf"
    [ ! -e "$CONF_DIR/telegraf.conf.sample" ] || cp "$CONF_DIR/telegraf.conf.sample" "$CONF_DIR/telegraf.conf"
  else
    systemctl try-restart telegraf.service || :
  fi
  rm -rf "$AGENT_DIR" "$STATE_DIR"
  say "The agent has been removed. The robot and its data stay on ${former:-the server} until you delete it there."
}

# In braces, so that a truncated download runs nothing.
{ main "$@"; }
