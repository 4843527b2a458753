"""Trains the adapter on the CPU; can be stopped at any time and goes on where it was.

    train.py --gguf MODEL.gguf --data train.tsv:3 --data mapped.tsv:1 --out RUN --steps 3000

Each --data file is drawn from in proportion to the number behind the colon. The run
folder gets `last.pt` (adapter, optimiser, position, random state) every few minutes
and at the end, and at SIGTERM or SIGINT; starting again with the same folder resumes,
also with other data files.
"""

import argparse
import math
import os
import pathlib
import random
import signal
import sys
import time

import torch
import torch.nn.functional as F

import gguf
import tokens
from model import Model

# Tensors come and go by the hundred megabytes: without these glibc returns every one
# to the kernel and the page faults cost as much as the arithmetic.
_MALLOC = {
    "MALLOC_MMAP_THRESHOLD_": "4000000000",
    "MALLOC_TRIM_THRESHOLD_": "16000000000",
    "MALLOC_TOP_PAD_": "268435456",
    "OMP_WAIT_POLICY": "passive",
}


class Stream:
    """An endless, shuffled, weighted mix of example files."""

    def __init__(self, sources, tokenizer, seed):
        self.rng = random.Random(seed)
        self.rows, self.left, self.weights = [], [], []
        for source in sources:
            path, _, weight = source.rpartition(":")
            rows = [line.split("\t")[:2] for line in pathlib.Path(path).read_text().splitlines()]
            self.rows.append(rows)
            self.left.append([])
            self.weights.append(float(weight))
        self.tokenizer = tokenizer

    def one(self):
        """The next example as prompt tokens and output tokens."""
        k = self.rng.choices(range(len(self.rows)), self.weights)[0]
        if not self.left[k]:
            self.left[k] = self.rng.sample(self.rows[k], len(self.rows[k]))
        prompt, output = self.left[k].pop()
        return self.tokenizer.encode(prompt + "\n").ids, self.tokenizer.encode(output + "\n").ids

    def batches(self, budget):
        """Batches of similar length, at most `budget` tokens with padding."""
        while True:
            window = sorted(
                (self.one() for _ in range(budget)), key=lambda e: len(e[0]) + len(e[1])
            )
            batches, batch = [], []
            for example in window:
                size = len(example[0]) + len(example[1])
                if batch and size * (len(batch) + 1) > budget:
                    batches.append(batch)
                    batch = []
                batch.append(example)
            batches.append(batch)
            self.rng.shuffle(batches)
            yield from batches


def loss_of(model, batch):
    """Mean cross entropy over the output tokens of a batch."""
    longest = max(len(p) + len(o) for p, o in batch)
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    rows, columns, targets = [], [], []
    for k, (prompt, output) in enumerate(batch):
        ids[k, : len(prompt) + len(output)] = torch.tensor(prompt + output)
        rows += [k] * len(output)
        columns += range(len(prompt) - 1, len(prompt) + len(output) - 1)
        targets += output
    hidden = model.hidden(ids)[rows, columns]
    return F.cross_entropy(model.logits(hidden), torch.tensor(targets))


def rate(step, args):
    """Learning rate: a short warm-up, then a cosine down to a twentieth."""
    warm = min(1.0, (step + 1) / args.warmup)
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / args.steps)))
    return args.lr * warm * max(0.05, cosine)


def save(path, state):
    """Writes a checkpoint so that a crash leaves the old one whole."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gguf", required=True)
    parser.add_argument("--data", action="append", required=True, help="FILE:WEIGHT")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--steps", type=int, required=True, help="length of the whole plan")
    parser.add_argument("--stop", type=int, help="stop after this step of the plan")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--warmup", type=int, default=40)
    parser.add_argument("--tokens", type=int, default=768, help="tokens per batch")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--alpha", type=float, default=32.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=4, help="between checkpoints")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    if any(name not in os.environ for name in _MALLOC):
        os.environ.update({**_MALLOC, **os.environ})
        os.execv(sys.executable, [sys.executable, *sys.argv])
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)

    meta, weights = gguf.read(args.gguf)
    model = Model(meta, weights, args.rank, args.alpha, args.seed)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=args.lr, betas=(0.9, 0.99), weight_decay=0.0
    )
    path, step, seen, seconds, average = args.out / "last.pt", 0, 0, 0.0, None
    if path.exists():
        state = torch.load(path)
        with torch.no_grad():
            for mine, saved in zip(model.parameters(), state["lora"]):
                mine.copy_(saved)
        optimizer.load_state_dict(state["optimizer"])
        step, seen, seconds, average = (state[k] for k in ("step", "seen", "seconds", "average"))
        print(f"resumed at step {step}, {seen} examples, {seconds / 60:.0f} min", flush=True)
    # A new seed per start: a resumed run must not see the same order again.
    stream = Stream(args.data, tokens.build(meta), args.seed * 1_000_003 + step)

    def checkpoint():
        save(
            path,
            {
                "lora": [p.detach() for p in model.parameters()],
                "optimizer": optimizer.state_dict(),
                "step": step,
                "seen": seen,
                "seconds": seconds,
                "average": average,
                "rank": args.rank,
                "alpha": args.alpha,
            },
        )

    stopping = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.append(True))
    saved, end = time.time(), min(args.steps, args.stop or args.steps)
    batches = stream.batches(args.tokens)
    while step < end and not stopping:
        started = time.time()
        for group in optimizer.param_groups:
            group["lr"] = rate(step, args)
        batch = next(batches)
        loss = loss_of(model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step, seen = step + 1, seen + len(batch)
        seconds += time.time() - started
        average = loss.item() if average is None else 0.97 * average + 0.03 * loss.item()
        if step % 10 == 0:
            left = (args.steps - step) * seconds / step / 60
            print(
                f"step {step}/{args.steps} loss {average:.4f} examples {seen} "
                f"{len(batch) / (time.time() - started):.1f}/s {seconds / 60:.1f} min, {left:.0f} left",
                flush=True,
            )
        if time.time() - saved > args.minutes * 60:
            checkpoint()
            saved = time.time()
    checkpoint()
    print(f"stopped at step {step}, checkpoint in {path}", flush=True)


if __name__ == "__main__":
    main()
