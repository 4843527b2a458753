SUMMARY = "Voice of carvoice"
DESCRIPTION = "Network, lexicon and network for unknown words of an American English voice."
HOMEPAGE = "https://github.com/MMWilliams/hibari"
BUGTRACKER = "https://github.com/MMWilliams/hibari/issues"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "\
    file://LICENSE;md5=3b83ef96387f14655fc854ddc3c6bd57 \
    file://NOTICE;md5=071a9e5207a9a87fafe9977396f746aa \
"

SRC_URI = "https://files.pythonhosted.org/packages/ae/17/e27348f0adf068892976982bcf9653170f67adf6e7c45416d69c364ad3f7/hibari_tts-${PV}-py3-none-any.whl"
SRC_URI[sha256sum] = "49f2abbbe451c988e7448b5afa08c8a56410535ebb855c0e7d174275df5ca1f3"

# One package: each is of no use without the others.
CARVOICE_MODEL_NAMES = "voice-heart voice-unknown-words voice-lexicon"

inherit carvoice_model
