"""Reads GGUF files: metadata and tensors, the few formats the base model comes in.

The layout is the one of the GGUF specification, version 3 (ggml repository,
docs/gguf.md); the block formats are those of ggml-quants: Q4_1 holds 32 weights
as an f16 scale, an f16 minimum and 16 bytes of nibbles (low nibbles first), Q8_0
as an f16 scale and 32 signed bytes.
"""

import struct

import numpy as np

_SCALARS = {
    0: "<B",
    1: "<b",
    2: "<H",
    3: "<h",
    4: "<I",
    5: "<i",
    6: "<f",
    7: "<?",
    10: "<Q",
    11: "<q",
    12: "<d",
}
_STRING, _ARRAY = 8, 9
# ggml type number -> (weights per block, bytes per block)
_BLOCKS = {0: (1, 4), 1: (1, 2), 3: (32, 20), 8: (32, 34)}


class GgufError(ValueError):
    """The file is not a GGUF file this reader understands."""


class _Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, size):
        if self.at + size > len(self.data):
            raise GgufError("the GGUF file is truncated: fetch the model again")
        part = self.data[self.at : self.at + size]
        self.at += size
        return part

    def scalar(self, form):
        return struct.unpack(form, self.take(struct.calcsize(form)))[0]

    def string(self):
        return bytes(self.take(self.scalar("<Q"))).decode("utf-8", "replace")

    def value(self, kind):
        if kind == _STRING:
            return self.string()
        if kind == _ARRAY:
            inner, count = self.scalar("<I"), self.scalar("<Q")
            return [self.value(inner) for _ in range(count)]
        if kind not in _SCALARS:
            raise GgufError(f"unknown metadata type {kind}")
        return self.scalar(_SCALARS[kind])


def read(path):
    """Returns the metadata of `path` and its tensors as f32 arrays, by name."""
    reader = _Reader(np.memmap(path, dtype=np.uint8, mode="r"))
    if bytes(reader.take(4)) != b"GGUF":
        raise GgufError(f"{path} is not a GGUF file")
    version = reader.scalar("<I")
    if version not in (2, 3):
        raise GgufError(f"GGUF version {version} is not supported")
    tensors, pairs = reader.scalar("<Q"), reader.scalar("<Q")
    meta = {}
    for _ in range(pairs):
        key = reader.string()
        meta[key] = reader.value(reader.scalar("<I"))
    infos = []
    for _ in range(tensors):
        name = reader.string()
        shape = [reader.scalar("<Q") for _ in range(reader.scalar("<I"))]
        infos.append((name, shape[::-1], reader.scalar("<I"), reader.scalar("<Q")))
    align = meta.get("general.alignment", 32)
    start = (reader.at + align - 1) // align * align
    weights = {}
    for name, shape, kind, offset in infos:
        if kind not in _BLOCKS:
            raise GgufError(f"tensor {name} has the unsupported format {kind}")
        per, size = _BLOCKS[kind]
        reader.at = start + offset
        raw = np.asarray(reader.take(int(np.prod(shape)) // per * size))
        weights[name] = _dequantize(raw, kind, size).reshape(shape)
    return meta, weights


def _dequantize(raw, kind, size):
    if kind == 0:
        return raw.view(np.float32).copy()
    if kind == 1:
        return raw.view(np.float16).astype(np.float32)
    blocks = raw.reshape(-1, size)
    scale = blocks[:, :2].copy().view(np.float16).astype(np.float32)
    if kind == 8:
        return scale * blocks[:, 2:].view(np.int8).astype(np.float32)
    low = blocks[:, 2:4].copy().view(np.float16).astype(np.float32)
    nibbles = np.concatenate((blocks[:, 4:] & 15, blocks[:, 4:] >> 4), axis=1)
    return scale * nibbles.astype(np.float32) + low
