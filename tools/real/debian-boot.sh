#!/bin/sh
# Boots the Debian in a folder, with systemd as process 1, in separate namespaces; it shares this machine's network.
# debian-boot.sh ROOT HOSTNAME NAME; afterwards debian-boot.sh ROOT HOSTNAME NAME clean
set -eu

if [ "${4-}" = inside ]; then
  root=$1
  hostname "$2"
  mount --bind "$root" "$root"
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys"
  for folder in run tmp dev; do mount -t tmpfs tmpfs "$root/$folder"; done
  for device in null zero full random urandom tty; do
    touch "$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
  done
  mkdir "$root/dev/pts" "$root/dev/shm"
  ln -s /proc/self/fd "$root/dev/fd"
  mount -t tmpfs tmpfs "$root/dev/shm"
  mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
  mkdir "$root/sys/fs/cgroup/systemd"
  mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/systemd"
  # Read-only, or systemd would mount the machine's other controllers.
  mount -o remount,ro tmpfs "$root/sys/fs/cgroup"
  cd /
  exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" /lib/systemd/systemd
fi

# A separate control group, so that several of these, or the machine's own systemd, do not interfere.
hierarchy=$(mktemp -d)
mount -t cgroup -o none,name=systemd cgroup "$hierarchy"
if [ "${4-}" = clean ]; then
  find "$hierarchy/$3" -depth -type d -exec rmdir {} + || :
else
  mkdir "$hierarchy/$3"
  echo $$ >"$hierarchy/$3/cgroup.procs"
fi
umount "$hierarchy"
rmdir "$hierarchy"
[ "${4-}" != clean ] || exit 0
exec unshare --mount --uts --ipc --cgroup --pid --fork --kill-child --propagation private sh "$0" "$1" "$2" "$3" inside
