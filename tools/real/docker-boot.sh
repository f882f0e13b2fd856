#!/bin/sh
# Runs dockerd in separate namespaces, so that it does not interfere with other engines on this machine or with its
# firewall. A pair of interfaces connects it: published ports are at ADDRESS.2, this machine is at ADDRESS.1.
#
# docker-boot.sh run DIR NAME ADDRESS DATA   DIR for the socket; NAME short and unique; ADDRESS such as 10.90.1
# docker-boot.sh clean DIR NAME ADDRESS DATA removes what is left after it
set -eu

dir=$2 name=$3 address=$4 data=$5
ours="$name-h" theirs="$name-e"

firewall() {
  iptables -w -t nat "$1" POSTROUTING -s "$address.0/30" -j MASQUERADE
  iptables -w "$1" FORWARD -i "$ours" -j ACCEPT
  iptables -w "$1" FORWARD -o "$ours" -j ACCEPT
}

connect() {
  ip netns add "$name"
  ip link add "$ours" type veth peer name "$theirs" netns "$name"
  ip address add "$address.1/30" dev "$ours"
  ip link set "$ours" up
  ip -n "$name" address add "$address.2/30" dev "$theirs"
  ip -n "$name" link set "$theirs" up
  ip -n "$name" link set lo up
  ip -n "$name" route add default via "$address.1"
  echo 1 >/proc/sys/net/ipv4/ip_forward
  firewall -A
}

case $1 in
  run)
    # Held until the engine ends, however it ends: two must not use the same data.
    exec 9>"$data.lock"
    flock 9
    connect
    exec nsenter --net="/run/netns/$name" \
      unshare --mount --pid --fork --kill-child --mount-proc --propagation private \
      tini -g -- dockerd --data-root "$data" --exec-root "$dir/exec" --pidfile "$dir/pid" \
      --host "unix://$dir/docker.sock" --config-file "$dir/daemon.json" --cgroup-parent "/$name"
    ;;
  clean)
    firewall -D 2>/dev/null || :
    ip link delete "$ours" 2>/dev/null || :
    ip netns delete "$name" 2>/dev/null || :
    for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
      [ ! -d "$hierarchy/$name" ] || find "$hierarchy/$name" -depth -type d -exec rmdir {} + 2>/dev/null || :
    done
    ;;
esac
