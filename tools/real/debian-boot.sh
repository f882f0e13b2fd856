#!/bin/sh
# Boots the Debian in a folder, with systemd as process 1, in separate namespaces; it shares this machine's network.
# With ROBOT_DISK, a block device, /var/lib/robowatch-agent is on that.
# debian-boot.sh ROOT HOSTNAME NAME; afterwards debian-boot.sh ROOT HOSTNAME NAME clean
set -eu

# From 256 on, systemd wants the second version of control groups, which the machine need not use itself.
version=$(chroot "$1" systemctl --version | sed -n 's/^systemd \([0-9]*\).*/\1/p')
if [ "$version" -ge 256 ]; then newer=1; else newer=''; fi
mount_groups() { if [ -n "$newer" ]; then mount -t cgroup2 cgroup "$1"; else mount -t cgroup -o none,name=systemd cgroup "$1"; fi; }

if [ "${4-}" = inside ]; then
  root=$1
  hostname "$2"
  mount --bind "$root" "$root"
  if [ -n "${ROBOT_DISK-}" ]; then mount -o noatime "$ROBOT_DISK" "$root/var/lib/robowatch-agent"; fi
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
  if [ -n "$newer" ]; then
    mount_groups "$root/sys/fs/cgroup"
  else
    mount -t tmpfs tmpfs "$root/sys/fs/cgroup"
    mkdir "$root/sys/fs/cgroup/systemd"
    mount_groups "$root/sys/fs/cgroup/systemd"
    # Read-only, or systemd would mount the machine's other controllers.
    mount -o remount,ro tmpfs "$root/sys/fs/cgroup"
  fi
  cd /
  exec env -i container=other PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" /lib/systemd/systemd
fi

# A separate control group, so that several of these, or the machine's own systemd, do not interfere.
hierarchy=$(mktemp -d)
mount_groups "$hierarchy"
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
