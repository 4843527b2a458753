#!/bin/sh
# Puts an adapter into models/ and its checksum and size into models/manifest.toml.
set -eu
from=$1
cd "$(dirname "$0")/.."
cp "$from" models/cabin-lora.safetensors
sum=$(sha256sum models/cabin-lora.safetensors | cut -d' ' -f1)
size=$(wc -c <models/cabin-lora.safetensors)
awk -v sum="$sum" -v size="$size" '
    /^\[\[/ { ours = 0 }
    /^name = "cabin-lora"/ { ours = 1 }
    ours && /^sha256/ { $0 = "sha256 = \"" sum "\"" }
    ours && /^size/ { $0 = "size = " size }
    { print }' models/manifest.toml >models/manifest.new
mv models/manifest.new models/manifest.toml
echo "models/cabin-lora.safetensors: $size bytes, SHA-256 $sum; build again, then: carvoice models fetch"
