#!/bin/sh
# Installs carvoice, or removes what it installed:  install.sh install|uninstall
#
#   DESTDIR     put before every path, for packages
#   PREFIX      /usr/local unless given; a package says /usr
#   SYSCONFDIR  /etc unless given
#   CARVOICE    the program that prints manual pages and completions; one that runs on this machine
#
# Both ways go through the same list, so that neither can forget a file.
set -eu
cd "$(dirname "$0")/.."

verb=${1:-}
case $verb in
install | uninstall) ;;
*)
    echo "usage: install.sh install|uninstall" >&2
    exit 2
    ;;
esac
DESTDIR=${DESTDIR:-}
PREFIX=${PREFIX:-/usr/local}
SYSCONFDIR=${SYSCONFDIR:-/etc}
BIN=${BIN:-target/release}
CARVOICE=${CARVOICE:-$BIN/carvoice}

made=$(mktemp -d)
trap 'rm -rf "$made"' EXIT

# file MODE SOURCE TARGET
file() {
    if [ "$verb" = install ]; then
        install -D -m "$1" "$2" "$DESTDIR$3"
    else
        rm -f "$DESTDIR$3"
    fi
}

# The same for a text that names /usr; the installed one names PREFIX.
text() {
    sed "s|/usr/|$PREFIX/|g" "$1" >"$made/text"
    file 644 "$made/text" "$2"
}

# A setting belongs to the machine: never replaced, and removed only if it was never changed.
setting() {
    sed "s|/usr/|$PREFIX/|g" "$1" >"$made/text"
    if [ "$verb" = install ] && [ -e "$DESTDIR$2" ]; then
        echo "kept $DESTDIR$2"
    elif [ "$verb" = install ] || cmp -s "$made/text" "$DESTDIR$2"; then
        file 644 "$made/text" "$2"
    fi
}

if [ "$verb" = install ]; then
    "$CARVOICE" man "$made/man"
    for shell in bash zsh fish; do
        "$CARVOICE" completions $shell >"$made/$shell"
    done
fi

file 755 "$BIN/carvoice" "$PREFIX/bin/carvoice"
file 755 "$BIN/carvoice-vehicle" "$PREFIX/bin/carvoice-vehicle"

text systemd/carvoice.service "$PREFIX/lib/systemd/system/carvoice.service"
text systemd/carvoice-vehicle.service "$PREFIX/lib/systemd/system/carvoice-vehicle.service"
text systemd/user/carvoice.service "$PREFIX/lib/systemd/user/carvoice.service"
file 644 systemd/carvoice.sysusers "$PREFIX/lib/sysusers.d/carvoice.conf"
file 644 systemd/carvoice-vehicle.sysusers "$PREFIX/lib/sysusers.d/carvoice-vehicle.conf"
file 644 systemd/carvoice.tmpfiles "$PREFIX/lib/tmpfiles.d/carvoice.conf"

# The bus reads policies of two folders only, and neither depends on the prefix.
file 644 systemd/dbus/org.carvoice.conf "$SYSCONFDIR/dbus-1/system.d/org.carvoice.conf"
file 644 systemd/dbus/org.carvoice.simulator.conf "$SYSCONFDIR/dbus-1/system.d/org.carvoice.simulator.conf"
for bus in system session; do
    folder=$([ $bus = system ] && echo system-services || echo services)
    text systemd/dbus/$bus-org.carvoice.Assistant1.service \
        "$PREFIX/share/dbus-1/$folder/org.carvoice.Assistant1.service"
done

setting systemd/config.toml "$SYSCONFDIR/carvoice/config.toml"
file 644 models/cabin-lora.safetensors "$PREFIX/share/carvoice/models/cabin-lora.safetensors"
file 644 models/wake-computer.safetensors "$PREFIX/share/carvoice/models/wake-computer.safetensors"

file 644 crates/core/bindings/ofono.toml "$PREFIX/share/carvoice/bindings/ofono.toml"

for document in config.toml README.md LICENSE CHANGELOG.md docs/dbus.md docs/skills.md docs/systemd.md; do
    file 644 "$document" "$PREFIX/share/doc/carvoice/${document##*/}"
done
file 644 "$made/bash" "$PREFIX/share/bash-completion/completions/carvoice"
file 644 "$made/zsh" "$PREFIX/share/zsh/site-functions/_carvoice"
file 644 "$made/fish" "$PREFIX/share/fish/vendor_completions.d/carvoice.fish"

man=$PREFIX/share/man/man1
if [ "$verb" = install ]; then
    for page in "$made"/man/*.1; do
        file 644 "$page" "$man/${page##*/}"
    done
else
    rm -f "$DESTDIR$man"/carvoice.1 "$DESTDIR$man"/carvoice-*.1
    for folder in "$PREFIX/share/carvoice/models" "$PREFIX/share/carvoice/bindings" "$PREFIX/share/carvoice" "$PREFIX/share/doc/carvoice" \
        "$SYSCONFDIR/carvoice"; do
        # What somebody else put there stays.
        rmdir "$DESTDIR$folder" 2>/dev/null || true
    done
fi

if [ "$verb" = install ] && [ -z "$DESTDIR" ]; then
    cat <<END
Installed. Then, as root:
  systemd-sysusers && systemd-tmpfiles --create && systemctl daemon-reload && systemctl reload dbus
  CARVOICE_MODELS=/var/lib/carvoice/models carvoice models fetch
  systemctl enable --now carvoice
END
fi
