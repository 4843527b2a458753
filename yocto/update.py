#!/usr/bin/env python3
"""Brings meta-carvoice in line with the project: the list of crates, the models, the licence.

    update.py          writes the list of crates and says what else has to be changed by hand
    update.py --check  writes nothing; exit status 1 when anything is out of line
"""

import hashlib
import re
import sys
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # Python before 3.11
    import tomli as tomllib

ROOT = Path(__file__).resolve().parent.parent
RECIPES = ROOT / "yocto/meta-carvoice/recipes-carvoice"
CRATES = RECIPES / "carvoice/carvoice-crates.inc"
# The package of the models that come with the source, in models/manifest.toml.
PROJECT = "carvoice"


def crates():
    """The text of the list."""
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    packages = [package for package in lock["package"] if "source" in package]
    foreign = [package["name"] for package in packages if "crates.io" not in package["source"]]
    if foreign:
        sys.exit(f"not from crates.io, which this script does not handle: {', '.join(foreign)}")
    lines = ["# Written by yocto/update.py from Cargo.lock.", "", 'SRC_URI += "\\']
    lines += [f"    crate://crates.io/{package['name']}/{package['version']} \\" for package in packages]
    lines += ['"', ""]
    lines += [
        f'SRC_URI[{package["name"]}-{package["version"]}.sha256sum] = "{package["checksum"]}"'
        for package in packages
    ]
    return "\n".join(lines) + "\n"


def value(recipe, name):
    """What a recipe assigns to a variable, or an empty text."""
    found = re.search(rf'^{re.escape(name)} = "((?:[^"\\]|\\\n)*)"', recipe, re.MULTILINE)
    return found.group(1) if found else ""


def faults_of_models():
    """Where the recipes of models differ from models/manifest.toml."""
    manifest = tomllib.loads((ROOT / "models/manifest.toml").read_text())
    packages = {package["name"]: package for package in manifest["package"]}
    program = "".join(path.read_text() for path in (RECIPES / "carvoice").glob("*.bb"))
    made = {}
    for path in sorted((RECIPES / "models").glob("*.bb")):
        recipe = path.read_text()
        version = path.stem.rpartition("_")[2]
        wheels = {url.split(";")[0].rpartition("/")[2].replace("${PV}", version)
                  for url in value(recipe, "SRC_URI").replace("\\\n", " ").split()}
        checksums = set(re.findall(r'sha256sum\] = "([0-9a-f]+)"', recipe))
        for name in value(recipe, "CARVOICE_MODEL_NAMES").split():
            made[name] = (path.name, wheels, checksums, value(recipe, "LICENSE"))

    for model in manifest["model"]:
        sources = sorted(set(re.findall(r"'package': '([^']+)'", repr(model["convert"]))))
        if sources == [PROJECT]:
            # It comes with the source, in a package of the recipe of the program.
            if f"${{PN}}-model-{model['name']} " not in program:
                yield f"no package for the model {model['name']}"
            continue
        if model["name"] not in made:
            yield f"no recipe for the model {model['name']}"
            continue
        recipe, wheels, checksums, licence = made.pop(model["name"])
        for source in (packages[name] for name in sources):
            if source["wheel"] not in wheels or source["sha256"] not in checksums:
                yield f"{recipe}: {model['name']} is made from {source['wheel']}, {source['sha256']}"
            if source["licence"] != licence:
                yield f"{recipe}: LICENSE of {source['name']} is {source['licence']}"
    for name, (recipe, *_) in made.items():
        yield f"{recipe}: there is no model {name}"


def faults_of_program():
    """Where the recipe of the program differs from the workspace."""
    version = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
    path = RECIPES / f"carvoice/carvoice_{version}.bb"
    if not path.exists():
        yield f"{path.name} is missing: the workspace has version {version}"
        return
    licence = hashlib.md5((ROOT / "LICENSE").read_bytes()).hexdigest()
    if licence not in value(path.read_text(), "LIC_FILES_CHKSUM"):
        yield f"{path.name}: LIC_FILES_CHKSUM of LICENSE is {licence}"


def main():
    check = sys.argv[1:] == ["--check"]
    if sys.argv[1:] and not check:
        sys.exit(__doc__)
    faults = [*faults_of_program(), *faults_of_models()]
    wanted = crates()
    if not CRATES.exists() or CRATES.read_text() != wanted:
        if check:
            faults.append(f"{CRATES.name} is not that of Cargo.lock: run yocto/update.py")
        else:
            CRATES.write_text(wanted)
    for fault in faults:
        print(fault, file=sys.stderr)
    return bool(faults)


sys.exit(main())
