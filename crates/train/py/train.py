"""Trains the adapter on the CPU; can be stopped at any time and goes on where it was.

    train.py --gguf MODEL.gguf --data train.tsv:3 --data mapped.tsv:1 --out RUN --steps 3000

Each --data file is drawn from in proportion to the number behind the colon. The run
folder gets `last.pt` (adapter, optimiser, position) every few minutes and at the end,
and at SIGTERM or SIGINT, and `loss.tsv`, which `progress.py` plots; starting again with
the same folder resumes, also with other data files or more steps: the learning rate is
constant but for a short warm-up and the last `--tail` steps. `--adapter` starts from an
adapter file instead of from nothing. `--smoke` is the short mode for tests: the exit
status tells whether the loss fell.

Every worker is a process with one thread that takes the shared adapter as it is, and
adds its gradient; when `--parts` gradients are there, whoever came last makes the step.
So no worker waits for another, which on a busy machine is worth more than exactness: a
gradient is at most a step or two old.
"""

import argparse
import math
import os
import pathlib
import random
import re
import signal
import sys
import time

import torch
import torch.multiprocessing as mp
import torch.nn.functional as F

import adapter
import catalogue
import gguf
import tokens
from model import Model
from progress import Progress

# Tensors come and go by the hundred megabytes: without the first three glibc returns every
# one to the kernel and the page faults cost as much as the arithmetic. OpenBLAS does not heed
# `torch.set_num_threads`: the threads of its pool would wait for each other by spinning.
_ENVIRONMENT = {
    "MALLOC_MMAP_THRESHOLD_": "4000000000",
    "MALLOC_TRIM_THRESHOLD_": "16000000000",
    "MALLOC_TOP_PAD_": "268435456",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
_BETAS, _EPSILON = (0.9, 0.99), 1e-8
# Digits of a number that was said weigh little: when the model is used, it only chooses among those.
_NUMBER = re.compile(r"(?<= )(?!(?:%s)=)\w+=([\d.]+)(?= |\n)" % "|".join([*catalogue.TEXT_SLOTS, "number"]))
_NUMERAL = re.compile(
    r"\d|\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty"
    r"|fifty|sixty|seventy|eighty|ninety|hundred|half|quarter|couple)\b"
)
_NUMBER_WEIGHT = 0.3
_FALLS = 0.8  # what a smoke run must leave of the loss it showed first


class Pack:
    """Examples behind one shared beginning, the lines of added skills, which is read once for all.

    `examples` are prompt tokens, output tokens and how much each of those counts; an example sees the
    beginning and itself alone.
    """

    def __init__(self, shared, examples):
        self.shared, self.examples = shared, examples
        self.outputs = sum(len(output) for _, output, _ in examples)

    def __len__(self):
        return len(self.shared) + sum(len(p) + len(o) for p, o, _ in self.examples)


def numbers_said(prompt, output):
    """Where an output has numbers, if its prompt says any: "open" means 100 without a numeral."""
    return [match.span(1) for match in _NUMBER.finditer(output)] if _NUMERAL.search(prompt) else []


class Stream:
    """An endless, shuffled, weighted mix of example files."""

    def __init__(self, sources, tokenizer, seed):
        self.rng = random.Random(seed)
        self.rows, self.left, self.weights = [], [], []
        for source in sources:
            path, _, weight = source.rpartition(":")
            self.rows.append(packs(pathlib.Path(path).read_text().splitlines()))
            self.left.append([])
            self.weights.append(float(weight))
        self.tokenizer = tokenizer

    def one(self):
        """The next pack, as tokens."""
        k = self.rng.choices(range(len(self.rows)), self.weights)[0]
        if not self.left[k]:
            self.left[k] = self.rng.sample(self.rows[k], len(self.rows[k]))
        shared, examples = self.left[k].pop()
        encoded = [
            (self.tokenizer.encode(prompt + "\n").ids, *self.weighed(prompt, output + "\n"))
            for prompt, output in examples
        ]
        return Pack(self.tokenizer.encode(shared + "\n").ids if shared else [], encoded)

    def weighed(self, prompt, output):
        """Tokens of the output that belongs to a prompt and how much each counts."""
        encoding = self.tokenizer.encode(output)
        numbers = numbers_said(prompt, output)
        light = [any(a <= start < b for a, b in numbers) for start, _ in encoding.offsets]
        return encoding.ids, [_NUMBER_WEIGHT if is_light else 1.0 for is_light in light]

    def batches(self, budget):
        """Batches of similar length, at most `budget` tokens with padding, and their weights.

        The weight is the batch's share of output tokens over the mean: so a token counts the
        same in a batch of a few long prompts as in one of many short ones.
        """
        while True:
            batches, batch = [], []
            for pack in sorted((self.one() for _ in range(budget)), key=len):
                if batch and len(pack) * (len(batch) + 1) > budget:
                    batches.append(batch)
                    batch = []
                batch.append(pack)
            batches.append(batch)
            self.rng.shuffle(batches)
            sizes = [sum(pack.outputs for pack in batch) for batch in batches]
            mean = sum(sizes) / len(sizes)
            yield from ((batch, size / mean) for batch, size in zip(batches, sizes))


def packs(lines):
    """Rows of a data file as (shared, [(prompt, output)]): neighbours with the same declarations
    are one."""
    found = []
    for line in lines:
        prompt, output = line.split("\t")[:2]
        *before, text = prompt.split("\\n")
        shared = "\n".join(before) if before and before[0].startswith("new ") else ""
        if not shared:
            text = prompt.replace("\\n", "\n")
        if shared and found and found[-1][0] == shared:
            found[-1][1].append((text, output))
        else:
            found.append((shared, [(text, output)]))
    return found


def loss_of(model, batch):
    """Mean cross entropy over the output tokens of a batch of packs."""
    longest = max(map(len, batch))
    ids = torch.zeros(len(batch), longest, dtype=torch.long)
    positions = torch.arange(longest).repeat(len(batch), 1)
    hidden = torch.ones(len(batch), longest, longest, dtype=torch.bool).triu(1)
    rows, columns, targets, weights = [], [], [], []
    for k, pack in enumerate(batch):
        ids[k, : len(pack)] = torch.tensor(pack.shared + [t for p, o, _ in pack.examples for t in p + o])
        first = at = len(pack.shared)
        for prompt, output, weight in pack.examples:
            end = at + len(prompt) + len(output)
            positions[k, at:end] = torch.arange(first, first + end - at)
            hidden[k, at:end, first:at] = True
            rows += [k] * len(output)
            columns += range(end - len(output) - 1, end - 1)
            targets += output
            weights += weight
            at = end
    # Without packs one mask serves all rows.
    packed = any(len(pack.examples) > 1 for pack in batch)
    layout = (positions, hidden) if packed else None
    hidden = model.hidden(ids, layout=layout)[rows, columns]
    losses = F.cross_entropy(model.logits(hidden), torch.tensor(targets), reduction="none")
    weights = torch.tensor(weights)
    return (losses * weights).sum() / weights.sum()


def rate(step, args):
    """Learning rate: a short warm-up, constant, then a cosine down to a twentieth."""
    warm = min(1.0, (step + 1) / args.warmup)
    past = max(0.0, step - (args.steps - args.tail)) / max(1, args.tail)
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, past)))
    return args.lr * warm * max(0.05, cosine)


class Shared:
    """The adapter and Adam's moments in memory that all workers see."""

    def __init__(self, model):
        self.shapes = [p.shape for p in model.parameters()]
        size = sum(shape.numel() for shape in self.shapes)
        self.values, self.gradient, self.mean, self.square = (
            torch.zeros(size).share_memory_() for _ in range(4)
        )
        self.values.copy_(torch.cat([p.detach().reshape(-1) for p in model.parameters()]))
        self.lock = mp.Lock()
        self.stop = mp.Event()
        # step, gradients waiting, examples seen, smoothed loss
        self.counts = torch.zeros(4, dtype=torch.float64).share_memory_()

    def split(self, flat):
        """Views of `flat` in the shapes of the adapter's tensors."""
        parts = torch.split(flat, [shape.numel() for shape in self.shapes])
        return [part.view(shape) for part, shape in zip(parts, self.shapes)]

    def attach(self, model):
        """Makes the model's adapter the shared one."""
        for parameter, view in zip(model.parameters(), self.split(self.values)):
            parameter.data = view

    def load(self, state):
        """Takes over a checkpoint."""
        for name in ("values", "mean", "square"):
            getattr(self, name).copy_(state[name])
        self.counts.copy_(torch.tensor([state["step"], 0, state["seen"], state["loss"]]))

    def state(self):
        """What a checkpoint holds."""
        with self.lock:
            step, _, seen, loss = self.counts.tolist()
            tensors = {k: getattr(self, k).clone() for k in ("values", "mean", "square")}
        tensors["lora"] = [view.clone() for view in self.split(tensors["values"])]
        return {**tensors, "step": int(step), "seen": int(seen), "loss": loss}

    def add(self, gradient, examples, loss, weight, args):
        """Adds a worker's gradient; the last of a step's parts makes the step."""
        pace = min(1.0, 0.015 * weight)
        with self.lock:
            self.gradient.add_(gradient)
            self.counts[1] += 1
            self.counts[2] += examples
            self.counts[3] += pace * (loss - self.counts[3]) if self.counts[3] else loss
            if self.counts[1] < args.parts:
                return
            step = int(self.counts[0])
            self._adam(rate(step, args), step + 1)
            self.gradient.zero_()
            self.counts[1] = 0
            self.counts[0] = step + 1
            if step + 1 >= min(args.steps, args.stop or args.steps):
                self.stop.set()

    def _adam(self, lr, step):
        gradient = self.gradient
        gradient.div_(max(1.0, gradient.norm().item()))
        self.mean.mul_(_BETAS[0]).add_(gradient, alpha=1 - _BETAS[0])
        self.square.mul_(_BETAS[1]).addcmul_(gradient, gradient, value=1 - _BETAS[1])
        spread = (self.square / (1 - _BETAS[1] ** step)).sqrt_().add_(_EPSILON)
        self.values.addcdiv_(self.mean, spread, value=-lr / (1 - _BETAS[0] ** step))


def work(model, shared, tokenizer, args, seed):
    """A worker: gradients of batch after batch until told to stop."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    shared.attach(model)
    for batch, weight in Stream(args.data, tokenizer, seed).batches(args.tokens):
        if shared.stop.is_set() or os.getppid() == 1:
            return
        loss = loss_of(model, batch)
        loss.backward()
        gradient = torch.cat([p.grad.reshape(-1) for p in model.parameters()])
        gradient *= weight / args.parts
        for parameter in model.parameters():
            parameter.grad = None
        examples = sum(len(pack.examples) for pack in batch)
        shared.add(gradient, examples, loss.item(), weight, args)


def save(path, state):
    """Writes a checkpoint so that a crash leaves the old one whole."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, path)


def start(model, path):
    """Gives the model the adapter of a file."""
    meta, pairs = adapter.read(path)
    if int(meta["rank"]) != model.rank or set(pairs) != set(model.lora):
        sys.exit(f"{path} has rank {meta['rank']}: start with --rank {meta['rank']}")
    with torch.no_grad():
        for key, pair in pairs.items():
            for mine, saved in zip(model.lora[key], pair):
                mine.copy_(saved)
            # The file may have another alpha; its share goes into one factor.
            model.lora[key][1].mul_(float(meta["alpha"]) / model.alpha)


def watch(shared, workers, path, args, before):
    """Shows progress and saves checkpoints until the workers end; the losses it showed."""
    saved = time.time()
    table = path.with_name("loss.tsv")
    progress = Progress(table, args.stop or args.steps, int(shared.counts[0]), before)

    def checkpoint():
        notes = {"rank": args.rank, "alpha": args.alpha}
        save(path, {**shared.state(), **notes, "seconds": progress.seconds()})

    while any(worker.is_alive() for worker in workers):
        time.sleep(0.2)
        step, _, seen, loss = shared.counts.tolist()
        progress.tell(int(step), loss, rate(int(step), args), int(seen))
        if time.time() - saved > args.minutes * 60:
            checkpoint()
            saved = time.time()
    progress.end()
    checkpoint()
    print(f"stopped at step {shared.counts[0]:.0f}, checkpoint in {path}", flush=True)
    return progress.losses


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gguf", required=True)
    parser.add_argument("--data", action="append", required=True, help="FILE:WEIGHT")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--steps", type=int, required=True, help="length of the whole plan")
    parser.add_argument("--stop", type=int, help="stop after this step of the plan")
    parser.add_argument("--tail", type=int, help="steps of falling rate; a third of the plan")
    parser.add_argument("--adapter", help="adapter file to start from")
    parser.add_argument("--smoke", action="store_true", help="fail unless the loss falls")
    parser.add_argument("--lr", type=float, default=1.5e-3)
    parser.add_argument("--warmup", type=int, default=40)
    parser.add_argument("--tokens", type=int, default=400, help="tokens of one gradient")
    parser.add_argument("--parts", type=int, default=2, help="gradients to a step")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--alpha", type=float, default=32.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=4, help="between checkpoints")
    args = parser.parse_args()
    args.tail = args.steps // 3 if args.tail is None else args.tail
    if any(name not in os.environ for name in _ENVIRONMENT):
        os.environ.update({**_ENVIRONMENT, **os.environ})
        os.execv(sys.executable, [sys.executable, *sys.argv])
    # One thread before the workers fork: a thread pool does not survive a fork.
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)

    meta, weights = gguf.read(args.gguf)
    model = Model(meta, weights, args.rank, args.alpha, args.seed)
    path, before = args.out / "last.pt", 0.0
    if args.adapter and not path.exists():
        start(model, args.adapter)
    shared = Shared(model)
    if path.exists():
        state = torch.load(path)
        shared.load(state)
        before = state["seconds"]
        print(f"resumed at step {state['step']}, {state['seen']} examples", flush=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: shared.stop.set())
    tokenizer, context = tokens.build(meta), mp.get_context("fork")
    # Seeds that depend on the step: a resumed run must not see the same order again.
    seeds = [args.seed * 1_000_003 + int(shared.counts[0]) * 101 + k for k in range(args.workers)]
    workers = [
        context.Process(target=work, args=(model, shared, tokenizer, args, seed)) for seed in seeds
    ]
    for worker in workers:
        worker.start()
    losses = watch(shared, workers, path, args, before)
    if args.smoke:
        # The loss is smoothed, so it falls slowly even where the steps are good.
        fell = len(losses) > 1 and losses[-1] < _FALLS * losses[0]
        print(f"loss {losses[0]:.4f} -> {losses[-1]:.4f}" if losses else "no loss: too few steps")
        sys.exit(0 if fell else 1)


if __name__ == "__main__":
    main()
