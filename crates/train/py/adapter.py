"""The adapter file: safetensors, f16.

Tensors are `layers.N.P.lora_a` [rank, in] and `layers.N.P.lora_b` [out, rank] for the
projections P of `model.PROJECTIONS`; the weight becomes W + alpha/rank * b @ a, in the
row order of the GGUF file. The metadata names base, rank, alpha and format.
"""

import json
import os
import pathlib
import struct

import numpy as np
import torch

BASE = "smollm2-135m-instruct"
FORMAT = "1"


def write(path, lora, rank, alpha, notes):
    """Writes the pairs of `lora` ({(layer, projection): (a, b)}); replaces in one step."""
    header = {
        "__metadata__": {
            "base": BASE,
            "rank": str(rank),
            "alpha": f"{alpha:g}",
            "format": FORMAT,
            **notes,
        }
    }
    parts, at = [], 0
    for (layer, name), pair in lora.items():
        for which, tensor in zip(("lora_a", "lora_b"), pair):
            data = tensor.detach().half().numpy().tobytes()
            header[f"layers.{layer}.{name}.{which}"] = {
                "dtype": "F16",
                "shape": list(tensor.shape),
                "data_offsets": [at, at + len(data)],
            }
            parts.append(data)
            at += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path = pathlib.Path(path)
    part = path.with_suffix(".part")
    part.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))
    os.replace(part, path)


def read(path):
    """Returns metadata and {(layer, projection): (a, b)} in f32."""
    data = pathlib.Path(path).read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + size])
    meta = header.pop("__metadata__")
    if meta.get("base") != BASE or meta.get("format") != FORMAT:
        raise ValueError(f"{path} is not an adapter for {BASE}, format {FORMAT}")
    found = {}
    for name, info in header.items():
        start, end = info["data_offsets"]
        raw = np.frombuffer(data[8 + size + start : 8 + size + end], dtype=np.float16)
        _, layer, projection, which = name.split(".")
        tensor = torch.from_numpy(raw.astype(np.float32).reshape(info["shape"]))
        found.setdefault((int(layer), projection), {})[which] = tensor
    return meta, {key: (pair["lora_a"], pair["lora_b"]) for key, pair in found.items()}
