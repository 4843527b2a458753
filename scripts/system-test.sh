#!/bin/bash
# Boots a systemd of its own, installs carvoice there, and shows that the units do what they say.
# Needs root and five minutes at most; changes nothing of this machine.
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "$(id -u)" != 0 ]; then
    echo "A systemd can only be booted by root; run: sudo make system-test" >&2
    exit 1
fi

begin=$SECONDS
here=$PWD/scripts/system-test
work=$(mktemp -d /tmp/carvoice-system-test.XXXXXX)
failures=0

finish() {
    # Every process within ends with the first, and what was started here ends with them.
    [ ! -s "$work/pid" ] || kill -KILL "$(cat "$work/pid")" 2>/dev/null || true
    wait 2>/dev/null || true
    find /sys/fs/cgroup -depth -type d -path "*/${work##*/}*" -exec rmdir {} + 2>/dev/null || true
    rm -rf --one-file-system "$work"
}
trap finish EXIT

# A command within the machine.
inside() {
    nsenter --target "$first" --mount --uts --ipc --net --pid --cgroup --root --wd \
        env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
        CARVOICE_MODELS=/usr/share/carvoice/models "$@"
}

# The same as somebody with no rights, in the groups that are named first.
nobody() {
    inside setpriv --reuid=65534 --regid=65534 --groups="$1" "${@:2}"
}

show() {
    inside systemctl show --property="$1" --value "${2:-carvoice}"
}

# Waits until a command succeeds.
wait_for() {
    local deadline=$((SECONDS + 40))
    until "$@" >/dev/null 2>&1; do
        if [ $SECONDS -ge $deadline ]; then
            result "waiting for" no "$*"
            return
        fi
        sleep 0.1
    done
}

chapter() {
    printf '\n%s\n' "$1"
}

# result TITLE WAS_RIGHT DETAIL
result() {
    if [ "$2" = yes ]; then
        printf '  ok    %s: %s\n' "$1" "$3"
    else
        printf '  FAIL  %s: %s\n' "$1" "$3"
        failures=$((failures + 1))
    fi
}

# is TITLE FOUND EXPECTED
is() {
    result "$1" "$([ "$2" = "$3" ] && echo yes || echo no)" "$2$([ "$2" = "$3" ] || echo ", not $3")"
}

# holds TITLE TEXT PATTERN: the first line that fits is shown.
holds() {
    local line
    if line=$(grep -m1 -E -- "$3" <<<"$2"); then
        result "$1" yes "$(sed 's/^ *//' <<<"$line")"
    else
        result "$1" no "nothing like \"$3\" in: $2"
    fi
}

call=(org.carvoice.Assistant1 /org/carvoice/Assistant1 org.carvoice.Assistant1)
owns_the_name() {
    inside busctl --system call org.freedesktop.DBus / org.freedesktop.DBus NameHasOwner s "${call[0]}" |
        grep -q true
}
is_up() {
    [ "$(show ActiveState)" = active ] && owns_the_name
}
# Waits for a start of the service after the one that had this process.
is_up_anew() {
    [ "$(show MainPID)" != "$1" ] && is_up
}
log() {
    inside journalctl --unit=carvoice --output=cat --no-pager "$@"
}

chapter "A systemd of its own"
sh "$here/machine.sh" "$work" >"$work/console" 2>&1 &
wait_for test -s "$work/pid"
first=$(cat "$work/pid")
wait_for inside systemctl is-active multi-user.target
if [ $failures != 0 ]; then
    cat "$work/console"
    exit 1
fi
result "it boots" yes "$(inside systemctl --version | head -n 1), $(inside systemctl is-system-running || true)"

chapter "Installation"
cp target/deb/*.deb "/proc/$first/root/run/"
for package in carvoice carvoice-vehicle carvoice-models; do
    installed=$(inside sh -c "dpkg --install /run/${package}_*.deb" >"$work/dpkg" 2>&1 && echo yes || cat "$work/dpkg")
    result "package $package" "$installed" "$(inside dpkg-query -W -f '${Version}, ${Status}' "$package")"
    inside sh -c "rm /run/${package}_*.deb"
done
holds "the user" "$(inside id carvoice)" 'uid=[0-9]+\(carvoice\).*audio'
# A FIFO for a microphone, a folder for a loudspeaker: this machine has no sound.
inside mkfifo -m 0644 /run/microphone
inside mkdir /etc/carvoice/config.d
inside tee /etc/carvoice/config.d/50-test.toml >/dev/null <<END
[audio]
input = "pipe:/run/microphone"
output = "folder:/var/cache/carvoice/replies"
END
for name in carvoice carvoice-vehicle; do
    exposure=$(inside systemd-analyze security --no-pager "$name" | tail -n 1)
    holds "exposure of $name" "$exposure" 'level.*: (0\.[0-9]|1\.[0-5]) '
done

chapter "Start"
is "before" "$(show ActiveState)" inactive
inside systemctl start carvoice-vehicle
# The first start tries the models. On a busy machine that can take longer than the bus waits: 25 s.
wait_for inside busctl --system get-property "${call[@]}" Version
version=$(inside busctl --system get-property "${call[@]}" Version)
is "a call on the bus starts it" "$version, $(show ActiveState)" "s \"$(inside carvoice --version | cut -d' ' -f2)\", active"
wait_for is_up
holds "it says that it is ready" "$(show StatusText)" '^Ready, [0-9]+ intents'
started=$((($(show ActiveEnterTimestampMonotonic) - $(show ExecMainStartTimestampMonotonic)) / 1000))
result "start to ready" yes "$started ms"
pid=$(show MainPID)
status=$(inside cat "/proc/$pid/status")
holds "no new privileges" "$status" '^NoNewPrivs:.1'
holds "system calls are filtered" "$status" '^Seccomp:.2'
holds "no capabilities" "$status" '^CapBnd:.0+$'
is "its network" "$(inside tail -n +3 "/proc/$pid/net/dev" | cut -d: -f1 | tr -d ' ')" lo

chapter "A spoken turn"
inside carvoice say --out /run/command.wav "Set the temperature to twenty three degrees." >/dev/null 2>&1
inside carvoice monitor --json >"$work/heard" 2>/dev/null &
nobody 65534 carvoice monitor --json >"$work/overheard" 2>/dev/null &
wait_for test -e "$work/overheard"
inside carvoice listen >/dev/null
inside /usr/bin/python3 - /run/command.wav /run/microphone <"$here/feed.py"
wait_for grep -q TurnEnded "$work/heard"
heard=$(cat "$work/heard")
holds "heard" "$heard" '"signal":"Transcript"'
holds "understood" "$heard" '"signal":"Command".*climate.set_temperature'
holds "answered" "$heard" '"signal":"Reply"'
holds "done" "$heard" '"signal":"TurnEnded".*"outcome":"done"'
holds "the car" "$(inside busctl --system get-property org.carvoice.Vehicle1 /org/carvoice/Vehicle1 \
    org.carvoice.Vehicle1.Climate Temperature)" '"driver" 23'
holds "the spoken reply" "$(inside ls -s /var/cache/carvoice/replies)" 'reply-[0-9]+.wav'
is "signals that another user overhears" "$(grep -c '"turn"' "$work/overheard" || true)" 0
holds "the journal has fields" "$(log CARVOICE_INTENT=climate.set_temperature)" 'climate.set_temperature'
is "words in the journal" "$(log | grep -c -i 'twenty three' || true)" 0
result "memory" yes "$(awk '/VmHWM/ { print int($2 / 1024) " MB at the peak" }' <<<"$(inside cat "/proc/$pid/status")"), $(($(show MemoryCurrent) / 1048576)) MB charged, $(show TasksCurrent) threads"

chapter "Other users"
group=$(inside getent group carvoice | cut -d: -f3)
ask=("${call[@]}" Ask 'sa{sv}' 'turn the volume down' 0)
holds "a stranger may read" "$(nobody 65534 busctl --system get-property "${call[@]}" State 2>&1)" '^s "'
holds "a stranger may not ask" "$(nobody 65534 busctl --system call "${ask[@]}" 2>&1 || true)" '[Dd]enied'
holds "a member of the group may ask" "$(nobody "$group" busctl --system call "${ask[@]}" 2>&1)" '^t [0-9]+'
take=(dbus-send --system --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.RequestName)
for name in org.carvoice.Assistant1 org.carvoice.Vehicle1; do
    holds "a stranger may not be $name" "$(nobody "$group" "${take[@]}" "string:$name" uint32:4 2>&1 || true)" AccessDenied
done
holds "nor move the car" "$(nobody "$group" busctl --system call org.carvoice.Vehicle1 /org/carvoice/Vehicle1 \
    org.carvoice.Vehicle1.Trunk Set b true 2>&1 || true)" '[Dd]enied'

chapter "What the unit forbids"
inside sed -e 's|^ExecStart=.*|ExecStart=/usr/bin/python3 /run/probe.py|' \
    -e 's|^Type=.*|Type=oneshot|' -e '/^BusName=/d' -e '/^WatchdogSec=/d' -e '/^Restart/d' \
    /usr/lib/systemd/system/carvoice.service | inside tee /run/systemd/system/carvoice-probe.service >/dev/null
inside tee /run/probe.py >/dev/null <"$here/probe.py"
inside systemctl daemon-reload
probed=$(inside systemctl start carvoice-probe 2>/dev/null && echo yes || echo no)
inside journalctl --unit=carvoice-probe --output=cat --no-pager _COMM=python3 | sed 's/^/        /'
result "a copy of the unit cannot" "$probed" "as above"
unbound=$(inside /usr/bin/python3 /run/probe.py | sed "s/^! *//" || true)
holds "without the unit it can" "$unbound" 'IPv4 socket: works'

chapter "A daemon that hangs"
pid=$(show MainPID)
inside kill -STOP "$pid"
wait_for is_up_anew "$pid"
holds "stopped as a whole" "$(log)" 'Watchdog timeout'
is "restarted" "$(show NRestarts)" 1
if [ -d /sys/fs/cgroup/freezer ]; then
    # Only the turn thread: everything else goes on, and so would a watchdog without a probe.
    pid=$(show MainPID)
    turn=$(inside grep -l '^turn$' -r "/proc/$pid/task" --include=comm | cut -d/ -f5)
    frozen=/sys/fs/cgroup/freezer/stuck
    inside mkdir "$frozen"
    inside sh -c "echo $turn >$frozen/tasks && echo FROZEN >$frozen/freezer.state"
    two_timeouts() { [ "$(log | grep -c 'Watchdog timeout')" -ge 2 ]; }
    wait_for two_timeouts
    inside sh -c "echo THAWED >$frozen/freezer.state"
    wait_for is_up_anew "$pid"
    is "restarted when the turn thread alone hangs" "$(show NRestarts)" 2
fi

chapter "A daemon that crashes"
# Or the service had been started too often within a minute.
inside systemctl reset-failed carvoice
restarts=$(show NRestarts)
pid=$(show MainPID)
inside kill -ABRT "$pid"
wait_for is_up_anew "$pid"
is "restarted" "$(show NRestarts)" $((restarts + 1))
holds "and ready" "$(show StatusText)" '^Ready'

chapter "A daemon that eats memory"
# Or the service had been started too often within a minute.
inside systemctl reset-failed carvoice
restarts=$(show NRestarts)
pid=$(show MainPID)
tree=/sys/fs/cgroup
[ ! -d $tree/memory ] || tree=$tree/memory
# Stands for a leak: what it takes is charged to the service, and is less than the service has itself.
inside sh -c "echo \$\$ >$tree$(show ControlGroup)/cgroup.procs &&
    exec perl -e '\$leak = \"x\" x 430_000_000; sleep 60'" 2>/dev/null &
wait_for is_up_anew "$pid"
is "restarted" "$(show NRestarts)" $((restarts + 1))
holds "killed at its limit of $(($(show MemoryMax) / 1048576)) MB" "$(log)" 'status=9/KILL|killed by the OOM killer'
if dmesg >"$work/kernel" 2>/dev/null; then
    holds "by the kernel" "$(grep "${work##*/}" "$work/kernel")" 'oom-kill.*task=carvoice'
fi
holds "and ready" "$(show StatusText)" '^Ready'

chapter "A desktop session"
if inside test -e /usr/lib/systemd/user/dbus.socket; then
    # The folder for replies belongs to the service of the system.
    inside sed -i 's/^\(input\|output\) = .*/\1 = "none"/' /etc/carvoice/config.d/50-test.toml
    inside useradd --create-home --uid 5123 driver
    inside loginctl enable-linger driver
    session=(inside setpriv --reuid=5123 --regid=5123 --init-groups
        env HOME=/home/driver XDG_RUNTIME_DIR=/run/user/5123)
    wait_for inside test -S /run/user/5123/bus
    wait_for "${session[@]}" busctl --user get-property "${call[@]}" Version
    is "a call on its bus starts it" "$("${session[@]}" busctl --user get-property "${call[@]}" Version)" "$version"
    holds "in its own unit" "$("${session[@]}" systemctl --user show --property=StatusText --value carvoice)" '^Ready'
    "${session[@]}" systemctl --user stop carvoice
else
    echo "  not tried: a session has a bus of its own only with dbus-user-session"
fi

chapter "The end"
inside systemctl stop carvoice
is "stopped" "$(show ActiveState), $(show Result)" "inactive, success"
inside rm -r /etc/carvoice/config.d
is "removing the packages" "$(inside dpkg --purge carvoice-models carvoice-vehicle carvoice >/dev/null && echo done)" "done"
is "what it leaves" "$(inside find /usr /etc /var -xdev -name '*carvoice*' -newer /etc/machine-id | tr '\n' ' ')" ""

printf '\n%s of the checks failed; %s s\n' "$failures" $((SECONDS - begin))
[ "$failures" = 0 ]
