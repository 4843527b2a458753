"""Examples with a line of context: what is said after a command, or to a question.

A context line is `after COMMAND`, `confirm COMMAND` or `ask SLOT COMMAND`. A third of the
examples are whole commands or talk, so that the context is not taken for more than it is.
"""

import catalogue
import values

_TOO = ("and {} too", "{} too", "and {} as well", "same for {}", "the same for {}", "and for {}", "do {} as well",
        "{} as well please", "and {} please", "what about {}", "also {}", "do the same for {}", "and now {}", "how about {} too")
_ZONES = {
    "driver": ("the driver", "the driver's side", "the driver's"),
    "passenger": ("the passenger", "the passenger's", "the passenger side", "the passenger's too", "my passenger", "her side", "my wife"),
    "front": ("the front", "both in front", "the front ones", "both of us up front"),
    "rear": ("the back", "the rear", "the kids", "the back seats", "the rear ones", "the ones in the back", "the back row"),
    "rear_left": ("the back left", "rear left", "the left rear", "the one behind the driver"),
    "rear_right": ("the back right", "rear right", "the right rear", "the one behind the passenger"),
    "all": ("everyone", "all of them", "everybody", "the whole car", "all seats", "all the others too"),
}
_MORE = ("a bit more", "more", "some more", "a little more", "again", "even more", "more please", "once more", "still more",
         "one more", "keep going", "a tad more", "and again", "a touch more", "more than that", "not enough", "that's not enough",
         "further", "go on a bit more", "bit more")
_LESS = ("a bit less", "less", "too much", "that's too much", "not that much", "a little less", "not so much", "less please",
         "that was too much", "back a bit", "the other way", "back down a bit", "no less", "slightly less", "a touch less", "whoa too much")
_FIX = ("no {}", "no make it {}", "make that {}", "i meant {}", "actually {}", "sorry {}", "no i said {}", "i said {}", "no sorry {}",
        "no wait {}", "make it {}", "not that {}", "rather {}", "no i meant {}", "change that to {}", "hmm {} instead", "{} instead", "or {} rather", "better {}")
_OFF = ("off again", "turn it off again", "switch it off", "turn it off", "off", "and off again", "no off", "turn that off", "kill it again", "actually turn it off", "that's enough turn it off")
_ON = ("on again", "turn it back on", "back on", "switch it on again", "no on", "turn it on", "on please", "actually turn it back on")
_CLOSE = ("close it again", "close it", "shut it again", "and close it", "close again", "shut it", "put it back up", "no close it")
_OPEN = ("open it again", "open it", "no open it", "open again", "and open it back up")
_YES = ("yes", "yeah", "yep", "sure", "yes please", "go ahead", "do it", "ok", "okay", "yes go ahead", "please do", "of course", "correct",
        "that's right", "confirm", "confirmed", "yeah do it", "sure go ahead", "affirmative", "absolutely", "mm hm", "yup", "right", "fine", "alright", "yes do that", "why not", "please", "ok go for it")
_NO = ("no", "nope", "no thanks", "don't", "leave it", "no don't", "nah", "no leave it", "better not", "no thank you", "no stop", "no wait", "not now", "no forget it", "never mind no", "rather not", "i changed my mind")
_TO = ("{}", "{} please", "{}", "to {}", "make it {}", "um {}", "let's say {}", "i'd say {}", "it's {}", "{} thanks", "well {}", "{} i think")
_ADJUST = {
    "climate.set_temperature": ("climate.adjust_temperature", "up"), "climate.adjust_temperature": ("climate.adjust_temperature", None),
    "climate.set_fan": ("climate.adjust_fan", "up"), "climate.adjust_fan": ("climate.adjust_fan", None),
    "seat.set_heating": ("seat.adjust_heating", "up"), "seat.adjust_heating": ("seat.adjust_heating", None),
    "seat.set_ventilation": ("seat.adjust_ventilation", "up"), "seat.adjust_ventilation": ("seat.adjust_ventilation", None),
    "volume.set": ("volume.adjust", "up"), "volume.adjust": ("volume.adjust", None),
    "window.adjust": ("window.adjust", None), "wiper.adjust": ("wiper.adjust", None),
    "light.adjust_brightness": ("light.adjust_brightness", None),
}
_UP = {
    "climate": (("warmer", "hotter", "higher", "up a bit", "still cold", "still too cold"), ("cooler", "colder", "lower", "down a bit", "still too warm")),
    "fan": (("stronger", "faster", "higher", "up"), ("weaker", "slower", "lower", "quieter", "down")),
    "seat": (("hotter", "warmer", "higher", "up one", "one up"), ("lower", "down one", "one down", "cooler")),
    "volume": (("louder", "even louder", "up", "still too quiet"), ("quieter", "softer", "down", "still too loud")),
    "wiper": (("faster", "even faster", "quicker"), ("slower", "even slower", "not that fast")),
    "light": (("brighter", "even brighter", "lighter"), ("darker", "dimmer", "even darker", "dim it a bit")),
    "window": (("close it a bit", "up a bit", "higher"), ("open it a bit more", "further down", "down a bit more")),
}
_LIGHTS = {"headlights": "the headlights", "high_beam": "the high beam", "fog": "the fog lights", "hazard": "the hazards",
           "interior": "the interior light", "reading": "the reading light", "ambient": "the ambient light"}
_PLACES = {"inside": "inside", "outside": "outside"}


def parts(output):
    """Intent and slots of an output of one command."""
    intent, slots, last = output.split(" ")[0], {}, None
    for piece in output.split(" ")[1:]:
        name, mark, value = piece.partition("=")
        if mark and name.isidentifier():
            slots[name] = value
            last = name
        else:
            slots[last] += " " + piece
    return intent, slots


class Conversation:
    """Draws examples with context from what `maker` draws without."""

    def __init__(self, maker):
        self.maker, self.rng = maker, maker.rng
        self.kinds = (self._zone, self._more, self._value, self._state, self._ask, self._ask, self._confirm, self._text, self._light, self._leak, self._leak, self._leak)

    def sample(self):
        """Prompt, output, family."""
        while True:
            template, _, output = self.maker.bare()
            if output in (catalogue.NONE, catalogue.LATER) or " ; " in output or output.startswith("assistant."):
                continue
            made = self.rng.choice(self.kinds)(output)
            if made:
                line, text, answer = made
                text = catalogue.normalize(text)
                if text:
                    return f"{line}\n{text}", answer, "dialogue|" + template.source

    def _after(self, output, text, answer):
        return f"after {output}", text, answer

    def _zone(self, output):
        intent, slots = parts(output)
        if "zone" not in catalogue.SLOTS[intent].split():
            return None
        zone = self.rng.choice([z for z in _ZONES if z != slots.get("zone")])
        text = self.rng.choice(_TOO).format(self.rng.choice(_ZONES[zone]))
        if self.rng.random() < 0.12:
            # "Mine" is the speaker's own seat, which has no name.
            rest = {k: v for k, v in slots.items() if k != "zone"}
            if not slots.get("zone"):
                return None
            return self._after(output, self.rng.choice(("mine too", "and mine", "mine as well", "and mine please", "same for me", "me too")), catalogue.command(intent, rest))
        if self.rng.random() < 0.25 and slots.get("zone"):
            text = self.rng.choice(("no {}", "i meant {}", "no on {}", "not mine {}", "sorry {}")).format(self.rng.choice(_ZONES[zone]))
        return self._after(output, text, catalogue.command(intent, {**slots, "zone": zone}))

    def _more(self, output):
        intent, slots = parts(output)
        if intent not in _ADJUST:
            return None
        other, direction = _ADJUST[intent]
        direction = direction or slots.get("direction", "up")
        keep = {k: slots[k] for k in ("zone", "light") if k in slots and k in catalogue.SLOTS[other].split()}
        flip = {"up": "down", "down": "up"}[direction]
        kind = self.rng.random()
        if kind < 0.4:
            text, way = self.rng.choice(_MORE), direction
        elif kind < 0.65:
            text, way = self.rng.choice(_LESS), flip
        else:
            family = "fan" if "fan" in other else other.split(".")[0]
            way = self.rng.choice(("up", "down"))
            text = self.rng.choice(_UP[family][way == "down"])
        return self._after(output, text, catalogue.command(other, {"direction": way, **keep}))

    def _number(self, name, intent):
        """Words and value for a numeric slot."""
        terminal = {"temperature": "temp", "duration": "dur"}.get(name)
        if intent == "climate.set_temperature" and name == "temperature":
            value = self.rng.randint(16, 30)
            return values.spoken(value, self.rng, 0.6) + self.rng.choice(("", "", " degrees")), str(value)
        if name == "duration":
            n = self.rng.choice((1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 45, 50, 90))
            if self.rng.random() < 0.15:
                return f"{values.spoken(n, self.rng, 0.5)} seconds", str(n)
            return values.spoken(n, self.rng, 0.6) + self.rng.choice((" minutes", " minutes", "")), str(n * 60)
        if name == "level":
            top = 7 if "fan" in intent else 100 if intent == "volume.set" else 3
            n = self.rng.randint(1, 20) * 5 if top == 100 else self.rng.randint(1 if top == 3 else 1, top)
            return self.rng.choice(("", "", "level " if top < 100 else "")) + values.spoken(n, self.rng, 0.6), str(n)
        if name == "position":
            n = self.rng.choice((10, 20, 25, 30, 40, 60, 70, 75, 80, 90))
            return values.spoken(n, self.rng, 0.5) + " percent", str(n)
        return None

    def _value(self, output):
        intent, slots = parts(output)
        for name in ("temperature", "level", "duration", "position"):
            if name in slots:
                drawn = self._number(name, intent)
                if drawn and drawn[1] != slots[name]:
                    text = self.rng.choice(_FIX).format(drawn[0]) if self.rng.random() < 0.8 else drawn[0]
                    return self._after(output, text, catalogue.command(intent, {**slots, name: drawn[1]}))
        if slots.get("position") and self.rng.random() < 0.5:
            word, value = self.rng.choice((("halfway", "50"), ("all the way", "100"), ("just halfway", "50"), ("just a crack", "10"), ("half", "50")))
            return self._after(output, self.rng.choice(("no {}", "{}", "no just {}", "make it {}")).format(word.replace("just just", "just")), catalogue.command(intent, {**slots, "position": value}))
        return None

    def _state(self, output):
        intent, slots = parts(output)
        rng = self.rng
        if slots.get("state") in ("on", "off"):
            flip = "off" if slots["state"] == "on" else "on"
            return self._after(output, rng.choice(_OFF if flip == "off" else _ON), catalogue.command(intent, {**slots, "state": flip}))
        if intent in ("seat.set_heating", "seat.set_ventilation", "climate.set_fan") and slots.get("level") not in (None, "0"):
            return self._after(output, rng.choice(_OFF), catalogue.command(intent, {**slots, "level": "0"}))
        if intent in ("window.set", "shade.set") and "position" in slots:
            close = slots["position"] != "0"
            return self._after(output, rng.choice(_CLOSE if close else _OPEN), catalogue.command(intent, {**slots, "position": "0" if close else "100"}))
        if intent == "sunroof.set":
            close = slots.get("motion") != "close"
            return self._after(output, rng.choice(_CLOSE if close else _OPEN), catalogue.command(intent, {"motion": "close" if close else "open"}))
        if intent == "trunk.set":
            close = slots.get("state") == "open"
            return self._after(output, rng.choice(_CLOSE if close else _OPEN), catalogue.command(intent, {"state": "closed" if close else "open"}))
        return None

    def _spoken(self, intent, name, value):
        drawn = self._number(name, intent)
        if drawn:
            return drawn
        if name in ("number",):
            return None
        if name == "light":
            return _LIGHTS.get(value, value), value
        if name == "zone":
            return self.rng.choice(_ZONES[value]), value
        return value.replace("_", " "), value

    def _ask(self, output):
        intent, slots = parts(output)
        names = [n for n in slots if n not in ("kind", "line", "near", "band", "amount")]
        if not names:
            return None
        name = self.rng.choice(names)
        drawn = self._spoken(intent, name, slots[name])
        if not drawn:
            return None
        text, value = drawn
        rest = {k: v for k, v in slots.items() if k != name}
        if name in catalogue.TEXT_SLOTS and name in ("destination", "category", "text"):
            text = self.rng.choice(("{}", "{}", "{} please") if name != "text" else ("{}",)).format(text)
        else:
            text = self.rng.choice(_TO).format(text)
        return f"ask {name} {catalogue.command(intent, rest)}", text, catalogue.command(intent, {**slots, name: value})

    def _confirm(self, output):
        line = f"confirm {output}"
        kind = self.rng.random()
        if kind < 0.4:
            return line, self.rng.choice(_YES), output
        if kind < 0.65:
            return line, self.rng.choice(_NO), "assistant.no"
        template, more, second = self.maker.bare()
        if second in (catalogue.NONE, catalogue.LATER) or second.startswith("assistant.") or " ; " in second:
            return None
        if kind < 0.85:
            return line, f"{self.rng.choice(('yes and', 'yeah and', 'yes please and', 'sure and', 'ok and'))} {more}", f"{output} ; {second}"
        return line, f"{self.rng.choice(('no', 'no just', 'no rather', 'no instead'))} {more}", second

    def _text(self, output):
        intent, slots = parts(output)
        names = [n for n in ("contact", "destination", "query", "category") if n in slots]
        if not names:
            return None
        name = names[0]
        for _ in range(200):
            _, _, other = self.maker.bare()
            if " ; " in other or other in (catalogue.NONE, catalogue.LATER):
                continue
            other_intent, other_slots = parts(other)
            if name in other_slots and (other_intent == intent or name in ("contact",)) and other_slots[name] != slots[name]:
                value = other_slots[name]
                lead = self.rng.choice(("to ", "for ", "")) if intent == "message.send" else ""
                text = self.rng.choice(_FIX).format(lead + value)
                kept = {k: v for k, v in slots.items() if k not in ("kind", "number")}
                line = "confirm" if intent in ("message.send", "phone.call") and self.rng.random() < 0.4 else "after"
                return f"{line} {output}", text, catalogue.command(intent, {**kept, name: value})
        return None

    def _light(self, output):
        intent, slots = parts(output)
        if intent != "light.set" or slots.get("light") not in _LIGHTS or "state" not in slots:
            return None
        other = self.rng.choice([k for k in _LIGHTS if k != slots["light"]])
        text = self.rng.choice(("and {}", "{} too", "{} as well", "no {}", "i meant {}", "and {} as well")).format(_LIGHTS[other])
        return self._after(output, text, catalogue.command(intent, {"light": other, "state": slots["state"]}))

    def _leak(self, output):
        """What has nothing to do with the context: commands, talk."""
        prompt, answer, _ = self.maker.plain(alone=False)
        line = self.rng.random()
        if line < 0.7:
            return f"after {output}", prompt, answer
        if line < 0.85:
            return f"confirm {output}", prompt, answer
        intent, slots = parts(output)
        if not slots:
            return f"after {output}", prompt, answer
        name = self.rng.choice(list(slots))
        if name in catalogue.TEXT_SLOTS:
            return f"after {output}", prompt, answer
        rest = {k: v for k, v in slots.items() if k != name}
        return f"ask {name} {catalogue.command(intent, rest)}", prompt, answer
