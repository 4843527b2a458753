"""Turns a checkpoint into the adapter file.

export.py RUN/last.pt ../../../models/cabin-lora.safetensors
"""

import argparse

import torch

import adapter
from model import GROUPS


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint")
    parser.add_argument("out")
    args = parser.parse_args()
    state = torch.load(args.checkpoint)
    tensors = iter(state["lora"])
    # The order in which the model makes them.
    names = [name for group in GROUPS for name in group]
    layers = len(state["lora"]) // (2 * len(names))
    lora = {(i, name): (next(tensors), next(tensors)) for i in range(layers) for name in names}
    notes = {"step": str(state["step"]), "examples": str(state["seen"])}
    adapter.write(args.out, lora, state["rank"], state["alpha"], notes)
    print(f"{args.out}: step {state['step']}, {state['seen']} examples")


if __name__ == "__main__":
    main()
