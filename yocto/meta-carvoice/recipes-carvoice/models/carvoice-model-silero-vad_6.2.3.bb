SUMMARY = "Voice activity model of carvoice"
DESCRIPTION = "Silero VAD 6 for 16 kHz: tells where speech begins and ends."
HOMEPAGE = "https://github.com/snakers4/silero-vad"
BUGTRACKER = "https://github.com/snakers4/silero-vad/issues"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=475d6abdf4b0304512f6d01b55906b6c"

SRC_URI = "https://files.pythonhosted.org/packages/84/ef/9099037ed6f180ea33220178df4107112c0ce2bf5fb4d6f6ab19db2844ed/silero_vad-${PV}-py3-none-any.whl"
SRC_URI[sha256sum] = "7b7f5436cfcb02fae583a05b512ea96467fd449fe54cb49a5e4f06c51a1e43b8"

CARVOICE_MODEL_NAMES = "silero-vad"

inherit carvoice_model
