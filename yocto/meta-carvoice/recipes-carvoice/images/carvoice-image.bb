SUMMARY = "Image that boots into the voice assistant"
DESCRIPTION = "A console image with carvoice, its models and PulseAudio as the service of the whole system. \
On the machines of QEMU it has a simulated car."
HOMEPAGE = "https://github.com/carvoice/carvoice"
LICENSE = "Apache-2.0 | MIT"

inherit core-image features_check

REQUIRED_DISTRO_FEATURES = "alsa systemd"

# Memory of the device in MB: 256, 512 or 1024. docs/yocto.md tells what each has.
CARVOICE_SIZE ?= "1024"

IMAGE_INSTALL = "\
    packagegroup-core-boot \
    packagegroup-carvoice-${CARVOICE_SIZE} \
    carvoice-pulseaudio \
    ${CORE_IMAGE_EXTRA_INSTALL} \
"
IMAGE_INSTALL:append:qemuall = " carvoice-vehicle"

IMAGE_LINGUAS = ""

# Car makers do not ship what is under version 3 of the GNU licences. Of the image alone, because recipes
# that it needs have packages under them that it does not install.
INCOMPATIBLE_LICENSE ?= "AGPL-3.0* GPL-3.0* LGPL-3.0*"
# A keyboard layout that systemd brings through recommendations, under GPL-3.0.
BAD_RECOMMENDATIONS += "kbd-keymaps-pine"

QB_MEM = "-m ${CARVOICE_SIZE}"
