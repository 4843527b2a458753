SUMMARY = "PulseAudio as the sound server of the whole system, for carvoice"
DESCRIPTION = "A unit for the server, which OpenEmbedded-Core runs in user sessions only, and the setting \
that leads carvoice to it."
HOMEPAGE = "https://github.com/carvoice/carvoice"
BUGTRACKER = "https://github.com/carvoice/carvoice/issues"
SECTION = "multimedia"
LICENSE = "Apache-2.0 | MIT"
LIC_FILES_CHKSUM = "\
    file://${COMMON_LICENSE_DIR}/Apache-2.0;md5=89aea4e17d99a7cacdbeed46a0096b10 \
    file://${COMMON_LICENSE_DIR}/MIT;md5=0835ade698e0bcf8506ecda2f7b4f302 \
"

SRC_URI = "\
    file://carvoice.conf \
    file://carvoice-pulseaudio.service \
"

S = "${UNPACKDIR}"

inherit features_check systemd

REQUIRED_DISTRO_FEATURES = "systemd"

do_configure[noexec] = "1"
do_compile[noexec] = "1"

do_install() {
    install -D -m 0644 ${S}/carvoice-pulseaudio.service ${D}${systemd_system_unitdir}/carvoice-pulseaudio.service
    install -D -m 0644 ${S}/carvoice.conf ${D}${systemd_system_unitdir}/carvoice.service.d/20-pulseaudio.conf
    # The server takes a greeting without a cookie for a broken one. It knows the service by its group,
    # so what the cookie says does not matter, but for its length.
    install -d ${D}${datadir}/carvoice
    head -c 256 /dev/zero >${D}${datadir}/carvoice/pulse-cookie
    sed -i 's|@DATADIR@|${datadir}|g' ${D}${systemd_system_unitdir}/carvoice.service.d/20-pulseaudio.conf
}

FILES:${PN} = "\
    ${datadir}/carvoice/pulse-cookie \
    ${systemd_system_unitdir} \
"
# The server makes the user pulse, and lets members of the group audio in, as carvoice is one.
RDEPENDS:${PN} = "pulseaudio-server"

SYSTEMD_SERVICE:${PN} = "carvoice-pulseaudio.service"
