#!/bin/sh
# Trains the adapter of the language model: sentences, training, export, calibration, manifest.
#
#   train.sh          the whole run; stop it at any time, it goes on where it was
#   train.sh short    a few steps that must lower the loss, without any data but our own
#
# Everything lands in target/train; only the whole run replaces models/cabin-lora.safetensors.
set -eu
cd "$(dirname "$0")/.."

work=target/train
data=${CARVOICE_DATA:-../shared/data}/text
steps=${CARVOICE_TRAIN_STEPS:-4000}
py=crates/train/py
model=$(target/release/carvoice models list --json | sed -n 's/.*"name":"smollm2-135m","file":"\([^"]*\)".*/\1/p')

mkdir -p "$work"
python=$work/env/bin/python
if [ ! -x "$python" ]; then
    # The torch that apt installs belongs to this Python, whatever else is on the path.
    /usr/bin/python3 -m venv --system-site-packages "$work/env"
    "$python" -m pip install --quiet 'tokenizers>=0.20,<0.24'
fi

if [ "${1:-}" = short ]; then
    rm -rf "$work/short"
    "$python" $py/generate.py --count 3000 --dev 100 "$work/short"
    exec "$python" $py/train.py --gguf "$model" --data "$work/short/train.tsv:1" --out "$work/short/run" \
        --smoke --steps 30 --warmup 5 --tokens 250
fi

"$python" $py/generate.py --count 120000 "$work"
target/release/carvoice-train draw --count 40000 --texts "$work/train.tsv" "$work/manifest.tsv"
"$python" $py/mapped.py --source "$data" "$work"
"$python" $py/declared.py --source "$data" --count 60000 "$work"
mapped=""
[ -f "$work/mapped.tsv" ] && mapped="--data $work/mapped.tsv:0.7"
"$python" $py/train.py --gguf "$model" --data "$work/train.tsv:3.4" --data "$work/manifest.tsv:1" $mapped \
    --data "$work/declared.tsv:0.3" --out "$work/run" --steps "$steps" --lr 1.2e-3
"$python" $py/export.py "$work/run/last.pt" "$work/cabin-lora.safetensors"
# Trust is fitted on sentences that neither the model nor the sentence templates were made from: those
# written by hand, those of held-out templates, and those of held-out sources.
fresh=$work/fresh.tsv
cut -f1,2 "$work/dev.tsv" | grep -vF '\n' | head -n 400 >"$fresh"
[ -f "$work/mapped-dev.tsv" ] && cut -f1,2 "$work/mapped-dev.tsv" >>"$fresh"
target/release/carvoice-train calibrate "$fresh" crates/train/dev/talk.tsv \
    crates/train/dev/hand.tsv crates/train/dev/dialogues.tsv --adapter "$work/cabin-lora.safetensors" \
    --write "$work/cabin-lora.safetensors" --plot docs/reliability.svg
sh scripts/ship-adapter.sh "$work/cabin-lora.safetensors"
