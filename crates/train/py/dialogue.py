"""Examples with a line of context: what is said after a command, or to a question.

A context line is `after COMMAND`, `confirm COMMAND` (a yes or no is expected) or
`ask SLOT COMMAND`. The words are in conversation/*.txt, one block for each kind of remark;
the tables here say what a remark makes of the command before it. A third of the examples
are whole commands or talk, so that the context is not taken for more than it is.
"""

import catalogue
from grammar import Grammar, aside

# What makes more or less of a command: its intent and the word for its own more and less.
_ADJUSTS = {
    "climate.set_temperature": ("climate.adjust_temperature", "temperature"),
    "climate.adjust_temperature": ("climate.adjust_temperature", "temperature"),
    "climate.set_fan": ("climate.adjust_fan", "fan"),
    "climate.adjust_fan": ("climate.adjust_fan", "fan"),
    "seat.set_heating": ("seat.adjust_heating", "temperature"),
    "seat.adjust_heating": ("seat.adjust_heating", "temperature"),
    "seat.set_ventilation": ("seat.adjust_ventilation", None),
    "seat.adjust_ventilation": ("seat.adjust_ventilation", None),
    "window.set": ("window.adjust", None),
    "window.adjust": ("window.adjust", None),
    "wiper.set": ("wiper.adjust", "wiper"),
    "wiper.adjust": ("wiper.adjust", "wiper"),
    "volume.set": ("volume.adjust", "volume"),
    "volume.adjust": ("volume.adjust", "volume"),
    "media.play": ("volume.adjust", "volume"),
    "media.tune": ("volume.adjust", "volume"),
    "media.select_source": ("volume.adjust", "volume"),
    "light.set": ("light.adjust_brightness", "light"),
    "light.set_color": ("light.adjust_brightness", "light"),
    "light.adjust_brightness": ("light.adjust_brightness", "light"),
}
# Lamps that can be dimmed.
_DIMMED = {"interior", "ambient", "dashboard", "screen"}
# Terminals that say a value of a slot.
_WORDS = {
    ("climate.set_temperature", "temperature"): "temp",
    ("climate.set_fan", "level"): "d_fan",
    ("climate.set_airflow", "target"): "d_air",
    ("climate.query_temperature", "place"): "d_place",
    ("seat.set_heating", "level"): "d_seat",
    ("seat.set_ventilation", "level"): "d_seat",
    ("seat.move", "motion"): "d_motion",
    ("window.set", "position"): "d_opening",
    ("shade.set", "position"): "d_opening",
    ("sunroof.set", "position"): "d_opening",
    ("light.set", "light"): "d_light",
    ("light.set_color", "color"): "color",
    ("wiper.set", "mode"): "d_wipe",
    ("volume.set", "level"): "d_vol",
    ("media.play", "query"): "q",
    ("media.tune", "frequency"): "fm",
    ("media.select_source", "source"): "d_src",
    ("navigation.go_to", "destination"): "dest",
    ("navigation.add_stop", "destination"): "dest",
    ("navigation.find", "category"): "cat",
    ("navigation.avoid", "feature"): "feat",
    ("phone.call", "contact"): "who",
    ("phone.call", "line"): "d_line",
    ("message.send", "contact"): "who",
    ("message.send", "text"): "d_msgval",
    ("vehicle.query", "property"): "d_prop",
    ("drive_mode.set", "mode"): "dmode",
    ("time.query", "what"): "d_whattime",
    ("timer.start", "duration"): "dur",
    ("reminder.create", "text"): "d_todoval",
    ("reminder.create", "time"): "whenf",
    ("place.save", "name"): "pname",
    ("door.set_lock", "state"): "d_lock",
    ("trunk.set", "state"): "d_boot",
}
# Slots whose other value may be asked for on top: "and the fog lights".
_ALSO = {"light", "place", "property", "feature", "category", "destination", "contact", "what"}
# Slots that are corrected by a plain "no, …".
_CORRECTED = [key for key in _WORDS if key[1] not in ("text", "line", "state")]
# Questions for a value: answered by these blocks, else by `answer`.
_ASKED = {
    **{key: None for key in _WORDS if key[1] not in ("place", "what", "time")},
    ("navigation.go_to", "destination"): "answer.destination",
    ("navigation.add_stop", "destination"): "answer.destination",
    ("phone.call", "contact"): "answer.contact",
    ("message.send", "contact"): "answer.contact",
    ("message.send", "text"): "answer.text",
    ("reminder.create", "text"): "answer.todo",
    ("timer.start", "duration"): "answer.duration",
}
# What "off", "on", "open it" and "close it" make of a command: other slots, or another intent.
_SWITCHED = {
    "off": {
        "climate.set_power": {"state": "off"},
        "climate.set_auto": {"state": "off"},
        "climate.set_ac": {"state": "off"},
        "climate.set_recirculation": {"state": "off"},
        "climate.set_defrost": {"state": "off"},
        "climate.set_sync": {"state": "off"},
        "climate.set_fan": {"level": "0"},
        "climate.set_temperature": ("climate.set_power", {"state": "off"}),
        "climate.adjust_temperature": ("climate.set_power", {"state": "off"}),
        "climate.adjust_fan": ("climate.set_fan", {"level": "0"}),
        "seat.set_heating": {"level": "0"},
        "seat.set_ventilation": {"level": "0"},
        "seat.set_massage": {"state": "off"},
        "seat.adjust_heating": ("seat.set_heating", {"level": "0"}),
        "steering_wheel.set_heating": {"state": "off"},
        "light.set": {"state": "off"},
        "wiper.set": {"mode": "off"},
        "media.set_shuffle": {"state": "off"},
        "media.set_repeat": {"state": "off"},
        "media.play": ("media.pause", {}),
        "media.select_source": ("media.pause", {}),
        "navigation.set_guidance": {"state": "off"},
        "navigation.go_to": ("navigation.cancel", {}),
    },
    "on": {
        "climate.set_power": {"state": "on"},
        "climate.set_auto": {"state": "on"},
        "climate.set_ac": {"state": "on"},
        "climate.set_recirculation": {"state": "on"},
        "climate.set_defrost": {"state": "on"},
        "climate.set_fan": {"level": "4"},
        "seat.set_heating": {"level": "2"},
        "seat.set_ventilation": {"level": "2"},
        "seat.set_massage": {"state": "on"},
        "steering_wheel.set_heating": {"state": "on"},
        "light.set": {"state": "on"},
        "wiper.set": {"mode": "auto"},
        "media.set_shuffle": {"state": "on"},
        "media.pause": ("media.resume", {}),
        "navigation.set_guidance": {"state": "on"},
    },
    "open": {
        "window.set": {"position": "100"},
        "window.adjust": ("window.set", {"position": "100"}),
        "shade.set": {"position": "100"},
        "sunroof.set": {"motion": "open", "position": None},
        "trunk.set": {"state": "open"},
    },
    "close": {
        "window.set": {"position": "0"},
        "window.adjust": ("window.set", {"position": "0"}),
        "shade.set": {"position": "0"},
        "sunroof.set": {"motion": "close", "position": None},
        "trunk.set": {"state": "closed"},
    },
}
_OTHER = {
    None: "passenger",
    "driver": "passenger",
    "passenger": "driver",
    "front": "rear",
    "rear": "front",
    "rear_left": "rear_right",
    "rear_right": "rear_left",
}
# Slots that no longer hold when another is corrected.
_UNDONE = {
    ("phone.call", "contact"): ("number", "line"),
    ("media.play", "query"): ("kind",),
    ("media.tune", "frequency"): ("band",),
    ("sunroof.set", "position"): ("motion",),
    ("sunroof.set", "motion"): ("position",),
}
# Commands that the car asks about before it acts.
_RISKY = {
    "door.set_lock",
    "trunk.set",
    "message.send",
    "phone.call",
    "navigation.cancel",
    "navigation.find",
    "light.set",
    "seat.move",
    "mirror.set",
}


class Conversation:
    """Draws examples with context from what `maker` draws without."""

    def __init__(self, maker, paths, held_out):
        self.maker, self.rng = maker, maker.rng
        grammar = Grammar(paths)
        self.maker.grammar.words.update(grammar.words)
        self.remarks = {}
        for block in grammar.blocks:
            self.remarks[block.output] = [t for t in block.templates if aside(t, block) == held_out]
        after = (self._zone, self._zone, self._amount, self._amount, self._correct, self._correct)
        rest = (self._switch, self._ask, self._ask, self._confirm, self._confirm, self._confirm)
        self.kinds = (*after, *rest, *(self._unrelated,) * 5)

    def sample(self):
        """Prompt, output, family."""
        while True:
            template, _, output = self.maker.bare(alone=False)
            if output in (catalogue.NONE, catalogue.LATER) or output.startswith("assistant."):
                continue
            if len(catalogue.commands(output)) > 1:
                continue
            intent, slots = catalogue.commands(output)[0]
            if "zone" in catalogue.SLOTS[intent].split() and self.rng.random() < 0.3:
                # The car fills in the seat of whoever spoke.
                slots.setdefault("zone", self.rng.choice(("driver", "driver", "passenger")))
            made = self.rng.choice(self.kinds)(intent, slots)
            if made:
                line, text, answer = made
                prompt = f"{line}\n{self.maker.misheard(text, answer)}"
                return prompt, answer, "dialogue|" + template.source

    def _say(self, kind, value=""):
        """A remark and the value it names."""
        text, bound = self.maker.say(self.rng.choice(self.remarks[kind]).nodes)
        return text.replace("VALUE", value), next(iter(bound.values()), None)

    def _value(self, key):
        """Words for a slot and the value they mean."""
        value = None
        while value is None:
            text, bound = self.maker.say([("<>", _WORDS[key])])
            value = bound[_WORDS[key]]
        return text, value

    def _zone(self, intent, slots):
        """The same for another seat."""
        if "zone" not in catalogue.SLOTS[intent].split():
            return None
        kind = self.rng.choice(("zone", "zone", "zone", "zone", "nozone", "other", "mine", "nomine"))
        text, zone = self._say(kind)
        if kind == "other":
            zone = _OTHER.get(slots.get("zone"))
        if kind == "other" and zone is None or kind.endswith("mine") and "zone" not in slots:
            return None
        # "Mine" is the speaker's own seat, which has no name.
        line = "after " + catalogue.command(intent, slots)
        return line, text, catalogue.command(intent, {**slots, "zone": zone})

    def _amount(self, intent, slots):
        """More or less of it."""
        rng = self.rng
        if intent not in _ADJUSTS or intent == "light.set" and slots.get("light") not in _DIMMED:
            return None
        if slots.get("level") == "0" or "off" in (slots.get("state"), slots.get("mode")):
            return None
        adjust, own = _ADJUSTS[intent]
        same = slots.get("direction", "up")
        if adjust == "window.adjust" and "direction" not in slots:
            same = "up" if slots.get("position") == "0" else "down"
        kind = rng.choice(("more", "more", "less", "up", "down"))
        if own and (rng.random() < 0.35 or intent.startswith("media.")):
            kind = rng.choice(("up.", "down.")) + own
        elif intent.startswith("media."):
            return None
        way = {"more": same, "less": "down" if same == "up" else "up"}.get(kind, kind.split(".")[0])
        known = catalogue.SLOTS[adjust].split()
        kept = {name: slots[name] for name in ("zone", "light") if name in slots and name in known}
        line = "after " + catalogue.command(intent, slots)
        return line, self._say(kind)[0], catalogue.command(adjust, {**kept, "direction": way})

    def _correct(self, intent, slots, lead="after", more=True):
        """Another value, or another command of the kind behind a "no"."""
        rng = self.rng
        line = f"{lead} {catalogue.command(intent, slots)}"
        keys = [key for key in _CORRECTED if key[0] == intent and (key[1] in slots or key[1] == "line")]
        if not keys:
            return None
        key = rng.choice(keys)
        words, value = self._value(key)
        numeric = key[1] in ("temperature", "level", "position", "frequency", "duration")
        kind = "also" if more and key[1] in _ALSO and rng.random() < 0.5 else "value"
        if numeric and rng.random() < 0.3:
            kind = "set"
        changed = {**slots, key[1]: value}
        for name in _UNDONE.get(key, ()):
            changed.pop(name, None)
        return line, self._say(kind, words)[0], catalogue.command(intent, changed)

    def _switch(self, intent, slots):
        """On, off, open or closed again."""
        kinds = [kind for kind in _SWITCHED if intent in _SWITCHED[kind]]
        if not kinds:
            return None
        kind = self.rng.choice(kinds)
        change = _SWITCHED[kind][intent]
        line, text = "after " + catalogue.command(intent, slots), self._say(kind)[0]
        if isinstance(change, dict):
            return line, text, catalogue.command(intent, {**slots, **change})
        other, values = change
        zone = {"zone": slots.get("zone")} if "zone" in catalogue.SLOTS[other].split() else {}
        return line, text, catalogue.command(other, {**zone, **values})

    def _ask(self, intent, slots):
        """The answer to a question for a value; anything but a text may be refused or ignored."""
        rng = self.rng
        if "zone" in catalogue.SLOTS[intent].split() and rng.random() < 0.2:
            name, kind = "zone", rng.choice(("answer.zone", "answer.zone", "answer.zone", "answer.mine"))
            words = ""
        else:
            keys = [key for key in _ASKED if key[0] == intent and (key[1] in slots or rng.random() < 0.3)]
            if not keys:
                return None
            key = rng.choice(keys)
            name, kind = key[1], _ASKED[key] or "answer"
            words, value = self._value(key)
        rest = {k: v for k, v in slots.items() if k not in (name, "motion", "number", "kind")}
        line = f"ask {name} {catalogue.command(intent, rest)}"
        roll = rng.random()
        if roll < 0.1:
            return line, self._say("cancel")[0], "assistant.cancel"
        if roll < 0.25 and name not in ("text", "query", "name"):
            prompt, answer, _ = self.maker.plain(alone=False)
            return (line, prompt, answer) if len(prompt.split()) > 3 else None
        text, zone = self._say(kind, words)
        if name == "zone":
            value = None if kind == "answer.mine" else zone
        return line, text, catalogue.command(intent, {**rest, name: value})

    def _confirm(self, intent, slots):
        """A yes, a no, or something else instead."""
        rng = self.rng
        if intent not in _RISKY and rng.random() < 0.5:
            return None
        pending = catalogue.command(intent, slots)
        line, roll = f"confirm {pending}", rng.random()
        if roll < 0.36:
            return line, self._say("yes")[0], pending
        if roll < 0.58:
            return line, self._say("no")[0], "assistant.no"
        if roll < 0.64:
            return line, self._say("cancel")[0], "assistant.cancel"
        if roll < 0.8:
            return self._correct(intent, slots, "confirm", more=False)
        _, more, answer = self.maker.bare(alone=False)
        if answer in (catalogue.NONE, catalogue.LATER) or answer.startswith("assistant."):
            return None
        if roll < 0.9:
            return line, f"{self._say('yesand')[0]} {more}", f"{pending} ; {answer}"
        return line, f"{self._say('lead')[0]} {more}", answer

    def _unrelated(self, intent, slots):
        """What has nothing to do with the context: commands, talk."""
        prompt, answer, _ = self.maker.plain(alone=False)
        least = 3 if answer in (catalogue.NONE, catalogue.LATER) else 4
        if len(prompt.split()) < least:
            return None
        lead = self.rng.choice(("after", "after", "after", "after", "confirm"))
        return f"{lead} {catalogue.command(intent, slots)}", prompt, answer
