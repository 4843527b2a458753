"""Numbers and other values as people say them and Whisper prints them."""

_ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen "
    "fourteen fifteen sixteen seventeen eighteen nineteen"
).split()
_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split()
# Colour words and the catalogue's choice; no choice means a colour the lamps do not have.
COLORS = {
    "red": "red",
    "dark red": "red",
    "bright red": "red",
    "green": "green",
    "dark green": "green",
    "blue": "blue",
    "light blue": "blue",
    "dark blue": "blue",
    "sky blue": "blue",
    "ocean blue": "blue",
    "navy": "blue",
    "white": "white",
    "cool white": "white",
    "bright white": "white",
    "warm white": "warm_white",
    "soft white": "warm_white",
    "yellow": "yellow",
    "orange": "orange",
    "amber": "orange",
    "purple": "purple",
    "violet": "purple",
    "lilac": "purple",
    "lavender": "purple",
    "pink": "pink",
    "magenta": "pink",
    "turquoise": "turquoise",
    "cyan": "turquoise",
    "teal": "turquoise",
    "aqua": "turquoise",
}
_ODD_COLORS = ("black", "brown", "gold", "silver", "rainbow", "beige", "grey")
_TWISTS = (
    "no",
    "sorry",
    "no wait",
    "i mean",
    "wait",
    "actually",
    "no make that",
    "or rather",
    "no no",
    "uh no",
    "oh no",
    "make that",
    "hold on",
    "no sorry",
)


def words(value):
    """A whole number up to 999 in words."""
    if value < 20:
        return _ONES[value]
    if value < 100:
        rest = value % 10
        return _TENS[value // 10] + (f" {_ONES[rest]}" if rest else "")
    rest = value % 100
    return f"{_ONES[value // 100]} hundred" + (f" and {words(rest)}" if rest else "")


def spoken(value, rng, spelled=0.3):
    """A number as digits or words."""
    if value != int(value):
        whole, tenth = int(value), round(value * 10) % 10
        forms = [f"{value:g}"] * 4 + [
            f"{words(whole)} point {_ONES[tenth]}",
            f"{whole} point {tenth}",
        ]
        if tenth == 5:
            forms += [f"{whole} and a half", f"{words(whole)} and a half"]
        return rng.choice(forms)
    value = int(value)
    if rng.random() < spelled or (value < 10 and rng.random() < 0.3):
        text = words(value)
        return text.replace(" ", "-") if 20 < value < 100 and rng.random() < 0.3 else text
    return str(value)


def plain(value):
    """A number as the output language writes it."""
    return f"{value:g}"


def _twisted(text, other, rng, chance=0.04):
    """Sometimes a wrong value first, taken back: the last one counts."""
    return f"{other} {rng.choice(_TWISTS)} {text}" if rng.random() < chance else text


def half(value):
    """Rounded to 0.5, halves up."""
    return int(value * 2 + 0.5) / 2


def _temperature(rng):
    kind = rng.random()
    if kind < 0.58:
        value = rng.choice([v / 2 for v in range(32, 61)] + [float(v) for v in range(17, 27)] * 3)
        unit = rng.choice(
            [
                "",
                "",
                "",
                " degrees",
                " degrees",
                " degrees celsius",
                " celsius",
                "°",
                " degrees c",
                " c",
                " centigrade",
                "°c",
            ]
        )
        other = spoken(rng.randint(16, 29), rng)
        text = spoken(value, rng) + unit
    elif kind < 0.62:
        value = rng.randint(162, 298) / 10
        text = spoken(value, rng) + rng.choice(["", " degrees", " celsius"])
        value, other = half(value), "20"
    else:
        shown = rng.randint(61, 86)
        value = half((shown - 32) * 5 / 9)
        text = spoken(shown, rng) + rng.choice(
            [
                "",
                "",
                "",
                " degrees",
                " degrees",
                " fahrenheit",
                " degrees fahrenheit",
                "°",
                " f",
                "°f",
            ]
        )
        other = spoken(rng.randint(61, 86), rng)
    return _twisted(text, other, rng), plain(value)


def _degrees(rng):
    if rng.random() < 0.2:
        shown = rng.randint(2, 12)
        text = f"{spoken(shown, rng)} {rng.choice(['degrees fahrenheit', 'fahrenheit'])}"
        return text, plain(half(shown * 5 / 9))
    value = rng.choice([0.5, 1, 1, 2, 2, 2, 3, 3, 4, 5, 5, 1.5, 2.5])
    if value == 0.5:
        return "half a degree", "0.5"
    if value == 1:
        return rng.choice(["1 degree", "one degree", "a degree"]), "1"
    unit = rng.choice([" degrees", " degrees", " degrees celsius", " degrees", " celsius"])
    if value == 2 and rng.random() < 0.2:
        return "a couple of degrees", "2"
    return spoken(value, rng, 0.5) + unit, plain(value)


def _percent(rng):
    value = rng.choice(
        [5, 15, 20, 25, 25, 30, 40, 45, 50, 60, 70, 75, 80, 90, 10, rng.randint(1, 99)]
    )
    if value == 25 and rng.random() < 0.4:
        return rng.choice(["a quarter", "a quarter of the way"]), "25"
    if value == 75 and rng.random() < 0.4:
        return rng.choice(["three quarters", "three-quarters"]), "75"
    text = rng.choice(
        [
            f"{spoken(value, rng)} percent",
            f"{value} percent",
            f"{value}%",
            f"{spoken(value, rng)} per cent",
        ]
    )
    return _twisted(text, f"{rng.randint(1, 99)}", rng), plain(value)


def _duration(rng):
    kind = rng.random()
    if kind < 0.1:
        return rng.choice(
            [
                ("half an hour", "1800"),
                ("an hour", "3600"),
                ("a minute", "60"),
                ("a quarter of an hour", "900"),
                ("an hour and a half", "5400"),
                ("one and a half hours", "5400"),
                ("half a minute", "30"),
                ("a minute and a half", "90"),
                ("two and a half minutes", "150"),
            ]
        )
    if kind < 0.62:
        value = rng.choice(
            [1, 2, 3, 4, 5, 5, 6, 7, 8, 10, 10, 12, 15, 15, 20, 20, 25, 30, 40, 45, 50, 60, 90]
        )
        unit, size = rng.choice([("minute", 60)] * 5 + [("min", 60)])
    elif kind < 0.75:
        value, unit, size = rng.choice([5, 10, 15, 20, 30, 40, 45, 60, 90]), "second", 1
    elif kind < 0.87:
        value, unit, size = rng.choice([1, 1, 2, 2, 3, 4, 5, 6, 8]), "hour", 3600
    else:
        hours, minutes = rng.choice([1, 1, 2, 3]), rng.choice([5, 10, 15, 20, 30, 45])
        if rng.random() < 0.5:
            text = f"{spoken(hours, rng)} hour{'s' * (hours > 1)} {rng.choice(['and ', ''])}{spoken(minutes, rng)} minutes"
            return text, plain(hours * 3600 + minutes * 60)
        mins, secs = rng.choice([1, 2, 3, 4, 5, 10]), rng.choice([10, 15, 20, 30, 45])
        text = f"{spoken(mins, rng)} minute{'s' * (mins > 1)} {rng.choice(['and ', ''])}{spoken(secs, rng)} seconds"
        return text, str(mins * 60 + secs)
    ending = "s" if value != 1 else ""
    other = spoken(rng.choice([5, 10, 15]), rng)
    return _twisted(f"{spoken(value, rng)} {unit}{ending}", other, rng), str(value * size)


def _phone(rng):
    digits = "".join(str(rng.randint(0, 9)) for _ in range(rng.choice([3, 6, 7, 7, 10, 10, 11])))
    kind = rng.random()
    if kind < 0.3:
        return digits, digits
    if kind < 0.55 and len(digits) >= 6:
        cuts = (
            [digits[:3], digits[3:6], digits[6:]] if len(digits) > 7 else [digits[:3], digits[3:]]
        )
        return rng.choice(["-", " "]).join(c for c in cuts if c), digits
    if kind < 0.75:
        return " ".join(digits), digits
    return (
        " ".join(
            rng.choice([_ONES[int(d)], _ONES[int(d)], "oh"]) if d == "0" else _ONES[int(d)]
            for d in digits
        ),
        digits,
    )


def _fm(rng):
    value = rng.randint(875, 1080) / 10
    if rng.random() < 0.8:
        return f"{value:.1f}", plain(value)
    whole, tenth = int(value), round(value * 10) % 10
    return f"{words(whole)} point {_ONES[tenth]}", plain(value)


def _am(rng):
    value = rng.choice(range(520, 1711, 10))
    return str(value), str(value)


def _bad_temperature(rng):
    value = rng.choice(
        [rng.randint(2, 14), rng.randint(32, 58), rng.randint(88, 130), 0, -5, 200, 100]
    )
    return (f"minus {-value}" if value < 0 else spoken(value, rng)), None


_FAN = (
    ("max", 7),
    ("maximum", 7),
    ("the maximum", 7),
    ("full", 7),
    ("full speed", 7),
    ("full blast", 7),
    ("high", 6),
    ("high", 6),
    ("medium", 4),
    ("medium", 4),
    ("the middle", 4),
    ("low", 2),
    ("low", 2),
    ("min", 1),
    ("minimum", 1),
    ("the minimum", 1),
    ("the lowest", 1),
    ("the highest", 7),
    ("the lowest setting", 1),
    ("the highest setting", 7),
)
_SEAT = (
    ("low", 1),
    ("low", 1),
    ("medium", 2),
    ("medium", 2),
    ("high", 3),
    ("high", 3),
    ("max", 3),
    ("maximum", 3),
    ("full", 3),
    ("the lowest level", 1),
    ("the highest level", 3),
    ("minimum", 1),
    ("the highest setting", 3),
    ("the lowest setting", 1),
)


def draw(name, rng):
    """Text and value of the built-in terminal `name`; the value may be `None`."""
    kind, _, limits = name.partition(":")
    if kind in ("n", "num"):
        low, high = map(int, limits.split(":"))
        value = rng.randint(low, high)
        if kind == "num":
            return (str(value) if rng.random() < 0.85 else spoken(value, rng, 1.0)), None
        text = spoken(value, rng)
        if high <= 20 and rng.random() < 0.04:
            text = f"{spoken(rng.randint(low, high), rng)} {rng.choice(_TWISTS)} {text}"
        return text, str(value)
    if kind == "temp":
        return _temperature(rng)
    if kind == "badtemp":
        return _bad_temperature(rng)
    if kind == "degrees":
        return _degrees(rng)
    if kind == "pct":
        return _percent(rng)
    if kind == "dur":
        return _duration(rng)
    if kind == "phone":
        return _phone(rng)
    if kind == "fm":
        return _fm(rng)
    if kind == "am":
        return _am(rng)
    if kind == "fan":
        value = rng.randint(1, 7)
        return _twisted(spoken(value, rng), spoken(rng.randint(1, 7), rng), rng), str(value)
    if kind in ("fanword", "seatword"):
        word, value = rng.choice(_FAN if kind == "fanword" else _SEAT)
        return word, str(value)
    if kind == "color":
        if rng.random() < 0.05:
            return rng.choice(_ODD_COLORS), None
        color = rng.choice(list(COLORS))
        return _twisted(color, rng.choice(list(COLORS)), rng, 0.02), COLORS[color]
    raise KeyError(f"no word list or value named <{name}>")
