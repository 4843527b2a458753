#!/bin/sh
# Makes Debian packages of what `make build` built, in target/deb:
#
#   carvoice          the service with its command line
#   carvoice-vehicle  the simulated car, for benches only
#   carvoice-models   the models, from the store of this machine
#
# install.sh says what is installed and where; this script divides it, finds the libraries that are
# needed and adds what dpkg wants to know.
set -eu
cd "$(dirname "$0")/.."

BIN=${BIN:-target/release}
CARVOICE=${CARVOICE:-$BIN/carvoice}
out=$PWD/target/deb
version=$(sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' Cargo.toml)
architecture=$(dpkg --print-architecture)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || date +%s)}
export SOURCE_DATE_EPOCH
date=$(date -u -R -d "@$SOURCE_DATE_EPOCH")
maintainer=${DEB_MAINTAINER:-The carvoice developers <carvoice@users.noreply.github.com>}

rm -rf "$out"
mkdir -p "$out/work/debian"
work=$out/work
umask 022

# move PACKAGE PATH...: from what install.sh installed to a package.
move() {
    package=$1
    shift
    for path in "$@"; do
        mkdir -p "$work/$package/${path%/*}"
        mv "$work/all/$path" "$work/$package/$path"
    done
}

# document PACKAGE: licence and changes, where Debian looks for them.
document() {
    folder=$work/$1/usr/share/doc/$1
    mkdir -p "$folder"
    {
        echo "Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/"
        echo "Source: https://github.com/carvoice/carvoice"
        echo
        if [ "$1" = carvoice-models ]; then
            # From the manifest, so that it cannot go stale.
            "$CARVOICE" models list --json | python3 scripts/deb/copyright.py
        else
            printf 'Files: *\nCopyright: 2026 The carvoice developers\nLicense: Apache-2.0 or Expat\n\n'
            printf 'License: Apache-2.0\n See /usr/share/common-licenses/Apache-2.0.\n\nLicense: Expat\n'
            sed '1,/^MIT License$/d; /^====/,$d' LICENSE | sed 's/^$/./; s/^/ /'
        fi
    } >"$folder/copyright"
    printf '%s (%s) unstable; urgency=medium\n\n  * What changed is told in CHANGELOG.md of carvoice.\n\n -- %s  %s\n' \
        "$1" "$version" "$maintainer" "$date" | gzip -9n >"$folder/changelog.gz"
}

# control PACKAGE ARCHITECTURE DEPENDS REST: what dpkg wants to know; REST begins with a whole field.
control() {
    mkdir -p "$work/$1/DEBIAN"
    cat >"$work/$1/DEBIAN/control" <<END
Package: $1
Version: $version
Architecture: $2
Maintainer: $maintainer
Installed-Size: $(du -k -s --apparent-size --exclude=DEBIAN "$work/$1" | cut -f1)
Depends: $3
Section: sound
Priority: optional
Homepage: https://github.com/carvoice/carvoice
$4
END
    (cd "$work/$1" && find etc -type f 2>/dev/null | sort | sed 's|^|/|') >"$work/$1/DEBIAN/conffiles"
    [ -s "$work/$1/DEBIAN/conffiles" ] || rm "$work/$1/DEBIAN/conffiles"
    (cd "$work/$1" && find usr -type f -print0 | sort -z | xargs -0 md5sum) >"$work/$1/DEBIAN/md5sums"
    for script in postinst prerm postrm; do
        if [ -e "scripts/deb/$1.$script" ]; then
            install -m 755 "scripts/deb/$1.$script" "$work/$1/DEBIAN/$script"
        fi
    done
}

# The packages that PROGRAM's libraries are in, with the versions that it needs.
libraries() {
    printf 'Source: carvoice\n\nPackage: carvoice\nArchitecture: any\n' >"$work/debian/control"
    (cd "$work" && dpkg-shlibdeps -O "$1") | sed -n 's/^shlibs:Depends=//p'
}

# pack PACKAGE ARCHITECTURE [OPTION...]
pack() {
    package=$1
    name=$out/${package}_${version}_$2.deb
    shift 2
    dpkg-deb --root-owner-group "$@" --build "$work/$package" "$name" >/dev/null
    echo "$name"
}

DESTDIR=$work/all PREFIX=/usr SYSCONFDIR=/etc BIN=$BIN CARVOICE=$CARVOICE sh scripts/install.sh install
for program in carvoice carvoice-vehicle; do
    strip --strip-unneeded "$work/all/usr/bin/$program"
done
gzip -9n "$work"/all/usr/share/man/man1/*.1
# The texts beside the documents are the copyright file's and the changelog's matter.
rm "$work/all/usr/share/doc/carvoice/LICENSE"
python3 scripts/sbom.py --out "$work/sbom" >/dev/null
for text in carvoice.cdx.json THIRD-PARTY-LICENSES; do
    gzip -9n <"$work/sbom/$text" >"$work/all/usr/share/doc/carvoice/$text.gz"
done
# A package's policies of the bus are no settings.
mkdir -p "$work/all/usr/share/dbus-1/system.d"
mv "$work"/all/etc/dbus-1/system.d/*.conf "$work/all/usr/share/dbus-1/system.d/"
rm -r "$work/all/etc/dbus-1"

move carvoice-vehicle usr/bin/carvoice-vehicle usr/lib/systemd/system/carvoice-vehicle.service \
    usr/lib/sysusers.d/carvoice-vehicle.conf usr/share/dbus-1/system.d/org.carvoice.simulator.conf
mv "$work/all" "$work/carvoice"

document carvoice
control carvoice "$architecture" "dbus, systemd, $(libraries carvoice/usr/bin/carvoice)" "\
Recommends: carvoice-models
Suggests: python3-pip
Description: offline voice assistant for the car cabin
 Speech becomes commands on D-Bus and spoken answers, on the car's own
 computer: no network, no account, no sound that leaves the vehicle.
 .
 The service is not enabled by being installed, since it listens; a call on
 the system bus starts it, or \"systemctl enable --now carvoice\".
 .
 This package has the service with its command line. It needs the models of
 carvoice-models, or those that \"carvoice models fetch\" makes."
pack carvoice "$architecture"

document carvoice-vehicle
control carvoice-vehicle "$architecture" "dbus, systemd, $(libraries carvoice-vehicle/usr/bin/carvoice-vehicle)" "\
Description: simulated car for the voice assistant carvoice
 Answers on the system bus in the place of a car: climate, windows, seats,
 lights, media, navigation and telephone.
 .
 For benches and demonstrations. A simulator in the place of a missing car
 reports a standstill, so leave this package out of a vehicle. Nothing starts
 it by itself."
pack carvoice-vehicle "$architecture"

# Models that come with the program are in its package, in the same folder.
models=$work/carvoice-models/usr/share/carvoice/models
mkdir -p "$models"
"$CARVOICE" models verify --json >"$work/models.json"
sed -n 's|.*"file":"\([^"]*\)".*|\1|p' "$work/models.json" | while read -r file; do
    if [ ! -e "$work/carvoice/usr/share/carvoice/models/${file##*/}" ]; then
        install -m 644 "$file" "$models/"
    fi
done
for unit in system user; do
    folder=$work/carvoice-models/usr/lib/systemd/$unit/carvoice.service.d
    mkdir -p "$folder"
    sed 's|@DATADIR@|/usr/share|' yocto/meta-carvoice/recipes-carvoice/carvoice/files/models.conf >"$folder/10-models.conf"
done
mkdir -p "$work/carvoice-models/etc/profile.d"
sed 's|@DATADIR@|/usr/share|' yocto/meta-carvoice/recipes-carvoice/carvoice/files/profile.sh \
    >"$work/carvoice-models/etc/profile.d/carvoice.sh"
document carvoice-models
control carvoice-models all "carvoice (>= $version)" "\
Description: models of the voice assistant carvoice
 Speech recognition, language model, wake word and voice, converted for
 carvoice and checked against its list of checksums."
# Weights hardly get smaller, and the best compression takes minutes.
pack carvoice-models all -Zgzip -z1

rm -rf "$work"
