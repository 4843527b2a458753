#!/bin/sh
# Boots a systemd of its own over a throw-away copy of this machine's root folder:
#
#   machine.sh WORK
#
# Changes go to memory and vanish with the process. It has its own processes, mounts, network and
# control groups. WORK/pid gets the number of its first process.
set -eu
work=$1
export work

# What systemd does to the control groups must stay below one group of each hierarchy.
group=$(basename "$work")
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/*; do
    # A cpuset takes no process before it is set up, and systemd has no use for it here.
    if [ -e "$hierarchy/cgroup.procs" ] && [ "${hierarchy##*/}" != cpuset ]; then
        mkdir "$hierarchy/$group"
        echo $$ >"$hierarchy/$group/cgroup.procs"
        # One hierarchy for all: nothing below it needs to be looked at.
        [ "$hierarchy" != /sys/fs/cgroup ] || break
    fi
done

exec unshare --mount --pid --fork --uts --ipc --net --cgroup --kill-child sh -eu -c '
    # This /proc is still that of the machine outside, and knows this shell by its number there.
    read -r pid rest </proc/self/stat
    echo "$pid" >"$work/pid"
    mount --make-rprivate /
    mkdir "$work/disk"
    mount -t tmpfs tmpfs "$work/disk"
    mkdir "$work/disk/changes" "$work/disk/scratch" "$work/disk/root"
    mount -t overlay overlay "$work/disk/root" \
        -o "lowerdir=/,upperdir=$work/disk/changes,workdir=$work/disk/scratch"
    cd "$work/disk/root"

    # None of the services of this machine, nor its disks.
    rm -rf etc/systemd/system etc/rc?.d
    mkdir etc/systemd/system
    : >etc/fstab
    : >etc/machine-id
    hostname carvoice-test

    for kind in proc sysfs; do
        mount -t $kind $kind "$([ $kind = proc ] && echo proc || echo sys)"
    done
    mount -o remount,ro sys
    mount -t tmpfs tmpfs run
    mount -t tmpfs -o mode=1777 tmpfs tmp
    mount -t tmpfs -o mode=755 tmpfs dev
    for node in null zero full random urandom tty kmsg; do
        : >dev/$node
        mount --bind /dev/$node dev/$node
    done
    mkdir dev/pts dev/shm
    mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
    mount -t tmpfs -o mode=1777 tmpfs dev/shm
    ln -s pts/ptmx dev/ptmx

    if [ -e /sys/fs/cgroup/cgroup.procs ]; then
        mount -t cgroup2 cgroup2 sys/fs/cgroup
    else
        mount -t tmpfs tmpfs sys/fs/cgroup
        for hierarchy in memory pids cpu cpuacct devices freezer blkio; do
            mkdir sys/fs/cgroup/$hierarchy
            mount -t cgroup -o $hierarchy cgroup sys/fs/cgroup/$hierarchy
        done
        mkdir sys/fs/cgroup/systemd
        mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
    fi

    # A process whose root is not that of its mounts could make no namespace of users.
    pivot_root . mnt
    umount -l /mnt
    exec env -i container=carvoice-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        chroot / /lib/systemd/systemd --unit=multi-user.target --log-target=journal --show-status=0
'
