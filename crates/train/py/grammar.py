"""Reads the template files and expands templates at random.

A file holds blocks. `@ OUTPUT *WEIGHT` opens a block: OUTPUT is the line the
templates below it stand for, with `<name>` where a value is filled in. A template
is text with `[optional]`, `(a|b)` and `<name>`; a leading `!` marks an imperative,
which may be wrapped in polite words, a leading `=` one that is used as it stands.
`$name = a | b` defines what `<name>` expands to; after `=>` stands the value:
`t` the text itself, `n` the number inside, `nopre` the text without its leading
preposition, `possessive` the text without its ending, nothing for no value.
"""

import hashlib
import re

import values

HELD_OUT = 12  # one template in so many is never trained on


class Choice(list):
    """Alternatives."""


def _split(text, mark="|"):
    parts, depth, start = [], 0, 0
    for i, char in enumerate(text):
        depth += (char in "([") - (char in ")]")
        if char == mark and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    return parts + [text[start:]]


def parse(text):
    """A template as a list of strings, `Choice`s and `("<>", name)` terminals."""
    nodes, at = [], 0
    while at < len(text):
        char = text[at]
        if char in "([":
            depth, end = 1, at + 1
            while depth:
                if end >= len(text):
                    raise ValueError(f"unbalanced brackets in {text!r}")
                depth += (text[end] in "([") - (text[end] in ")]")
                end += 1
            options = [parse(part) for part in _split(text[at + 1 : end - 1])]
            nodes.append(Choice(options + ([[]] * len(options) if char == "[" else [])))
            at = end
        elif char == "<":
            end = text.index(">", at)
            nodes.append(("<>", text[at + 1 : end]))
            at = end + 1
        else:
            end = at
            while end < len(text) and text[end] not in "([<":
                end += 1
            nodes.append(text[at:end])
            at = end
    return nodes


class Template:
    """One line of a block."""

    def __init__(self, output, line, file):
        self.flag = line[0] if line[0] in "!=" else ""
        self.source = line
        self.nodes = parse(line[len(self.flag) :].strip())
        self.output, self.file = output, file

    @property
    def family(self):
        """Its name, by which it is trained on or held out."""
        return f"{self.output}|{self.source}"

    def number(self):
        """A number that depends on nothing but its name."""
        return int.from_bytes(hashlib.sha256(self.family.encode()).digest()[:4], "big")

    def forms(self):
        """About how many sentences it stands for; a named value counts as six."""
        return _forms(self.nodes)


def _forms(nodes):
    count = 1
    for node in nodes:
        if isinstance(node, Choice):
            count *= sum(_forms(option) for option in node)
        elif not isinstance(node, str):
            count *= 6
    return count


def aside(template, block):
    """Whether a template is never trained on: one in `HELD_OUT`, and at least one of its block."""
    held = [t for t in block.templates if t.number() % HELD_OUT == 0]
    return template in (held or [min(block.templates, key=Template.number)])


class Block:
    """An output and its templates."""

    def __init__(self, output, weight):
        self.output, self.weight, self.templates = output, weight, []


class Grammar:
    """All blocks and word lists of some files."""

    def __init__(self, paths):
        self.blocks, self.words = [], {}
        for path in paths:
            self._read(path)

    def _read(self, path):
        block = None
        for line in path.read_text().splitlines():
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            if line.startswith("$"):
                name, _, body = line[1:].partition("=")
                items = []
                for item in _split(body):
                    form, arrow, value = item.partition("=>")
                    items.append(
                        (parse(form.strip()), value.strip() if arrow else None, bool(arrow))
                    )
                self.words[name.strip()] = items
            elif line.startswith("@"):
                output, _, weight = line[1:].partition(" *")
                block = Block(output.strip(), float(weight or 1))
                self.blocks.append(block)
            else:
                block.templates.append(Template(block.output, line, path.stem))

    def expand(self, nodes, rng, bound):
        """The text of `nodes`; values of terminals go to `bound` by name."""
        out = []
        for node in nodes:
            if isinstance(node, str):
                out.append(node)
            elif isinstance(node, Choice):
                out.append(self.expand(rng.choice(node), rng, bound))
            else:
                out.append(self._terminal(node[1], rng, bound))
        return "".join(out)

    def _terminal(self, name, rng, bound):
        if name not in self.words:
            text, bound[name] = values.draw(name, rng)
            return text
        nodes, value, valued = rng.choice(self.words[name])
        inner = {}
        text = self.expand(nodes, rng, inner)
        if not valued:
            found = [v for v in inner.values() if v is not None]
            if found or not inner:
                bound[name] = found[-1] if found else _clean(text)
            bound.update({k: v for k, v in inner.items() if k not in bound})
        elif value == "t":
            bound[name] = _clean(text)
        elif value == "nopre":
            bound[name] = re.sub(r"^(at|in|on|by) ", "", _clean(text))
        elif value == "possessive":
            bound[name] = _clean(text).removesuffix("'s")
        elif value == "n":
            bound[name] = next(v for v in inner.values() if v is not None)
        else:
            bound[name] = value or None
        return text


def _clean(text):
    return " ".join(text.lower().split())
