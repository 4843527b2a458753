"""Makes training and development sentences from the templates.

    generate.py --count 60000 --seed 1 OUT_DIR

writes OUT_DIR/train.tsv and OUT_DIR/dev.tsv (prompt, TAB, output, TAB, family). The
split is by template: every sentence of a held-out template is in dev.tsv.
"""

import argparse
import collections
import itertools
import math
import pathlib
import random

import catalogue
import dialogue
import phrasing
from grammar import HELD_OUT, Grammar

HERE = pathlib.Path(__file__).parent
SHARE_OF_DIALOGUE = 0.1
FRAGMENTS = "fragments"  # the file of words that mean something only in a conversation
WRITTEN = "written_"  # files of sentences written one by one
WRITTEN_DRAWS = 7 / 72000  # share of the sentences that one of those gets
WRITTEN_MOST = 0.7  # the most that all of those get
ORDERS = "orders"
# What sentences are drawn from. Delayed and negated orders are made of orders besides, so
# that about a quarter of all examples end in `none` or `later`.
_KINDS = ((ORDERS, catalogue.NONE, catalogue.LATER), (0.765, 0.22, 0.015))

# Outputs whose last words are open: nothing may be put behind them but a rare "please".
_OPEN_END = (
    "text=",
    "time=",
    "query=",
    "destination=",
    "contact=",
    "name=",
    "label=",
    "category=",
    "number=",
)
# A delay belongs to these, and "don't" gives some a meaning of their own.
_NO_DERIVED = (
    "reminder.",
    "timer.",
    "message.",
    "phone.answer",
    "phone.reject",
    "navigation.avoid",
    "assistant.",
    "navigation.go_to",
    "navigation.find",
    "navigation.set_guidance",
    "none",
    "later",
    "place.save",
    "climate.set_recirculation",
)


class Maker:
    """Draws sentences; `held_out` chooses which side of the split."""

    def __init__(self, grammar, rng, held_out):
        self.grammar, self.rng, self.heard = grammar, rng, phrasing.heard()
        remarks = sorted((HERE / "conversation").glob("*.txt"))
        self.conversation = dialogue.Conversation(self, remarks, held_out)
        self.pools = {kind: ([], []) for kind in _KINDS[0]}
        share = _shares(grammar)
        for block in grammar.blocks:
            kind = _kind(block)
            templates, weights = self.pools[kind]
            for template in block.templates:
                if (template.number() % HELD_OUT == 0) == held_out:
                    templates.append(template)
                    written = template.file.startswith(WRITTEN)
                    weights.append(share[kind, written] * _weight(template, block))
        for kind, (templates, weights) in self.pools.items():
            self.pools[kind] = (templates, list(itertools.accumulate(weights)))

    def bare(self, alone=True):
        """One sentence without wrapping: template, text, output.

        If not `alone`, one that means the same whatever came before.
        """
        while True:
            templates, weights = self.pools[self.rng.choices(*_KINDS)[0]]
            template = self.rng.choices(templates, cum_weights=weights)[0]
            if alone or template.file != FRAGMENTS:
                break
        text, bound = self.say(template.nodes)
        return template, text, fill(template.output, bound)

    def say(self, nodes):
        """The words of a parsed template and the values they name."""
        bound = {}
        text = " ".join(self.grammar.expand(nodes, self.rng, bound).split())
        return text.replace(" 'd ", "'d ").replace(" 'm ", "'m "), bound

    def wrapped(self, alone=True):
        """A sentence with politeness, hesitation, noise: text, output, family."""
        rng = self.rng
        template, text, output = self.bare(alone)
        family = template.family
        if template.flag == "=":
            return text, output, family
        kind = rng.random()
        derivable = template.flag == "!" and not output.startswith(_NO_DERIVED)
        if derivable and kind < 0.045:
            return rng.choice(phrasing.NOT).format(text), catalogue.NONE, family
        if derivable and kind < 0.08:
            return rng.choice(phrasing.TALK).format(text), catalogue.NONE, family
        if derivable and kind < 0.155:
            return self._delayed(text), catalogue.LATER, family
        ours = output not in (catalogue.NONE, catalogue.LATER)
        if kind > 0.91 and ours and not output.startswith("assistant."):
            return self._several(template, text, output)
        return self._polite(template, text, output), output, family

    def _delayed(self, text):
        """An order with a condition or delay before or behind it."""
        late = self.grammar.expand([("<>", "late")], self.rng, {})
        if self.rng.random() < 0.45:
            return f"{late} {self.rng.choice(('', '', '', 'please ', 'can you ', 'then '))}{text}"
        return f"{text} {late}"

    def _several(self, template, text, output):
        rng = self.rng
        family = template.family
        if _closed(output) or "text=" not in output:
            for _ in range(1 + (rng.random() < 0.12)):
                _, more, second = self.bare()
                if second in (catalogue.NONE, catalogue.LATER) or second.startswith("assistant."):
                    break
                if rng.random() < 0.08 and output.split(" ")[0] == second.split(" ")[0]:
                    return f"{text} no wait {more}", second, family
                text = f"{text}{rng.choice(phrasing.JOIN)}{more}"
                output = f"{output} ; {second}"
        return self._polite(template, text, output), output, family

    def _polite(self, template, text, output):
        rng = self.rng
        if template.flag == "!" and rng.random() < 0.05:
            verb, _, rest = text.partition(" ")
            if verb not in ("don't", "do", "blast", "mute") or rest:
                text = f"{rng.choice(phrasing.MIND)} {_gerund(verb)} {rest}"
        elif template.flag == "!" and rng.random() < 0.28:
            text = f"{rng.choice(phrasing.ASK)} {text}"
        elif rng.random() < 0.04:
            text = f"please {text}"
        if rng.random() < 0.14:
            text = f"{rng.choice(phrasing.OPEN)} {text}"
        ends_open = not _closed(output)
        closed = ("none", "later", "assistant.", "message.send", "reminder.create")
        if not output.startswith(closed) and rng.random() < (0.05 if ends_open else 0.16):
            words = ("please", "thanks", "thank you") if ends_open else phrasing.CLOSE
            text = f"{text} {rng.choice(words)}"
        return text

    def sample(self):
        """One finished example: prompt, output, family."""
        if self.rng.random() < SHARE_OF_DIALOGUE:
            return self.conversation.sample()
        return self.plain()

    def plain(self, alone=True):
        """One example without context: prompt, output, family."""
        text, output, family = self.wrapped(alone)
        return self.misheard(text, output), output, family

    def misheard(self, text, output):
        """The normal form, sometimes spelled otherwise or with what Whisper gets wrong."""
        prompt = catalogue.normalize(text)
        if self.rng.random() < 0.06 and not spans(output):
            prompt = self._respell(prompt)
        if self.rng.random() < 0.13:
            noisy = catalogue.normalize(self._noise(prompt))
            if all(value in noisy for value in spans(output)):
                prompt = noisy
        return prompt

    def _respell(self, prompt):
        if self.rng.random() < 0.4:
            return prompt.replace("'", "")
        for short, long in phrasing.CONTRACTED:
            prompt = prompt.replace(short, long)
        return prompt

    def _noise(self, prompt):
        rng, words = self.rng, prompt.split()
        if not words:  # of a lone "oh", which the normal form leaves out
            return prompt
        at = rng.randrange(len(words))
        kind = rng.random()
        if kind < 0.3 and len(words) > 2:
            small = [
                i
                for i, w in enumerate(words)
                if w in ("the", "a", "to", "my", "please", "on", "it", "is", "in")
            ]
            if small:
                del words[rng.choice(small)]
        elif kind < 0.6:
            places = [
                (i, i + size)
                for size in (1, 2, 3)
                for i in range(len(words) - size + 1)
                if " ".join(words[i : i + size]) in self.heard
            ]
            if places:
                start, end = rng.choice(places)
                words[start:end] = [rng.choice(self.heard[" ".join(words[start:end])])]
        elif kind < 0.75:
            words.insert(at, rng.choice(phrasing.FILLERS))
        elif kind < 0.9:
            words.insert(at, words[at])
        elif len(words) > 3:
            words = words + words[-2:] if rng.random() < 0.3 else words[:2] + words
        return " ".join(words)


def _gerund(verb):
    if verb in phrasing.GERUNDS:
        return phrasing.GERUNDS[verb]
    return (verb[:-1] if verb.endswith("e") and not verb.endswith("ee") else verb) + "ing"


def _weight(template, block):
    """How often a template is drawn beside others of its kind.

    A written one is close to a plain sentence: up to five times as often where it has many
    forms. The others count by block, and the square root keeps blocks of few templates from
    being learned by heart.
    """
    if template.file.startswith(WRITTEN):
        return 1 + min(4, math.log10(template.forms()))
    return block.weight / len(block.templates) ** 0.5


def _kind(block):
    return block.output if block.output in _KINDS[0] else ORDERS


def _shares(grammar):
    """Factors that give the written templates (`True`) and the others (`False`) of a kind their share."""
    count, total = collections.Counter(), collections.Counter()
    for block in grammar.blocks:
        for template in block.templates:
            key = _kind(block), template.file.startswith(WRITTEN)
            count[key] += 1
            total[key] += _weight(template, block)
    factors = {}
    for kind, chance in zip(*_KINDS):
        share = min(WRITTEN_MOST, count[kind, True] * WRITTEN_DRAWS / chance)
        factors[kind, True] = share / (total[kind, True] or 1)
        factors[kind, False] = (1 - share) / (total[kind, False] or 1)
    return factors


def _closed(output):
    return not any(mark in output for mark in _OPEN_END)


def spans(output):
    """The free text values of an output."""
    pairs = (pair for _, slots in catalogue.commands(output) for pair in slots.items())
    return [value for name, value in pairs if name in catalogue.TEXT_SLOTS]


def fill(output, bound):
    """The output line of a block with the drawn values filled in."""
    if output in (catalogue.NONE, catalogue.LATER):
        return output
    commands = []
    for part in output.split(" ; "):
        intent, *pairs = part.split()
        slots = {}
        for pair in pairs:
            name, _, value = pair.partition("=")
            if value.startswith("<"):
                key = value[1:-1]
                value = bound.get(key)
                if value is None and name == "zone":
                    value = bound.get("zone") or bound.get("zoneadj")
            else:
                value = value.replace("\\s", " ")
            if value is not None and slots.get(name) is None:
                slots[name] = value
        commands.append(catalogue.command(intent, slots))
    return " ; ".join(commands)


def maker(rng, held_out):
    """A maker with the project's templates."""
    return Maker(Grammar(sorted((HERE / "templates").glob("*.txt"))), rng, held_out)


def make(count, seed, held_out):
    """`count` different examples."""
    sentences = maker(random.Random(seed), held_out)
    seen, rows, tries = set(), [], 0
    while len(rows) < count and tries < count * 20:
        tries += 1
        prompt, output, family = sentences.sample()
        if prompt and prompt not in seen:
            seen.add(prompt)
            rows.append((prompt.replace("\n", "\\n"), output, family))
    return rows


def write(path, rows):
    """Writes rows as tab-separated lines."""
    path.write_text("".join("\t".join(row) + "\n" for row in rows))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=60000)
    parser.add_argument("--dev", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("out", type=pathlib.Path)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    dev = make(args.dev, args.seed + 1, held_out=True)
    known = {row[0] for row in dev}
    train = [row for row in make(args.count, args.seed, held_out=False) if row[0] not in known]
    write(args.out / "train.tsv", train)
    write(args.out / "dev.tsv", dev)
    print(f"{len(train)} training sentences, {len(dev)} development sentences")


if __name__ == "__main__":
    main()
