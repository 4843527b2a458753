#!/bin/sh
# Parses the layer with a real BitBake and resolves its images; nothing is built.
#
#   OE=DIR       OpenEmbedded-Core
#   BITBAKE=DIR  BitBake; $OE/bitbake or the folder beside OE unless given
#   BUILD=DIR    where to work, outside of this tree; a folder in /tmp unless given
#   MACHINES     for which machines; qemuarm64 and qemux86-64 unless given
set -eu
cd "$(dirname "$0")/.."

if [ -z "${OE:-}" ]; then
    echo "usage: make yocto-check OE=DIR, a checkout of openembedded-core, with bitbake in it or beside it" >&2
    exit 2
fi
oe=$(cd "$OE" && pwd)
for bitbake in ${BITBAKE:+"$BITBAKE"} "$oe/bitbake" "$oe/../bitbake"; do
    [ -x "$bitbake/bin/bitbake" ] && break
done
bitbake=$(cd "$bitbake" && pwd)
if [ ! -x "$bitbake/bin/bitbake" ]; then
    echo "no BitBake at $bitbake; name it with BITBAKE=DIR" >&2
    exit 2
fi
if [ "$(id -u)" = 0 ]; then
    echo "BitBake does not run as root; use another account" >&2
    exit 2
fi

layer=$PWD/yocto/meta-carvoice
mkdir -p "${BUILD:=${TMPDIR:-/tmp}/carvoice-yocto-$(id -u)}/conf"
BUILD=$(cd "$BUILD" && pwd)
series=$(sed -n 's/^LAYERSERIES_CORENAMES = "\(.*\)"/\1/p' "$oe/meta/conf/layer.conf")
echo "OpenEmbedded-Core $(git -C "$oe" log -1 --format='%h of %cs') ($series), $("$bitbake/bin/bitbake" --version)"

cat >"$BUILD/conf/bblayers.conf" <<END
BBPATH = "\${TOPDIR}"
BBFILES ?= ""
BBLAYERS = "$oe/meta $layer"
END
cat >"$BUILD/conf/local.conf" <<END
MACHINE ??= "qemuarm64"
require conf/carvoice.inc
CONNECTIVITY_CHECK_URIS = ""
BB_HASHSERVE = "auto"
# Resolving needs no prebuilt C library.
INHERIT:remove = "uninative"
END
case " $series " in
*" wrynose "*) ;;
*)
    # Told, because the layer does not claim it.
    echo "LAYERSERIES_COMPAT_carvoice is overridden for this run: $series"
    echo "LAYERSERIES_COMPAT_carvoice:append = \" $series\"" >>"$BUILD/conf/local.conf"
    ;;
esac

export BBPATH="$BUILD" BITBAKEDIR="$bitbake" PATH="$bitbake/bin:$oe/scripts:$PATH"
export BB_ENV_PASSTHROUGH_ADDITIONS="MACHINE"
cd "$BUILD"
# run TEXT COMMAND...: what matters of the output, all of it when the command fails
run() {
    echo "\$ $1"
    shift
    if ! "$@" >log 2>&1; then
        cat log
        exit 1
    fi
    grep -E '^(Parsing of|WARNING|ERROR)|targets,' log || true
}

for MACHINE in ${MACHINES:-qemuarm64 qemux86-64}; do
    export MACHINE
    run "MACHINE=$MACHINE bitbake -p" bitbake -p
    # The image has one size class, the package group all.
    run "MACHINE=$MACHINE bitbake -g carvoice-image packagegroup-carvoice" \
        bitbake -g carvoice-image packagegroup-carvoice
    echo "$(wc -l <pn-buildlist) recipes, $(grep -c -- ' -> ' task-depends.dot) dependencies between tasks"
done
