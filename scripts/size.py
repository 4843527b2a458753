"""Prints what carvoice takes on a disk: the stripped programs, and the models of each size class of the Yocto layer.

    python3 scripts/size.py [FOLDER OF THE PROGRAMS]
"""

import pathlib
import re
import subprocess
import sys
import tempfile
import tomllib

ROOT = pathlib.Path(__file__).resolve().parent.parent
RECIPES = ROOT / "yocto/meta-carvoice/recipes-carvoice"


def stripped(program):
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(["strip", "--strip-unneeded", "-o", file.name, program], check=True)
        return pathlib.Path(file.name).stat().st_size


def classes():
    """The packages of each size class, as the package groups name them."""
    text = (RECIPES / "packagegroups/packagegroup-carvoice.bb").read_text()
    for name, packages in re.findall(r'^RDEPENDS:\$\{PN\}-(\d+) = "([^"]*)"', text, re.MULTILINE):
        yield name, re.findall(r"carvoice-model-([\w-]+)", packages)


def models(package):
    """The models of the manifest that a package holds."""
    for recipe in (RECIPES / "models").glob(f"carvoice-model-{package}_*.bb"):
        return re.search(r'^CARVOICE_MODEL_NAMES = "([^"]*)"', recipe.read_text(), re.MULTILINE)[1].split()
    return [package]


def row(what, size):
    print(f"{what:34} {size / 1e6:8.1f} MB")


programs = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "target/release")
program = stripped(programs / "carvoice")
row("carvoice, stripped", program)
row("carvoice-vehicle, stripped", stripped(programs / "carvoice-vehicle"))
sizes = {m["name"]: m["size"] for m in tomllib.loads((ROOT / "models/manifest.toml").read_text())["model"]}
for name, size in sizes.items():
    row(f"model {name}", size)
for name, packages in classes():
    held = sum(sizes[model] for package in packages for model in models(package))
    row(f"class {name}: models", held)
    row(f"class {name}: models and program", held + program)
