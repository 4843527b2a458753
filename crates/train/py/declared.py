"""Examples with declared skills: intents the weights do not know, told in the prompt.

    declared.py --source ../../../../shared/data/text OUT_DIR

writes OUT_DIR/declared.tsv. Skills come from `skills/*.txt` (`% INTENT slot=a|b slot=number`
declares one, blocks as in the templates give its sentences), and, where the folder is there,
from intents of the licensed sets that are not in our catalogue. Skills of a set often share their
domain, as those of one manifest do. A third of the examples ask for none of the declared skills:
something of ours, nothing, or mere talk of what they are about.
"""

import argparse
import collections
import json
import pathlib
import random
import re

import catalogue
import generate
from grammar import Grammar

HERE = pathlib.Path(__file__).parent
LONGEST = 150  # words of all declarations
RESERVED = re.compile(r"coffee|drone|tent|horn|bike|water|perfume|scent")
# Intents of the sets that our catalogue has, or that are too near.
_OURS = re.compile(
    r"play|music|volume|song|audio|podcast|radio|timer|reminder|call|text|traffic|directions|distance|weather_|time|date|"
    r"thank|greet|hello|goodbye|repeat|yes|no$|maybe|cancel|what_can|gas|mpg|tire|oil|fuel|light|hue|mute|navig|gps|location|"
    r"restaurant|general|oos|whisper|change_|smart_home|dial|phone|message|email|alarm|settings|share|query$|current|lists"
)


_STOP = set("the a an to my me us in on at of for with is are i i'm we please and it you that this some".split())
_DOMAINS = "van boat cab fleet tools extras kit garage farm shop crew rig house stage lab field my_car rescue work park".split()
_POLITE = ("please", "can you", "could you", "hey", "i'd like you to", "would you", "ok")
# Talk of a thing that a skill is about; N stands for its word.
_TALK = [
    "i bought a N",
    "i want to buy a new N",
    "we had a N once",
    "my brother has a N",
    "his N was expensive",
    "that N cost a fortune",
    "the N is broken",
    "the N was broken all week",
    "who needs a N",
    "there was a N by the road",
    "where did you leave the N",
    "did you pack the N",
    "don't forget the N",
    "i like the N",
    "i prefer the old N",
    "i don't like this N",
    "she told me about the N",
    "he said the N was too loud",
    "have you seen her N",
    "is there a N shop in town",
    "they sell N in that shop",
    "what does a N cost",
    "the N in our old car never worked",
    "we were talking about the N",
    "the N needs fixing",
    "my wife makes the best N",
    "nobody uses the N",
    "a N did you see it",
    "they banned the N",
    "how was the N yesterday",
]
_RENAMED = {
    "level": ("amount", "value", "setting", "strength", "step"),
    "state": ("power", "switch", "status"),
    "mode": ("kind", "type", "style"),
    "percent": ("share", "limit", "value"),
    "degrees": ("temperature", "value"),
    "minutes": ("time", "duration"),
    "text": ("words", "content"),
}


def content(text):
    """The words of a text that tell what it is about."""
    return [word for word in text.split() if word.isalpha() and word not in _STOP]


class Skill:
    """An intent that is told in the prompt; `draw` gives a sentence and its output."""

    def __init__(self, name, slots):
        self.name, self.slots, self.draw = name, slots, None

    def declare(self, rng, sentences, domain):
        """Its line, and a function that puts its name and slots of this line into an output.

        Mostly it gets another name, in `domain` if there is one, so that names are read rather than
        remembered.
        """
        name, slots = self.name, {slot: slot for slot in self.slots}
        words = list(dict.fromkeys(content(" ".join(sentences))))
        if domain or rng.random() < 0.5:
            if len(words) > 1:
                first, *rest = rng.sample(words, 2)
                name = f"{domain}.{'_'.join([first, *rest])}" if domain else f"{first}.{rest[0]}"
            slots = {slot: rng.choice(_RENAMED.get(slot, (slot,))) for slot in slots}
        shown = "".join(f" {slots[slot]}={values}" for slot, values in self.slots.items())

        def rename(output):
            parts = output.split(" ")
            for k, part in enumerate(parts[1:], 1):
                slot, mark, value = part.partition("=")
                if mark and slot in slots:
                    parts[k] = f"{slots[slot]}={value}"
            return " ".join([name, *parts[1:]])

        return f"new {name}{shown} : " + " / ".join(sentences), rename


def invented(rng):
    """Skills of `skills/*.txt`, each with a function that draws (text, output)."""
    grammar, skills = Grammar([]), {}
    for path in sorted((HERE / "skills").glob("*.txt")):
        lines = path.read_text().splitlines()
        for line in lines:
            if line.startswith("%"):
                name, *slots = line[1:].split()
                skills[name] = Skill(name, dict(slot.split("=", 1) for slot in slots))
                catalogue.SLOTS[name] = " ".join(skills[name].slots)
        rest = path.with_suffix(".tmp")
        rest.write_text("\n".join(line for line in lines if not line.startswith("%")))
        grammar._read(rest)
        rest.unlink()
    byname = {}
    for block in grammar.blocks:
        byname.setdefault(block.output.split()[0], []).extend(block.templates)

    def drawer(templates):
        def draw():
            template = rng.choice(templates)
            bound = {}
            text = " ".join(grammar.expand(template.nodes, rng, bound).split())
            return catalogue.normalize(text), generate.fill(template.output, bound)
        return draw

    found = []
    for name, skill in skills.items():
        if byname.get(name):
            skill.draw = drawer(byname[name])
            found.append(skill)
    return found


def licensed(source, rng):
    """Skills without slots from intents of the licensed sets."""
    groups = {}
    for path in ("clinc150/items.jsonl", "hwu64-nlu-eval/items.jsonl"):
        for line in (source / path).read_text().splitlines():
            item = json.loads(line)
            name = item.get("intent", "")
            if name and not _OURS.search(name) and not RESERVED.search(name):
                words = catalogue.normalize(item["text"])
                if 2 <= len(words.split()) <= 12 and not RESERVED.search(words):
                    groups.setdefault(name, set()).add(words)
    skills = []
    for name, texts in sorted(groups.items()):
        texts = sorted(texts)
        if len(texts) < 12:
            continue
        first, _, last = name.rpartition("_")
        dotted = f"{first or last}.{last if first else 'do'}"
        skill = Skill(dotted, {})
        skill.draw = (lambda t, d: lambda: (rng.choice(t), d))(texts, dotted)
        skills.append(skill)
    return skills


class Sets:
    """Draws sets of skills, and for each what people say to a car that has them."""

    def __init__(self, source, rng):
        self.rng = rng
        templates = sorted((HERE / "templates").glob("*.txt"))
        self.ours = generate.Maker(Grammar(templates), rng, held_out=False)
        self.slotted = invented(rng)
        self.plain = licensed(source, rng) if source.is_dir() else []

    def skills(self):
        rng = self.rng
        drawn = [
            rng.choice(self.slotted if rng.random() < 0.65 or not self.plain else self.plain)
            for _ in range(rng.choice((1, 2, 3, 4, 5, 6, 7)))
        ]
        return list({skill.name: skill for skill in drawn}.values())

    def rows(self):
        """One set: rows that share their declarations; none when those are too long."""
        rng, lines, told = self.rng, {}, []
        domain = rng.choice(_DOMAINS) if rng.random() < 0.6 else ""
        for skill in self.skills():
            said = list(dict.fromkeys(skill.draw()[0] for _ in range(rng.choice((2, 3, 3)))))
            line, rename = skill.declare(rng, said, domain)
            name = rename("")
            if name not in lines:
                lines[name] = line
                told.append((skill, said, rename))
        if sum(len(line.split()) for line in lines.values()) > LONGEST:
            return []
        names = {skill.name for skill, *_ in told}
        pairs = dict(filter(None, (self._utterance(told, names) for _ in range(rng.randint(5, 9)))))
        return [("\\n".join([*lines.values(), text]), output, "declared") for text, output in pairs.items()]

    def _utterance(self, told, names):
        rng, kind = self.rng, self.rng.random()
        if kind < 0.64:
            skill, said, rename = rng.choice(told)
            for _ in range(20):
                text, output = skill.draw()
                if text not in said:
                    break
            if rng.random() < 0.3:
                text = f"{rng.choice(_POLITE)} {text}"
            return text, rename(output)
        if kind < 0.74:
            return self._talk(rng.choice(told))
        if kind < 0.88:
            return self.ours.plain()[:2]
        other = rng.choice(self.plain or self.slotted)
        return None if other.name in names else (other.draw()[0], catalogue.NONE)

    def _talk(self, told):
        """Talk that has a word of a skill: one that most of its sentences have."""
        _, said, _ = told
        counts = collections.Counter(word for text in said for word in set(content(text)))
        words = [word for word, count in counts.items() if 2 * count >= len(said)]
        if not words:
            return None
        return self.rng.choice(_TALK).replace("N", self.rng.choice(words)), catalogue.NONE


def examples(count, source, seed):
    """At least `count` rows; those of a set are neighbours."""
    sets, rows = Sets(source, random.Random(seed)), []
    while len(rows) < count:
        rows += sets.rows()
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=pathlib.Path, default=pathlib.Path("../shared/data/text"))
    parser.add_argument("--count", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("out", type=pathlib.Path)
    args = parser.parse_args()
    rows = examples(args.count, args.source, args.seed)
    generate.write(args.out / "declared.tsv", rows)
    print(f"{len(rows)} examples with declared skills")


if __name__ == "__main__":
    main()
