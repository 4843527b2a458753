"""Maps licensed data sets to our catalogue by rules; no sentence of theirs is kept here.

    mapped.py --source ../../../../shared/data/text OUT_DIR

writes OUT_DIR/mapped.tsv for training and OUT_DIR/mapped-dev.tsv from sources that are
never trained on. Sentences no rule is sure about are left out. Where the folder is
absent nothing is written, with a message.
"""

import argparse
import json
import pathlib
import random

import catalogue
from sources import assistants, automotive, held_out

TRAIN = (
    ("clinc150/items.jsonl", assistants.clinc, 60),
    ("hwu64-nlu-eval/items.jsonl", assistants.hwu, 90),
    ("slurp-text/devel_items.jsonl", assistants.hwu, 40),
    ("snips-2017/items.jsonl", assistants.snips, 250),
    ("ms-automotive-skill/vehicle_settings.jsonl", automotive.vehicle, 700),
    ("ms-automotive-skill/navigation_poi.jsonl", automotive.navigation, 200),
    ("ms-automotive-skill/phone.jsonl", automotive.phone, 60),
    ("ms-automotive-skill/music.jsonl", automotive.music, 60),
)
DEV = (
    ("home-assistant-intents/items.jsonl", held_out.home_assistant, 60),
    ("car-command-edge-ai/items.jsonl", held_out.edge, 60),
    ("agl-snips-dataset/items.jsonl", held_out.agl, 60),
)


def _lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def collect(folder, table, rng):
    """Mapped examples of the sources of `table`; at most so many per intent and output kind."""
    rows, seen = [], set()
    for path, rule, limit in table:
        items, taken = _lines(folder / path), {}
        rng.shuffle(items)
        for item in items:
            output = rule(item)
            prompt = catalogue.normalize(item["text"])
            if output is None or not prompt or prompt in seen:
                continue
            key = (item.get("intent"), output.split(" ")[0])
            # Out-of-domain sentences are counted per intent of the source, commands apiece.
            taken[key] = taken.get(key, 0) + 1
            if taken[key] > limit:
                continue
            seen.add(prompt)
            rows.append((prompt, output, path.split("/")[0]))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=pathlib.Path, default=pathlib.Path("../shared/data/text"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("out", type=pathlib.Path)
    args = parser.parse_args()
    if not args.source.is_dir():
        print(f"no data folder at {args.source}: training goes on without mapped sentences")
        return
    args.out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(args.seed)
    dev = collect(args.source, DEV, rng)
    known = {row[0] for row in dev}
    train = [row for row in collect(args.source, TRAIN, rng) if row[0] not in known]
    for name, rows in (("mapped.tsv", train), ("mapped-dev.tsv", dev)):
        (args.out / name).write_text("".join("\t".join(row) + "\n" for row in rows))
        commands = sum(row[1] != catalogue.NONE for row in rows)
        print(f"{name}: {len(rows)} sentences, {commands} of them commands")


if __name__ == "__main__":
    main()
