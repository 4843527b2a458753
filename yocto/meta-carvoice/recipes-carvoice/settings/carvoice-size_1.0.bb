SUMMARY = "Settings of carvoice for devices with 256 MB and 512 MB of memory"
DESCRIPTION = "What the service loads and how much memory it may take. Devices with 1 GB need none: the \
unit's own bound and the built-in settings are made for them."
HOMEPAGE = "https://github.com/carvoice/carvoice"
BUGTRACKER = "https://github.com/carvoice/carvoice/issues"
SECTION = "multimedia"
LICENSE = "Apache-2.0 | MIT"
LIC_FILES_CHKSUM = "\
    file://${COMMON_LICENSE_DIR}/Apache-2.0;md5=89aea4e17d99a7cacdbeed46a0096b10 \
    file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302 \
"

SRC_URI = "\
    file://256.conf \
    file://256.toml \
    file://512.conf \
    file://512.toml \
"

S = "${UNPACKDIR}"

inherit allarch

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    for size in 256 512; do
        install -D -m 0644 ${S}/$size.toml ${D}${sysconfdir}/carvoice/config.d/20-size-$size.toml
        install -D -m 0644 ${S}/$size.conf ${D}${systemd_system_unitdir}/carvoice.service.d/20-size-$size.conf
    done
}

PACKAGES = "${PN}-256 ${PN}-512"

FILES:${PN}-256 = "${sysconfdir}/carvoice/config.d/*-256.toml ${systemd_system_unitdir}/carvoice.service.d/*-256.conf"
CONFFILES:${PN}-256 = "${sysconfdir}/carvoice/config.d/20-size-256.toml"
RCONFLICTS:${PN}-256 = "${PN}-512"

FILES:${PN}-512 = "${sysconfdir}/carvoice/config.d/*-512.toml ${systemd_system_unitdir}/carvoice.service.d/*-512.conf"
CONFFILES:${PN}-512 = "${sysconfdir}/carvoice/config.d/20-size-512.toml"
RCONFLICTS:${PN}-512 = "${PN}-256"
