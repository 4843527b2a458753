"""Writes what carvoice is made of, from Cargo.lock and models/manifest.toml, into target/sbom:

carvoice.cdx.json       a bill of materials, CycloneDX 1.6
THIRD-PARTY-LICENSES    the licence of every crate and model, with its text

    python3 scripts/sbom.py [--target TRIPLE] [--out FOLDER]

A crate that is only run by the compiler is listed with the scope "excluded": it is not in the program.
Two runs over the same source give the same bytes.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import subprocess
import tomllib
import uuid
from datetime import datetime, timezone

ROOT = pathlib.Path(__file__).resolve().parent.parent
PROGRAMS = ("carvoice", "carvoice-vehicle")
TEXTS = re.compile(r"^(licen[cs]e|copying|copyright|notice|unlicense)", re.IGNORECASE)
# Source of another project inside a crate, and where it tells its version.
BUNDLED = {"whisper-rs-sys": ("whisper.cpp", "whisper.cpp/CMakeLists.txt", "MIT", "https://github.com/ggml-org/whisper.cpp")}


def output(*command):
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def host():
    return re.search(r"^host: (.*)$", output("rustc", "-vV"), re.MULTILINE)[1]


def expression(package):
    """The SPDX expression of a crate; old ones write OR as a slash."""
    return (package["license"] or "LicenseRef-file").replace("/", " OR ").replace("  ", " ")


def built(target):
    """Names and versions of what is compiled; `cargo metadata` alone knows features that nothing switches on."""
    programs = [word for name in PROGRAMS for word in ("-p", name)]
    lines = output("cargo", "tree", "--locked", "--target", target, "--edges", "normal,build", "--prefix", "none",
                   "--format", "{p}", *programs).splitlines()
    return {tuple(line.split()[:2]) for line in lines if line}


def reached(metadata, target):
    """Packages that the programs need, and whether each is linked into them."""
    compiled = built(target)
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    packages = {package["id"]: package for package in metadata["packages"]}

    def is_macro(package):
        return any("proc-macro" in target["kind"] for target in packages[package]["targets"])

    linked = {}
    queue = [(p["id"], True) for p in packages.values() if p["name"] in PROGRAMS and p["source"] is None]
    while queue:
        package, is_linked = queue.pop()
        is_linked = is_linked and not is_macro(package)
        if linked.get(package, False) or linked.get(package) == is_linked:
            continue
        linked[package] = is_linked
        for edge in nodes[package]["deps"]:
            if (packages[edge["pkg"]]["name"], f"v{packages[edge['pkg']]['version']}") not in compiled:
                continue
            kinds = {kind["kind"] for kind in edge["dep_kinds"]}
            if None in kinds:
                queue.append((edge["pkg"], is_linked))
            elif "build" in kinds:
                queue.append((edge["pkg"], False))
    return packages, nodes, linked


def purl(package):
    return f"pkg:cargo/{package['name']}@{package['version']}"


def crate(package, is_linked, checksums):
    component = {
        "type": "library",
        "bom-ref": purl(package),
        "name": package["name"],
        "version": package["version"],
        "scope": "required" if is_linked else "excluded",
        "licenses": [{"expression": expression(package)}],
        "purl": purl(package),
    }
    checksum = checksums.get((package["name"], package["version"]))
    if checksum:
        component["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["repository"]:
        component["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return component


def bundled(package):
    """The project inside a crate, if there is one."""
    if package["name"] not in BUNDLED:
        return None
    name, file, licence, url = BUNDLED[package["name"]]
    text = (pathlib.Path(package["manifest_path"]).parent / file).read_text()
    version = re.search(r"project\([^)]*VERSION\s+([0-9.]+)", text)[1]
    return {
        "type": "library",
        "bom-ref": f"pkg:github/ggml-org/{name}@v{version}",
        "name": name,
        "version": version,
        "scope": "required",
        "licenses": [{"expression": licence}],
        "purl": f"pkg:github/ggml-org/{name}@v{version}",
        "externalReferences": [{"type": "vcs", "url": url}],
    }


def members(conversion):
    """Names of the packages that a model is made from."""
    for value in conversion.values():
        for member in value if isinstance(value, list) else [value]:
            if isinstance(member, dict):
                yield member["package"]


def models(manifest, own):
    packages = {package["name"]: package for package in manifest["package"]}
    for model in manifest["model"]:
        sources = sorted(set(members(model["convert"])))
        licences = sorted({packages[name]["licence"] if name in packages else f"({own})" for name in sources})
        yield {
            "type": "machine-learning-model",
            "bom-ref": f"model:{model['name']}",
            "name": model["name"],
            "version": model["sha256"][:16],
            "description": model["purpose"],
            "hashes": [{"alg": "SHA-256", "content": model["sha256"]}],
            "licenses": [{"expression": " AND ".join(licences)}],
            "properties": [{"name": "carvoice:bytes", "value": str(model["size"])}]
            + [{"name": "carvoice:source", "value": source(packages, name)} for name in sources],
        }


def source(packages, name):
    if name not in packages:
        return "this project"
    package = packages[name]
    return f"pkg:pypi/{name}@{package['version']} sha256:{package['sha256']}"


def bill(metadata, lock, manifest, target):
    packages, nodes, linked = reached(metadata, target)
    checksums = {(p["name"], p["version"]): p.get("checksum") for p in lock["package"]}
    order = sorted(linked, key=lambda package: (packages[package]["name"], packages[package]["version"]))
    own = next(package for package in packages.values() if package["name"] == "carvoice")
    components = [crate(packages[package], linked[package], checksums) for package in order if package != own["id"]]
    dependencies = []
    for package in order:
        needs = [edge["pkg"] for edge in nodes[package]["deps"] if edge["pkg"] in linked]
        inside = bundled(packages[package])
        if inside:
            components.append(inside)
        dependencies.append({
            "ref": purl(packages[package]),
            "dependsOn": sorted({purl(packages[need]) for need in needs} | ({inside["bom-ref"]} if inside else set())),
        })
    components += models(manifest, expression(own))
    moment = int(os.environ.get("SOURCE_DATE_EPOCH") or output("git", "log", "-1", "--format=%ct"))
    same = hashlib.sha256(json.dumps([components, moment]).encode()).hexdigest()
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, same)}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": {
                "type": "application",
                "bom-ref": purl(own),
                "name": own["name"],
                "version": own["version"],
                "licenses": [{"expression": expression(own)}],
                "purl": purl(own),
            },
        },
        "components": components,
        "dependencies": dependencies,
    }
    return document, [packages[package] for package in order if linked[package] and packages[package]["source"]]


def texts(package):
    """The licence files of a crate, those of a project inside it too."""
    folder = pathlib.Path(package["manifest_path"]).parent
    inside = [folder / file.split("/")[0] for name, (_, file, _, _) in BUNDLED.items() if name == package["name"]]
    for place in [folder, *inside]:
        for path in sorted(place.iterdir()):
            if TEXTS.match(path.name) and path.is_file():
                yield path.read_text(errors="replace").strip()


def licences(linked, manifest, document):
    """One text after the other, each with those that it holds for."""
    holders, without = {}, []
    for package in linked:
        name = f"{package['name']} {package['version']} ({expression(package)})"
        found = list(texts(package))
        for text in found:
            holders.setdefault(text, []).append(name)
        if not found:
            without.append(f"{name}, {', '.join(package['authors']) or package['repository']}")
    line = "=" * 80
    parts = ["carvoice contains the crates and models below.",
             "\nMODELS, with the packages that they are made from:"]
    for component in document["components"]:
        if component["type"] == "machine-learning-model":
            parts.append(f"  {component['name']}: {component['licenses'][0]['expression']}")
            parts += [f"      {p['value']}" for p in component["properties"] if p["name"] == "carvoice:source"]
    parts.append("\nCRATES whose source holds no licence text; what they declare is:")
    parts += [f"  {name}" for name in without]
    for text, names in sorted(holders.items(), key=lambda item: item[1]):
        parts += [f"\n{line}\n" + "\n".join(names), f"{line}\n", text]
    return "\n".join(parts) + "\n"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--target", default=host())
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "target/sbom")
    options = parser.parse_args()
    metadata = json.loads(output("cargo", "metadata", "--format-version=1", "--locked", "--filter-platform",
                                 options.target))
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text())
    manifest = tomllib.loads((ROOT / "models/manifest.toml").read_text())
    document, linked = bill(metadata, lock, manifest, options.target)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "carvoice.cdx.json").write_text(json.dumps(document, indent=1) + "\n")
    (options.out / "THIRD-PARTY-LICENSES").write_text(licences(linked, manifest, document))
    print(f"{options.out}: {len(document['components'])} components, {len(linked)} crates linked")


main()
