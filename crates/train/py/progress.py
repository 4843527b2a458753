"""Shows how training goes: a bar on a terminal, lines elsewhere, a table and a plot.

    progress.py RUN/loss.tsv loss.svg

draws the loss curve of a run. The table has a line for every ten steps: step, smoothed
loss, learning rate, examples seen, seconds trained.
"""

import argparse
import math
import pathlib
import sys
import time

EVERY = 10  # steps between two lines
_COLUMNS = "step\tloss\trate\texamples\tseconds"
_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 720, 360, 56, 40


class Progress:
    """Tells of the steps of one sitting; `before` are the seconds of earlier ones."""

    def __init__(self, table, steps, first, before, out=sys.stdout):
        self.table, self.steps, self.first, self.out = table, steps, first, out
        self.before, self.started, self.shown = before, time.time(), first
        self.losses = []
        if not table.exists():
            table.write_text(_COLUMNS + "\n")

    def seconds(self):
        """Seconds trained so far, all sittings together."""
        return self.before + time.time() - self.started

    def tell(self, step, loss, rate, examples):
        """Shows and notes the state, once in ten steps."""
        if step < self.shown + EVERY:
            return
        self.shown = step
        self.losses.append(loss)
        with self.table.open("a") as file:
            file.write(f"{step}\t{loss:.4f}\t{rate:.3g}\t{examples}\t{self.seconds():.0f}\n")
        passed = time.time() - self.started
        left = (self.steps - step) * passed / (step - self.first)
        text = f"step {step}/{self.steps} loss {loss:.4f} examples {examples} left {clock(left)}"
        if self.out.isatty():
            full = round(24 * min(1.0, step / self.steps))
            self.out.write(f"\r[{'#' * full}{'.' * (24 - full)}] {text} ")
        else:
            self.out.write(f"{text} trained {clock(self.seconds())}\n")
        self.out.flush()

    def end(self):
        """Leaves the bar's line."""
        if self.out.isatty():
            self.out.write("\n")


def clock(seconds):
    """Hours, minutes and seconds as h:mm:ss."""
    seconds = int(seconds)
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def read(table):
    """Steps and losses of a table; of a step that came twice the later one."""
    rows = {}
    for line in table.read_text().splitlines()[1:]:
        step, loss, *_ = line.split("\t")
        rows[int(step)] = float(loss)
    return sorted(rows.items())


def plot(points):
    """The curve as SVG, the loss in logarithmic scale."""
    steps = [step for step, _ in points]
    logs = [math.log10(max(loss, 1e-4)) for _, loss in points]
    low, high = math.floor(min(logs) * 5) / 5, math.ceil(max(logs) * 5) / 5
    high = max(high, low + 0.2)
    across = lambda step: _LEFT + (_WIDTH - _LEFT - 16) * step / max(steps)
    down = lambda log: 16 + (_HEIGHT - 16 - _BOTTOM) * (high - log) / (high - low)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
    ]
    for k in range(round((high - low) / 0.2) + 1):
        y = down(low + 0.2 * k)
        parts.append(f'<path d="M{_LEFT} {y:.1f}H{_WIDTH - 16}" stroke="#ddd"/>')
        label = f"{10 ** (low + 0.2 * k):.2g}"
        parts.append(f'<text x="{_LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{label}</text>')
    for k in range(5):
        step = max(steps) * k // 4
        at = f'x="{across(step):.1f}" y="{_HEIGHT - _BOTTOM + 18}"'
        parts.append(f'<text {at} text-anchor="middle">{step}</text>')
    line = " ".join(f"{across(step):.1f},{down(log):.1f}" for step, log in zip(steps, logs))
    parts.append(f'<polyline points="{line}" fill="none" stroke="#1f5fa8" stroke-width="1.5"/>')
    parts.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 6}" text-anchor="middle">step</text>')
    parts.append(f'<text x="{_LEFT + 8}" y="30">cross entropy of an output token</text></svg>')
    return "\n".join(parts) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("table", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    args = parser.parse_args()
    points = read(args.table)
    if not points:
        sys.exit(f"{args.table} has no step yet: train for at least {EVERY} steps")
    args.out.write_text(plot(points))
    print(f"{args.out}: step {points[-1][0]}, loss {points[-1][1]:.4f}")


if __name__ == "__main__":
    main()
