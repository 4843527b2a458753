SUMMARY = "Offline voice assistant for the car cabin"
DESCRIPTION = "Speech to commands on D-Bus and spoken answers, on the car's own computer. \
The same program is the service, the command line and, on the build machine, the converter of models."
HOMEPAGE = "https://github.com/carvoice/carvoice"
BUGTRACKER = "https://github.com/carvoice/carvoice/issues"
SECTION = "multimedia"

# The program's own licence, and those of the crates linked into it that leave no other choice.
LICENSE = "(Apache-2.0 | MIT) & Apache-2.0 & MIT & MPL-2.0 & Unicode-3.0 & Unlicense & Zlib"
LIC_FILES_CHKSUM = "file://LICENSE;md5=158b6e1bd54f500f96ec427fbd54afe9"

DEPENDS = "alsa-lib cmake-native"
# It prints its own manual pages and completions, which the program for the target cannot do here.
DEPENDS:append:class-target = " carvoice-native"

# The tree that is built: the one this layer is part of, so that recipe, list of crates and code are of
# one commit. Empty: the commit named below, from git.
CARVOICE_SOURCE ?= "${@os.path.normpath('${THISDIR}/../../../..')}"

SRC_URI = "\
    git://github.com/carvoice/carvoice.git;protocol=https;branch=main \
    file://models.conf \
    file://profile.sh \
"
SRCREV = "6efaa9f69c2d6e74485ca809e67119ec4e10fb5e"

require ${BPN}-crates.inc

inherit bash-completion cargo externalsrc features_check pkgconfig systemd useradd

EXTERNALSRC = "${CARVOICE_SOURCE}"

# nooelint: oelint.task.noanonpython - a recipe can be skipped in no other way
python () {
    source = d.getVar("EXTERNALSRC")
    if source and (d.getVar("TOPDIR") + "/").startswith(source + "/"):
        # All of the tree is the source, and would change with every step of the build.
        raise bb.parse.SkipRecipe("the build folder is inside of %s; build elsewhere" % source)
}

# Nothing else has been tried; the service's sandbox is its unit.
REQUIRED_DISTRO_FEATURES:class-target = "systemd"

# The manifest names the Rust that the project tests with, which is one ahead of the release.
CARGO_BUILD_FLAGS += "--ignore-rust-version --bins -p carvoice -p carvoice-vehicle"
export CARGO_INCREMENTAL = "0"

# The crate of whisper.cpp brings bindings of its C interface; making them anew would need clang-native.
export WHISPER_DONT_GENERATE_BINDINGS = "1"
# These are in the source's .cargo/config.toml too, which cargo does not read from a build folder elsewhere.
export GGML_NATIVE = "OFF"
export GGML_LLAMAFILE = "ON"
# whisper.cpp chooses its x86 kernels when it is built. What a build machine has is not known.
CARVOICE_X86_V3 = "${@bb.utils.contains('TUNE_FEATURES', 'x86-64-v3', 'ON', 'OFF', d)}"
CARVOICE_X86_V3:class-native = "OFF"
export GGML_SSE42 = "${CARVOICE_X86_V3}"
export GGML_AVX = "${CARVOICE_X86_V3}"
export GGML_AVX2 = "${CARVOICE_X86_V3}"
export GGML_BMI2 = "${CARVOICE_X86_V3}"
export GGML_FMA = "${CARVOICE_X86_V3}"
export GGML_F16C = "${CARVOICE_X86_V3}"

do_install() {
    DESTDIR="${D}" PREFIX="${prefix}" SYSCONFDIR="${sysconfdir}" CARVOICE=carvoice \
        BIN="${B}/target/${CARGO_TARGET_SUBDIR}" sh ${S}/scripts/install.sh install

    # The service for sessions of a desktop: the systemd class would take it for the car's, of the same name.
    rm -r ${D}${systemd_user_unitdir} ${D}${datadir}/dbus-1/services

    install -D -m 0644 ${UNPACKDIR}/models.conf ${D}${systemd_system_unitdir}/carvoice.service.d/10-models.conf
    install -D -m 0644 ${UNPACKDIR}/profile.sh ${D}${sysconfdir}/profile.d/carvoice.sh
    sed -i 's|@DATADIR@|${datadir}|g' \
        ${D}${systemd_system_unitdir}/carvoice.service.d/10-models.conf ${D}${sysconfdir}/profile.d/carvoice.sh
}

do_install:class-native() {
    install -D -m 0755 ${B}/target/${CARGO_TARGET_SUBDIR}/carvoice ${D}${bindir}/carvoice
}

PACKAGE_BEFORE_PN += "\
    ${PN}-cli \
    ${PN}-daemon \
    ${PN}-fish-completion \
    ${PN}-model-cabin-lora \
    ${PN}-model-wake-computer \
    ${PN}-vehicle \
    ${PN}-zsh-completion \
"

SUMMARY:${PN}-cli = "Command line of carvoice, and the program that its service runs"
FILES:${PN}-cli = "\
    ${bindir}/carvoice \
    ${sysconfdir}/carvoice/config.toml \
    ${sysconfdir}/profile.d/carvoice.sh \
"
CONFFILES:${PN}-cli = "${sysconfdir}/carvoice/config.toml"

SUMMARY:${PN}-daemon = "Service of carvoice: unit, users, bus policy and activation"
FILES:${PN}-daemon = "\
    ${datadir}/dbus-1/system-services \
    ${nonarch_libdir}/sysusers.d/carvoice.conf \
    ${nonarch_libdir}/tmpfiles.d/carvoice.conf \
    ${sysconfdir}/dbus-1/system.d/org.carvoice.conf \
    ${systemd_system_unitdir}/carvoice.service \
    ${systemd_system_unitdir}/carvoice.service.d \
"
RDEPENDS:${PN}-daemon = "${PN}-cli dbus"

SUMMARY:${PN}-vehicle = "Simulated car for carvoice, for benches only"
FILES:${PN}-vehicle = "\
    ${bindir}/carvoice-vehicle \
    ${nonarch_libdir}/sysusers.d/carvoice-vehicle.conf \
    ${sysconfdir}/dbus-1/system.d/org.carvoice.simulator.conf \
    ${systemd_system_unitdir}/carvoice-vehicle.service \
"
RDEPENDS:${PN}-vehicle = "dbus"

SUMMARY:${PN}-model-cabin-lora = "Adapter of carvoice's language model, trained by the project"
LICENSE:${PN}-model-cabin-lora = "Apache-2.0 | MIT"
FILES:${PN}-model-cabin-lora = "${datadir}/carvoice/models/cabin-lora.safetensors"

SUMMARY:${PN}-model-wake-computer = "Wake word of carvoice, trained by the project"
LICENSE:${PN}-model-wake-computer = "Apache-2.0 | MIT"
FILES:${PN}-model-wake-computer = "${datadir}/carvoice/models/wake-computer.safetensors"

FILES:${PN}-fish-completion = "${datadir}/fish"
FILES:${PN}-zsh-completion = "${datadir}/zsh"

# The package without a suffix is the service with its command line.
ALLOW_EMPTY:${PN} = "1"
RDEPENDS:${PN} = "${PN}-cli ${PN}-daemon"

SYSTEMD_PACKAGES = "${PN}-daemon ${PN}-vehicle"
SYSTEMD_SERVICE:${PN}-daemon = "carvoice.service"
SYSTEMD_SERVICE:${PN}-vehicle = "carvoice-vehicle.service"
# A simulator in the place of a missing car would report a standstill.
SYSTEMD_AUTO_ENABLE:${PN}-vehicle = "disable"

# The users of carvoice.sysusers and carvoice-vehicle.sysusers, so that a read-only image has them.
USERADD_PACKAGES = "${PN}-daemon ${PN}-vehicle"
GROUPADD_PARAM:${PN}-daemon = "--system carvoice"
USERADD_PARAM:${PN}-daemon = "--system --gid carvoice --groups audio --home-dir / --no-create-home \
    --shell ${base_sbindir}/nologin --comment 'Voice assistant' carvoice"
GROUPADD_PARAM:${PN}-vehicle = "--system carvoice-vehicle"
USERADD_PARAM:${PN}-vehicle = "--system --gid carvoice-vehicle --home-dir / --no-create-home \
    --shell ${base_sbindir}/nologin --comment 'Simulated car' carvoice-vehicle"

BBCLASSEXTEND = "native"
