#!/bin/sh
# Checks the layer without a build system: oelint-adv, and that it is in line with the project.
set -eu
cd "$(dirname "$0")/.."

version=9.11.2
folder=target/yocto-lint
oelint=$folder/bin/oelint-adv
if [ "$("$oelint" --version 2>/dev/null)" != "oelint-adv $version" ]; then
    python3 -m venv "$folder"
    "$folder/bin/pip" install --quiet --disable-pip-version-check "oelint-adv==$version" 'tomli;python_version<"3.11"'
fi

"$folder/bin/python" yocto/update.py --check

# Left out, beside what is only information:
# - homepageping asks the network;
# - order and filesoverride take the variables of a split package for those of the recipe;
# - licenseremotefile: the licence of small files of this layer is told by the layer.
find yocto/meta-carvoice -name '*.bb' -o -name '*.bbclass' -o -name '*.inc' -o -name layer.conf |
    xargs "$oelint" --quiet --relpaths --release wrynose --hide info --jobs 1 \
        --suppress oelint.vars.homepageping \
        --suppress oelint.var.order.FILES \
        --suppress oelint.var.order.SUMMARY \
        --suppress oelint.var.filesoverride \
        --suppress oelint.var.licenseremotefile
