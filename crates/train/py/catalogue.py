"""The output language: intents, their slots in order, and the line format.

A line is `none` or commands joined by " ; "; a command is the intent followed by
`slot=value` in the catalogue's order. Absent slots are left out. An order that is to
wait for something is `later`.
"""

SLOTS = {
    "climate.set_temperature": "temperature zone",
    "climate.adjust_temperature": "direction amount zone",
    "climate.set_fan": "level zone",
    "climate.adjust_fan": "direction amount zone",
    "climate.set_power": "state zone",
    "climate.set_auto": "state zone",
    "climate.set_ac": "state",
    "climate.set_recirculation": "state",
    "climate.set_defrost": "state window",
    "climate.set_airflow": "target zone",
    "climate.set_sync": "state",
    "climate.query_temperature": "place",
    "seat.set_heating": "level zone",
    "seat.adjust_heating": "direction zone",
    "seat.set_ventilation": "level zone",
    "seat.adjust_ventilation": "direction zone",
    "seat.set_massage": "state zone",
    "seat.move": "motion zone",
    "steering_wheel.set_heating": "state",
    "window.set": "position zone",
    "window.adjust": "direction zone",
    "sunroof.set": "position motion",
    "shade.set": "position",
    "door.set_lock": "state zone",
    "trunk.set": "state",
    "mirror.set": "state",
    "light.set": "light state zone",
    "light.set_color": "color",
    "light.adjust_brightness": "direction light",
    "wiper.set": "mode window",
    "wiper.adjust": "direction",
    "volume.set": "level",
    "volume.adjust": "direction amount",
    "volume.set_mute": "state",
    "media.play": "query kind",
    "media.pause": "",
    "media.resume": "",
    "media.next": "",
    "media.previous": "",
    "media.query_track": "",
    "media.set_shuffle": "state",
    "media.set_repeat": "state",
    "media.select_source": "source",
    "media.tune": "frequency band",
    "navigation.go_to": "destination",
    "navigation.find": "category near",
    "navigation.add_stop": "destination",
    "navigation.cancel": "",
    "navigation.query_eta": "",
    "navigation.query_distance": "",
    "navigation.query_traffic": "",
    "navigation.repeat": "",
    "navigation.avoid": "feature state",
    "navigation.set_guidance": "state",
    "phone.call": "contact number line",
    "phone.answer": "",
    "phone.hang_up": "",
    "phone.reject": "",
    "phone.redial": "",
    "message.send": "contact text",
    "message.read": "",
    "vehicle.query": "property",
    "drive_mode.set": "mode",
    "time.query": "what",
    "timer.start": "duration label",
    "timer.cancel": "label",
    "timer.query": "label",
    "reminder.create": "text time",
    "reminder.list": "",
    "place.save": "name",
    "assistant.help": "",
    "assistant.repeat": "",
    "assistant.undo": "",
    "assistant.cancel": "",
    "assistant.stop": "",
    "assistant.yes": "",
    "assistant.no": "",
    "assistant.greet": "",
    "assistant.thank": "",
    "assistant.mute": "",
    "assistant.select": "index",
}

NONE = "none"
LATER = "later"  # an order, but with a condition or a delay
# Slots whose value is a span of the words spoken.
TEXT_SLOTS = {
    "query",
    "destination",
    "category",
    "contact",
    "text",
    "time",
    "label",
    "name",
}


def command(intent, slots):
    """One command in the line format; slots of value `None` are left out."""
    order = SLOTS[intent].split()
    unknown = set(slots) - set(order)
    if unknown:
        raise ValueError(f"{intent} has no slot {sorted(unknown)}")
    parts = [f"{name}={slots[name]}" for name in order if slots.get(name) is not None]
    return " ".join([intent, *parts])


def commands(line):
    """The commands of a line as pairs of intent and slots; none of `none` and `later`."""
    found = []
    for part in line.split(" ; ") if line not in (NONE, LATER) else ():
        intent, *words = part.split(" ")
        slots, name = {}, None
        for word in words:
            head, mark, rest = word.partition("=")
            if mark and head in SLOTS[intent].split():
                name = head
                slots[name] = rest
            else:
                slots[name] += f" {word}"
        found.append((intent, slots))
    return found


def number(value):
    """A number as the line format writes it: 21 or 21.5."""
    value = float(value)
    return str(int(value)) if value.is_integer() else f"{value:g}"


def normalize(text):
    """The prompt of an utterance: lower case, no sentence punctuation, single blanks.

    A full stop or comma between digits is part of the number ("21.5").
    """
    text = text.lower().replace("’", "'").replace("‘", "'")
    kept = []
    for i, char in enumerate(text):
        inside = 0 < i < len(text) - 1 and text[i - 1].isdigit() and text[i + 1].isdigit()
        if char in ".,?!" and not (char in ".," and inside):
            kept.append(" " if char in ",!?" else "")
        else:
            kept.append(char)
    return " ".join("".join(kept).split())
