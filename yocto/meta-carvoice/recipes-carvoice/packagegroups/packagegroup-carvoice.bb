SUMMARY = "carvoice for devices with 256 MB, 512 MB and 1 GB of memory"
DESCRIPTION = "The service, the models it can hold in that memory, and the settings that go with them."

inherit packagegroup

PACKAGES = "${PN}-256 ${PN}-512 ${PN}-1024"

SUMMARY:${PN}-256 = "carvoice without speech recognition and language model"
RDEPENDS:${PN}-256 = "\
    carvoice \
    carvoice-model-voice-heart \
    carvoice-size-256 \
"

SUMMARY:${PN}-512 = "carvoice without the language model"
RDEPENDS:${PN}-512 = "\
    carvoice \
    carvoice-model-silero-vad \
    carvoice-model-voice-heart \
    carvoice-model-wake \
    carvoice-model-wake-computer \
    carvoice-model-whisper-base \
    carvoice-size-512 \
"

SUMMARY:${PN}-1024 = "carvoice with all its models"
RDEPENDS:${PN}-1024 = "\
    carvoice \
    carvoice-model-cabin-lora \
    carvoice-model-silero-vad \
    carvoice-model-smollm2-135m \
    carvoice-model-voice-heart \
    carvoice-model-wake \
    carvoice-model-wake-computer \
    carvoice-model-whisper-base \
"
