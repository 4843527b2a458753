"""The automotive, navigation, phone and music skills of Microsoft's bot framework."""

import re

from sources import rules

_ASSIST = re.compile(
    r"alert|collision|crash|impact|lane|blind|park(?!ed)|brak|pedestrian|cross|traffic|mirror|equali[sz]er|treble|bass|"
    r"\bgap\b|distance|\b(dds|lca|fab|fca|fcs)\b|surround|notif|assist|warning|detection|ultrasonic|rct|cruise"
)


def _zone(text):
    """The zone a vehicle settings sentence names; `False` when it is unclear."""
    sides = set(re.findall(r"\b(left|right)\b", text))
    rear = bool(re.search(r"\b(rear|back)\b", text))
    driver = bool(re.search(r"\bdriver'?s?\b", text)) and "co-driver" not in text
    passenger = bool(re.search(r"\b(passenger'?s?|co-driver'?s?)\b", text))
    front = bool(re.search(r"\bfront\b", text))
    everyone = bool(re.search(r"\b(all|every|everywhere|everyone|whole|combined|both)\b", text))
    if everyone or len(sides) > 1 or rear + driver + passenger + front > 1 or (sides and not rear):
        return False
    if rear:
        return f"rear_{sides.pop()}" if sides else "rear"
    return "driver" if driver else "passenger" if passenger else "front" if front else None


def vehicle(row):
    text, intent = row["text"].lower(), row["intent"]
    settings = " ".join(e["value"] for e in row["entities"] if e["type"] == "SETTING")
    kinds = {e["type"] for e in row["entities"]}
    has = lambda pattern: re.search(pattern, text)
    zone = _zone(text)
    if intent == "VEHICLE_SETTINGS_DECLARATIVE":
        cold = has(
            r"\b(cold|freezing|frozen|chilly|nippy|frosty|frigid|shivering|icy|cool|colder|freeze|frost)\b"
        )
        hot = has(
            r"\b(hot|burning|boiling|warm|roasting|toasty|sweating|hotter|scorching|sweltering|melting|heat|sweaty|fire)\b"
        )
        if (
            bool(cold) == bool(hot)
            or zone is False
            or has(r"hand|finger|feet|foot|toes|body|should not|than|outside|wheel|air|fan|why")
        ):
            return None
        if zone == "rear" and has(r"\b(my|our) back\b") or has(r"not (too|so)"):
            return None
        return rules.command(
            "climate.adjust_temperature", {"direction": "up" if cold else "down", "zone": zone}
        )
    if _ASSIST.search(settings):
        return None if has(r"traffic (report|jam)|alert$|temperature|fan|volume") else rules.NONE
    if intent == "VEHICLE_SETTINGS_CHECK":
        if zone not in (None,) or has(r"range|far|mile|when|empty|long|where|refuel"):
            return None
        if has(r"tire|tyre"):
            return rules.command("vehicle.query", {"property": "tire_pressure"})
        if re.search(r"\b(fuel|gas|gasoline|petrol|diesel)\b", settings):
            return rules.command("vehicle.query", {"property": "fuel"})
        if (
            re.fullmatch(r"(temperature|temp)", settings)
            and kinds == {"SETTING"}
            and has(r"^what('s| is)|^tell|^give|^how|^update|^check")
        ):
            return "climate.query_temperature"
        return (
            rules.NONE
            if re.search(r"fan|blower|vent|hvac|a/c|defrost|air circ|heat|volume", settings)
            else None
        )
    if intent != "VEHICLE_SETTINGS_CHANGE" or zone is False:
        return None
    values = {e["value"] for e in row["entities"] if e["type"] == "VALUE"}
    if "AMOUNT" in kinds or has(
        r"\d|\b(two|four|max|min|maximum|minimum|maximal|all the way|half|full)\b"
    ):
        return None
    up, down = bool(has(rules.UP)), bool(has(rules.DOWN))
    on, off = bool(has(r"\b(on|activate|enable|start|engage)\b")), bool(
        has(r"\b(off|deactivate|disable|stop|exit|shut)\b")
    )
    name = re.sub(
        r"\b(front|rear|back|left|right|driver'?s?|passenger'?s?|co-driver'?s?|side|my|the)\b",
        " ",
        settings,
    ).split()
    name = " ".join(name)
    direction = None if up == down else ("up" if up else "down")
    state = None if on == off else ("on" if on else "off")
    if re.fullmatch(
        r"(temperature|temp|heat|heating|heater|climate temperature|temperatures)", name
    ):
        if has(r"\b(hotter|warmer)\b") and not down:
            direction = "up"
        if has(r"\b(cooler|colder)\b") and not up:
            direction = "down"
        if direction and not state and not (down and has("cold|cool")):
            return rules.command(
                "climate.adjust_temperature", {"direction": direction, "zone": zone}
            )
        if (
            state
            and direction is None
            and re.fullmatch(r"heat|heating|heater", name)
            and len(values) == 1
        ):
            return rules.command("climate.set_power", {"state": state, "zone": zone})
        return None
    if zone is None and re.fullmatch(
        r"(volume|sound volume|audio volume|media volume|sound)", name
    ):
        if has("unmute"):
            return rules.command("volume.set_mute", {"state": "off"})
        if has(r"\bmute\b"):
            return rules.command("volume.set_mute", {"state": "on"})
        return (
            rules.command("volume.adjust", {"direction": direction})
            if direction and not state
            else None
        )
    if (
        re.fullmatch(
            r"(fans?|blowers?|fan speed|blower speed|air blowers?|fan level|speed fan)", name
        )
        and direction
        and not state
    ):
        return rules.command("climate.adjust_fan", {"direction": direction, "zone": zone})
    if (
        zone is None
        and re.fullmatch(r"(ac|a/c|air conditioning|air conditioner|aircon)", name)
        and state
        and not direction
    ):
        return rules.command("climate.set_ac", {"state": state})
    if (
        re.fullmatch(
            r"(defrost|defroster|defog|defogger|max defrost|maximum defrost|windshield defroster)",
            name,
        )
        and state
        and not direction
        and zone in (None, "front", "rear")
    ):
        window = "front" if "windshield" in name else zone
        return rules.command("climate.set_defrost", {"state": state, "window": window})
    if zone is None and re.search(r"recirculat|air circulat", name) and state and not direction:
        return rules.command("climate.set_recirculation", {"state": state})
    return None


_GOTO = re.compile(
    r"(?:please |can you |could you |go ahead and |actually |now |pls )*(?:take me to|navigate to|route me to|directions to|give me directions to|go to|"
    r"drive to|drive me to|bring me to|get me to|guide me to|direct me to|take us to|i want to go to|let's go to|"
    r"find (?:us |me )?(?:a|the) (?:way|route) to|take the fastest route to|head to|start navigating to|point me the way to) (?P<to>.+?)(?: please| plz| pls| now)?"
)


def navigation(row):
    text = row["text"].lower().strip(" .?!")
    if row["intent"] != "GetDirections" or re.search(
        r"\d{3,} (dollars|euros|pounds|bucks|quid)|nearest|closest|near|in my|around|under|cheap|best|vicinity|under|above|\b(a|an|some|any)\b|on the way",
        text,
    ):
        return None
    found = _GOTO.fullmatch(text)
    return rules.command("navigation.go_to", {"destination": found["to"]}) if found else None


def phone(row):
    text = row["text"].lower().strip(" .?!")
    if [e["type"] for e in row["entities"]] != ["contactName"]:
        return None
    name = row["entities"][0]["value"].lower()
    form = re.fullmatch(
        r"(?:please |can you |let's |i want to |i need to )*(?:call|phone|dial|ring|place a call to|make a call to)(?P<my> my)? "
        + re.escape(name),
        text,
    )
    return (
        rules.command(
            "phone.call", {"contact": (form["my"] or "").strip() + " " * bool(form["my"]) + name}
        )
        if form
        else None
    )


def music(row):
    text, intent = row["text"].lower(), row["intent"]
    if intent == "AnswerMusicQuestion":
        return None if re.search("play|got|this", text) else rules.NONE
    if intent == "Pause":
        return None if re.search("while|then|and", text) else "media.pause"
    return None
