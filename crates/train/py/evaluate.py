"""Measures an adapter by free greedy decoding: no automaton helps it here.

    evaluate.py --gguf MODEL.gguf --adapter cabin-lora.safetensors dev.tsv mapped-dev.tsv

For each file: exact match (whole line), intent match (the intents in order),
out-of-domain recall (`none` where it should be), lost commands (`none` where a command
should be) and wrong actions (a line other than the right one that is not `none`), then
the errors. `--limit` takes the first so many lines, `--errors` how many to print.
"""

import argparse
import collections
import pathlib
import time

import torch

import adapter
import catalogue
import gguf
import tokens
from model import Model


@torch.no_grad()
def decode(model, tokenizer, prompts, longest=48):
    """Greedy outputs of `prompts`, in batches of equal token length."""
    encoded = [tokenizer.encode(p + "\n").ids for p in prompts]
    stop = tokenizer.encode("\n").ids[0]
    by_length = collections.defaultdict(list)
    for i, ids in enumerate(encoded):
        by_length[len(ids)].append(i)
    outputs = [""] * len(prompts)
    for length, members in sorted(by_length.items()):
        for at in range(0, len(members), 48):
            part = members[at : at + 48]
            ids = torch.tensor([encoded[i] for i in part])
            cache, start = [None] * model.layers, 0
            made = [[] for _ in part]
            done = [False] * len(part)
            for _ in range(longest):
                hidden = model.hidden(ids, cache, start)[:, -1]
                start += ids.shape[1]
                best = model.logits(hidden).argmax(-1)
                for k, token in enumerate(best.tolist()):
                    done[k] |= token == stop
                    if not done[k]:
                        made[k].append(token)
                if all(done):
                    break
                ids = best[:, None]
            for k, i in enumerate(part):
                outputs[i] = tokenizer.decode(made[k]).strip()
    return outputs


def intents(line):
    """The intents of an output line."""
    return [part.split(" ")[0] for part in line.split(" ; ")]


def report(name, rows, outputs, errors):
    """Prints the figures of one file."""
    none = [k for k, row in enumerate(rows) if row[1] == catalogue.NONE]
    some = [k for k, row in enumerate(rows) if row[1] != catalogue.NONE]
    exact = [outputs[k] == rows[k][1] for k in range(len(rows))]
    same = [intents(outputs[k]) == intents(rows[k][1]) for k in range(len(rows))]
    share = lambda hits, of: f"{100 * hits / max(of, 1):.1f} % ({hits}/{of})"
    print(f"## {name}: {len(rows)} sentences")
    print(f"exact match, commands   {share(sum(exact[k] for k in some), len(some))}")
    print(f"intent match, commands  {share(sum(same[k] for k in some), len(some))}")
    print(f"out-of-domain recall    {share(sum(exact[k] for k in none), len(none))}")
    print(
        f"commands lost to none   {share(sum(outputs[k] == catalogue.NONE for k in some), len(some))}"
    )
    wrong = sum(outputs[k] not in (rows[k][1], catalogue.NONE) for k in range(len(rows)))
    print(f"wrong actions           {share(wrong, len(rows))}")
    shown = [k for k in range(len(rows)) if not exact[k]][:errors]
    for k in shown:
        print(f"  {rows[k][0]!r}: {outputs[k]!r} should be {rows[k][1]!r}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gguf", required=True)
    parser.add_argument("--adapter", required=True)
    parser.add_argument("--limit", type=int)
    parser.add_argument("--errors", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    meta, weights = gguf.read(args.gguf)
    info, pairs = adapter.read(args.adapter)
    model = Model(meta, weights, rank=int(info["rank"]), alpha=float(info["alpha"]))
    with torch.no_grad():
        for key, pair in pairs.items():
            for mine, saved in zip(model.lora[key], pair):
                mine.copy_(saved)
    model.merge()
    tokenizer = tokens.build(meta)
    for path in args.files:
        rows = [line.split("\t") for line in path.read_text().splitlines()][: args.limit]
        started = time.time()
        outputs = decode(model, tokenizer, [row[0].replace("\\n", "\n") for row in rows])
        report(path.name, rows, outputs, args.errors)
        print(f"{time.time() - started:.0f} s")


if __name__ == "__main__":
    main()
