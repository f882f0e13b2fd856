#!/bin/sh
# Boots the Debian in a folder, with systemd as process 1, in separate namespaces; it shares this machine's network.
# With ROBOT_DISK, a block device, /var/lib/robowatch-agent is on that.
# debian-boot.sh ROOT HOSTNAME NAME; afterwards debian-boot.sh ROOT HOSTNAME NAME clean
set -eu

# The second version of control groups, as on robots; the machine need not use it itself. With the first, systemd is not
# told when a group in a namespace is empty, and may wait 90 s for processes that have ended.
mount_groups() { mount -t cgroup2 cgroup "$1"; }

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
  mount_groups "$root/sys/fs/cgroup"
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
