"""Turns `carvoice models list --json` into the paragraphs of a Debian copyright file."""

import json
import sys

# Debian's short names where they differ from those of SPDX.
NAMES = {"MIT": "Expat", "OR": "or", "AND": "and"}


def licence(expression):
    return " ".join(NAMES.get(word, word) for word in expression.split())


models = [json.loads(line) for line in sys.stdin]
for model in models:
    file = model["file"].rsplit("/", 1)[-1]
    print(f"Files: usr/share/carvoice/models/{file}")
    print("Copyright: (c) the authors of the packages named in models/manifest.toml of carvoice")
    print(f"License: {licence(model['licence'])}")
    print(f"Comment: {model['name']}: {model['purpose']}\n")
for name in sorted({licence(model["licence"]) for model in models}):
    print(f"License: {name}")
    print(" See models/manifest.toml of carvoice, and /usr/share/common-licenses.\n")
