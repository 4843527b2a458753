#!/bin/sh
# Installs the system packages that building and testing need; says nothing when all are there.
# "setup.sh train" adds those that training needs.
set -eu

packages="build-essential cmake libclang-dev pkg-config libasound2-dev python3-pip python3-venv dbus dbus-bin libglib2.0-bin systemd mpv mpv-mpris python3-dbus-next python3-dbusmock pulseaudio pulseaudio-utils"
if [ "${1:-}" = train ]; then
    packages="$packages python3-torch python3-numpy libopenblas0-pthread"
fi

if ! command -v cargo >/dev/null; then
    echo "Rust is missing: install it from https://rustup.rs and run this again." >&2
    exit 1
fi

if ! command -v dpkg-query >/dev/null; then
    echo "This is not Debian or Ubuntu. Install the counterparts of: $packages" >&2
    exit 0
fi

missing=""
for package in $packages; do
    status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null || true)
    [ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

echo "Installing:$missing"
run=""
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "Run this as root:  apt-get install$missing" >&2
        exit 1
    fi
    run=sudo
fi
$run apt-get update -qq
$run env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $missing
