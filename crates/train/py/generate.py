"""Makes training and development sentences from the templates.

    generate.py --count 60000 --seed 1 OUT_DIR

writes OUT_DIR/train.tsv and OUT_DIR/dev.tsv (prompt, TAB, output, TAB, family). The
split is by template: every sentence of a held-out template is in dev.tsv.
"""

import argparse
import hashlib
import pathlib
import random

import catalogue
import dialogue
import phrasing
from grammar import Grammar

HERE = pathlib.Path(__file__).parent
SHARE_OF_DIALOGUE = 0.1
HELD_OUT = 12  # one template in so many is never trained on

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
        self.grammar, self.rng = grammar, rng
        self.choices, self.weights = [], []
        self.conversation = dialogue.Conversation(self)
        for block in grammar.blocks:
            templates = [t for t in block.templates if (_family(t) == 0) == held_out]
            if templates:
                share = len(templates) / len(block.templates) if held_out else 1
                # The square root keeps blocks of few templates from being learned by heart.
                self.choices.append(templates)
                self.weights.append(block.weight * share * len(block.templates) ** 0.5)

    def bare(self):
        """One sentence without wrapping: template, text, output."""
        template = self.rng.choice(self.rng.choices(self.choices, self.weights)[0])
        bound = {}
        text = " ".join(self.grammar.expand(template.nodes, self.rng, bound).split())
        text = text.replace(" 'd ", "'d ").replace(" 'm ", "'m ")
        return template, text, fill(template.output, bound)

    def wrapped(self):
        """A sentence with politeness, hesitation, noise: text, output, family."""
        rng = self.rng
        template, text, output = self.bare()
        family = template.output + "|" + template.source
        if template.flag == "=":
            return text, output, family
        kind = rng.random()
        derivable = template.flag == "!" and not output.startswith(_NO_DERIVED)
        if derivable and kind < 0.045:
            return rng.choice(phrasing.NOT).format(text), catalogue.NONE, family
        if derivable and kind < 0.08:
            return rng.choice(phrasing.TALK).format(text), catalogue.NONE, family
        if derivable and kind < 0.115:
            late = rng.choice(phrasing.LATER)
            text = f"{late} {text}" if rng.random() < 0.25 else f"{text} {late}"
            return text, catalogue.LATER, family
        if kind > 0.91 and output not in (catalogue.NONE, catalogue.LATER) and not output.startswith("assistant."):
            return self._several(template, text, output)
        return self._polite(template, text, output), output, family

    def _several(self, template, text, output):
        rng = self.rng
        family = template.output + "|" + template.source
        if _closed(output) or "text=" not in output:
            for _ in range(1 + (rng.random() < 0.12)):
                other, more, second = self.bare()
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
        if output not in (catalogue.NONE, catalogue.LATER) and not output.startswith(
            ("assistant.", "message.send", "reminder.create")
        ):
            if rng.random() < (0.05 if ends_open else 0.16):
                text = f"{text} {rng.choice(('please', 'thanks', 'thank you') if ends_open else phrasing.CLOSE)}"
        return text

    def sample(self):
        """One finished example: prompt, output, family."""
        if self.rng.random() < SHARE_OF_DIALOGUE:
            return self.conversation.sample()
        return self.plain()

    def plain(self):
        """One example without context: prompt, output, family."""
        text, output, family = self.wrapped()
        prompt = catalogue.normalize(text)
        if self.rng.random() < 0.06 and not spans(output):
            prompt = self._respell(prompt)
        if self.rng.random() < 0.13:
            noisy = catalogue.normalize(self._noise(prompt))
            if all(value in noisy for value in spans(output)):
                prompt = noisy
        return prompt, output, family

    def _respell(self, prompt):
        if self.rng.random() < 0.4:
            return prompt.replace("'", "")
        for short, long in phrasing.CONTRACTED:
            prompt = prompt.replace(short, long)
        return prompt

    def _noise(self, prompt):
        rng, words = self.rng, prompt.split()
        at = rng.randrange(len(words)) if words else 0
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
            heard = [i for i, w in enumerate(words) if w in phrasing.HEARD]
            if heard:
                at = rng.choice(heard)
                # "off" heard as "of" is the one that changes a meaning if the sentence has both.
                words[at] = rng.choice(phrasing.HEARD[words[at]])
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


def _family(template):
    digest = hashlib.sha256(f"{template.output}|{template.source}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % HELD_OUT


def _closed(output):
    return not any(mark in output for mark in _OPEN_END)


def spans(output):
    """The free text values of an output."""
    found = []
    for part in output.split(" ; "):
        pieces = part.split(" ")[1:]
        name, value = None, []
        for piece in pieces + ["end="]:
            head, mark, rest = piece.partition("=")
            if mark and (head == "end" or head.isidentifier()):
                if name in catalogue.TEXT_SLOTS:
                    found.append(" ".join(value))
                name, value = head, [rest]
            else:
                value.append(piece)
    return found


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


def make(count, seed, held_out):
    """`count` different examples."""
    rng = random.Random(seed)
    grammar = Grammar(sorted((HERE / "templates").glob("*.txt")))
    maker = Maker(grammar, rng, held_out)
    seen, rows, tries = set(), [], 0
    while len(rows) < count and tries < count * 20:
        tries += 1
        prompt, output, family = maker.sample()
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
