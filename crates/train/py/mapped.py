"""Maps licensed data sets to our catalogue by rules; no sentence of theirs is kept here.

    mapped.py --source ../../../../shared/data/text OUT_DIR

writes OUT_DIR/mapped.tsv for training and OUT_DIR/mapped-dev.tsv from sources that are
never trained on. Sentences no rule is sure about are left out. Where the folder is
absent nothing is written, with a message.
"""

import argparse
import json
import pathlib
import random
import re

import catalogue

NONE = catalogue.NONE
_COMMAND = catalogue.command

# Intents of clinc150 a car assistant does not serve.
_CLINC_SKIP = {
    "distance",
    "directions",
    "text",
    "todo_list",
    "smart_home",
    "restaurant_suggestion",
    "tire_change",
    "greeting",
    "goodbye",
    "cancel",
    "whisper_mode",
    "last_maintenance",
    "todo_list_update",
    "share_location",
    "play_music",
    "change_volume",
    "make_call",
    "reminder",
    "reminder_update",
    "time",
    "date",
    "timer",
    "gas",
    "traffic",
    "oil_change_when",
    "tire_pressure",
    "repeat",
    "yes",
    "no",
    "thank_you",
    "next_song",
    "what_song",
    "what_can_i_ask_you",
    "schedule_maintenance",
    "calendar_update",
    "meeting_schedule",
    "calendar",
    "schedule_meeting",
    "oil_change_how",
    "cancel_reservation",
    "restaurant_reviews",
    "reset_settings",
    "change_speed",
}
_HWU_NONE = (
    "play_game",
    "transport_ticket",
    "transport_taxi",
    "iot_",
    "email_",
    "takeaway_",
    "social_",
    "datetime_convert",
    "recommendation_movies",
    "recommendation_events",
    "qa_",
    "cooking_",
    "general_joke",
    "news_query",
    "weather_query",
    "alarm_",
    "calendar_",
    "lists_",
    "general_explain",
    "general_confirm",
)
_ASSIST = re.compile(
    r"alert|collision|crash|impact|lane|blind|park(?!ed)|brak|pedestrian|cross|traffic|mirror|equali[sz]er|treble|bass|"
    r"\bgap\b|distance|\b(dds|lca|fab|fca|fcs)\b|surround|notif|assist|warning|detection|ultrasonic|rct|cruise"
)
_UP = r"\b(up|increase|raise|hike|higher|boost|more|louder|elevate|amplify|crank|greater|bump)\b"
_DOWN = r"\b(down|decrease|reduce|lower|drop|less|quieter|softer|diminish|dim)\b"


def _lines(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _clinc(row):
    text, intent = row["text"].lower(), row["intent"]
    has = lambda pattern: re.search(pattern, text)
    if intent == "next_song":
        return None if has(r"pause|stop") else "media.next"
    if intent == "what_song":
        return "media.query_track"
    if intent == "tire_pressure":
        return _COMMAND("vehicle.query", {"property": "tire_pressure"})
    if intent == "oil_change_when":
        return (
            None
            if has(r"note|remind|schedule|appointment")
            else _COMMAND("vehicle.query", {"property": "service"})
        )
    if intent == "gas":
        if has(r"where|find|station|refill|fill|should i|need|stop"):
            return None
        if has(r"how far|miles|make it|get to|reach|enough .* to|range|distance"):
            return _COMMAND("vehicle.query", {"property": "range"})
        return _COMMAND("vehicle.query", {"property": "fuel"})
    if intent == "traffic":
        return "navigation.query_traffic"
    if intent == "thank_you":
        return "assistant.thank" if has(r"thank|appreciate|grateful") else None
    if intent == "repeat":
        return "assistant.repeat"
    if intent in ("yes", "no"):
        starts = (
            r"^(yes|yeah|yep|yup|sure|correct|affirmative|confirm|true|right)"
            if intent == "yes"
            else r"^(no|nope|nah|nay|negative)\b"
        )
        return f"assistant.{intent}" if has(starts) and len(text.split()) < 6 else None
    if intent == "cancel":
        if has(r"cancel|never ?mind|forget|abort|disregard|scratch"):
            return "assistant.cancel"
        return "assistant.stop" if has(r"stop|quiet|shut|halt|silence") else None
    if intent == "what_can_i_ask_you":
        return "assistant.help"
    if intent == "time":
        return (
            NONE
            if has(r"\bin\b|zone|there|timezone|central|pacific|eastern|mountain|standard|gmt")
            else _COMMAND("time.query", {"what": "time"})
        )
    if intent == "date":
        if has(r"tomorrow|from|\bin \S+ days|days|next|week|after|before|was|will"):
            return NONE
        return _COMMAND("time.query", {"what": "date"})
    if intent == "change_volume":
        to = re.search(r"(?:to|at|is|be) (?:level |volume )?(\d+)$", text)
        if to and "volume" in text:
            return _COMMAND("volume.set", {"level": to[1]})
        if re.search(r"\d|four|max|full|half|ten|percent", text):
            return None
        up, down = has(_UP + "|can't hear|cannot hear"), has(_DOWN)
        if bool(up) != bool(down):
            return _COMMAND("volume.adjust", {"direction": "up" if up else "down"})
        return None
    if intent == "reminder":
        return (
            "reminder.list"
            if has(
                r"^(what|read|tell|list|show|can you (tell|read|show)|please (tell|read|list|show))"
            )
            and has("remind")
            and not has(r"\bis\b .* on")
            else None
        )
    if intent == "reminder_update":
        found = re.fullmatch(
            r"(?:please |can you |could you |i need you to |i want you to )*remind me to ([a-z' ]+?)(?: please)?",
            text,
        )
        if found and not re.search(
            r"\b(at|on|by|tomorrow|tonight|today|in|when|later|before|after|something|every|this|next|week)\b",
            found[1],
        ):
            return _COMMAND("reminder.create", {"text": found[1]})
        return (
            "reminder.create"
            if re.fullmatch(
                r"(i need a reminder|set a reminder|make a reminder|can you set a reminder|i'd like a reminder)",
                text,
            )
            else None
        )
    if intent == "make_call":
        found = re.fullmatch(
            r"(?:please |can you |could you |i need to |i have to |i want to |i must |i would like to |now |just )*(?:call|phone|dial|ring) ([a-z ]+?)(?: please| now| for me)?",
            text,
        )
        if (
            found
            and len(found[1].split()) < 4
            and not re.search(
                r"\b(now|phone|up|number|on|from|back|someone|somebody|friend)\b", found[1]
            )
        ):
            return _COMMAND("phone.call", {"contact": found[1]})
        return None
    if intent in _CLINC_SKIP or has(
        r"outside|how (hot|cold|warm)|remind me|traffic|turn (on|off)|volume|\bplay\b|temperature"
    ):
        return None
    return NONE


_PLAIN_PLAY = re.compile(
    r"(?:please |can you |could you |i want to |i would like to |i'd like to |i wanna |let's |hey |olly )*"
    r"(?:play|put on|start|start playing|listen to|hear|turn on|begin|let me hear|i want)(?: me| for me)?"
    r"(?P<some> some| any| a| the| my)?(?: best| latest)?(?P<word> music| songs?| tracks?| playlist| station| podcast| radio| channel| album)?(?: by| from| of| called| named)?"
    r" \[(?P<kind>\w+) : (?P<value>[^\]]+)\](?P<after> music| songs?| playlist| podcast| station| album)?(?: please| for me| now)?"
)


def _hwu(row):
    """hwu64 and slurp share their scheme; `annotated` may be missing in slurp."""
    text, intent = row["text"].lower(), row["intent"]
    marked = (row.get("annotated") or text).lower()
    has = lambda pattern: re.search(pattern, text)
    if intent == "audio_volume_mute":
        return (
            None
            if has(r"unmute|for |until|minutes|hour|stop|volume to")
            else _COMMAND("volume.set_mute", {"state": "on"})
        )
    if intent in ("audio_volume_up", "audio_volume_down"):
        if has(r"unmute|\bto\b|percent|\d|level|by |speak|max|full|low(?!er)"):
            return None
        return _COMMAND("volume.adjust", {"direction": "up" if intent.endswith("up") else "down"})
    if intent == "transport_traffic":
        return (
            "navigation.query_traffic"
            if has("traffic|congestion|jam") and not has(r"how long|set|remind|route")
            else None
        )
    if intent == "datetime_query":
        if has(
            r"\bin\b|zone|next|was|will|is (today|it)|tomorrow|what day is|days?\b.*(until|till)|now in|time in|gmt|est|pst"
        ):
            return None
        if has("time") and not has("date|day"):
            return _COMMAND("time.query", {"what": "time"})
        return (
            _COMMAND("time.query", {"what": "date"})
            if has("date|day") and not has("time")
            else None
        )
    if intent == "music_query":
        return (
            "media.query_track"
            if has(
                r"^(what|which|tell me|who|name)\b.*(song|music|track|singer|artist|singing|playing)"
            )
            and not has(
                r"like|list|favou?rite|lyrics|my |should|have|genre|service|can |best|album|released|year|top|new"
            )
            else None
        )
    if intent == "general_repeat":
        return None if has(r"reset|replay|play|explain|start") else "assistant.repeat"
    if intent == "general_praise":
        return "assistant.thank" if has("thank|appreciate") else None
    if intent == "general_commandstop":
        if has("cancel|forget|never ?mind"):
            return "assistant.cancel"
        return "assistant.stop" if has("stop") and not has("music|song|play") else None
    if intent == "music_settings":
        if has("shuffle") and not has(r"stop|off|repeat|disable|no "):
            return _COMMAND("media.set_shuffle", {"state": "on"})
        return None
    if intent in ("play_music", "play_radio", "play_podcasts"):
        found = _PLAIN_PLAY.fullmatch(marked)
        if not found:
            return None
        kind, value = found["kind"], found["value"]
        words = f"{found['word'] or ''} {found['after'] or ''}"
        if kind in ("music_genre",):
            return _COMMAND("media.play", {"query": value, "kind": "genre"})
        if kind not in (
            "artist_name",
            "song_name",
            "radio_name",
            "podcast_name",
            "playlist_name",
            "music_album",
        ):
            return None
        if re.search(
            r"favou?rite|random|any|next|previous|new|fm|am\b|\d", value
        ) or value.startswith("my "):
            return None
        for word in ("playlist", "podcast", "station", "album", "song"):
            if re.search(rf"\b{word}\b", words):
                return _COMMAND("media.play", {"query": value, "kind": word})
        if "radio" in words:
            return None
        return _COMMAND(
            "media.play", {"query": re.sub(r"^(the|a) (?=album|song|playlist)", "", value)}
        )
    if intent.startswith(_HWU_NONE):
        if has(
            r"temperature|how (hot|cold|warm)|(hot|cold|warm) outside|\btemp\b|catch|again|turn it|(need|want) (a |some )?coffee|sleep|traffic|what day|speed|^(up|down|more|less)$|remind|\bto ?do\b|play|volume|music|song|traffic|navigat|direction|call |text |message|radio|door"
        ):
            return None
        if intent.startswith("iot_") and not has(
            r"kitchen|bed|living|room|house|home|vacuum|coffee|robot|plug|socket|hallway|garage|upstairs|floor|bath|office|lamp|espresso|roomba|porch|hoover|stairs"
        ):
            return None
        return NONE
    return None


def _snips(row):
    text, intent = row["text"].strip().lower(), row["intent"]
    if intent == "GetWeather" and re.search(
        r"temperature|how (hot|cold|warm)|(hot|cold|warm|chilly|freezing) (in here|outside|here)",
        text,
    ):
        return None
    if intent != "PlayMusic":
        return (
            None
            if re.match(r"(play|watch|listen|find (?:me )?(?:a|the) (?:restaurant|cafe|bar))", text)
            else NONE
        )
    spans = {e["type"]: e["value"].strip().lower() for e in row["entities"]}
    start = r"(?:please |can you |could you |i want to |i'd like to |i would like to |i wish to |let's |let me )*(?:play|hear|listen to|put on)(?: me| us)?"
    bare = text.strip(" .,!")
    if set(spans) == {"artist"} and re.fullmatch(
        start
        + r"(?: some| a)?(?: music| songs?| tracks?| something)?(?: by| from)? "
        + re.escape(spans["artist"]),
        bare,
    ):
        return _COMMAND("media.play", {"query": spans["artist"]})
    for kind in ("track", "album"):
        if set(spans) == {kind, "artist"} and re.fullmatch(
            start + " " + re.escape(spans[kind]) + " by " + re.escape(spans["artist"]), bare
        ):
            return _COMMAND("media.play", {"query": f"{spans[kind]} by {spans['artist']}"})
        if set(spans) == {kind} and re.fullmatch(start + " " + re.escape(spans[kind]), bare):
            return _COMMAND("media.play", {"query": spans[kind]})
    if (
        set(spans) == {"album", "artist", "music_item"}
        and spans["music_item"] == "album"
        and re.fullmatch(
            start + " the album " + re.escape(spans["album"]) + " by " + re.escape(spans["artist"]),
            bare,
        )
    ):
        return _COMMAND(
            "media.play", {"query": f"{spans['album']} by {spans['artist']}", "kind": "album"}
        )
    if set(spans) == {"genre"} and re.fullmatch(
        start + r"(?: some)? " + re.escape(spans["genre"]) + "(?: music)?", bare
    ):
        return _COMMAND("media.play", {"query": spans["genre"], "kind": "genre"})
    if set(spans) == {"playlist"} and re.fullmatch(
        start + r"(?: my| the)? " + re.escape(spans["playlist"]) + " playlist", bare
    ):
        return _COMMAND("media.play", {"query": spans["playlist"], "kind": "playlist"})
    return None


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


def _vehicle(row):
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
        return _COMMAND(
            "climate.adjust_temperature", {"direction": "up" if cold else "down", "zone": zone}
        )
    if _ASSIST.search(settings):
        return None if has(r"traffic (report|jam)|alert$|temperature|fan|volume") else NONE
    if intent == "VEHICLE_SETTINGS_CHECK":
        if zone not in (None,) or has(r"range|far|mile|when|empty|long|where|refuel"):
            return None
        if has(r"tire|tyre"):
            return _COMMAND("vehicle.query", {"property": "tire_pressure"})
        if re.search(r"\b(fuel|gas|gasoline|petrol|diesel)\b", settings):
            return _COMMAND("vehicle.query", {"property": "fuel"})
        if (
            re.fullmatch(r"(temperature|temp)", settings)
            and kinds == {"SETTING"}
            and has(r"^what('s| is)|^tell|^give|^how|^update|^check")
        ):
            return "climate.query_temperature"
        return (
            NONE
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
    up, down = bool(has(_UP)), bool(has(_DOWN))
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
            return _COMMAND("climate.adjust_temperature", {"direction": direction, "zone": zone})
        if (
            state
            and direction is None
            and re.fullmatch(r"heat|heating|heater", name)
            and len(values) == 1
        ):
            return _COMMAND("climate.set_power", {"state": state, "zone": zone})
        return None
    if zone is None and re.fullmatch(
        r"(volume|sound volume|audio volume|media volume|sound)", name
    ):
        if has("unmute"):
            return _COMMAND("volume.set_mute", {"state": "off"})
        if has(r"\bmute\b"):
            return _COMMAND("volume.set_mute", {"state": "on"})
        return (
            _COMMAND("volume.adjust", {"direction": direction}) if direction and not state else None
        )
    if (
        re.fullmatch(
            r"(fans?|blowers?|fan speed|blower speed|air blowers?|fan level|speed fan)", name
        )
        and direction
        and not state
    ):
        return _COMMAND("climate.adjust_fan", {"direction": direction, "zone": zone})
    if (
        zone is None
        and re.fullmatch(r"(ac|a/c|air conditioning|air conditioner|aircon)", name)
        and state
        and not direction
    ):
        return _COMMAND("climate.set_ac", {"state": state})
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
        return _COMMAND("climate.set_defrost", {"state": state, "window": window})
    if zone is None and re.search(r"recirculat|air circulat", name) and state and not direction:
        return _COMMAND("climate.set_recirculation", {"state": state})
    return None


_GOTO = re.compile(
    r"(?:please |can you |could you |go ahead and |actually |now |pls )*(?:take me to|navigate to|route me to|directions to|give me directions to|go to|"
    r"drive to|drive me to|bring me to|get me to|guide me to|direct me to|take us to|i want to go to|let's go to|"
    r"find (?:us |me )?(?:a|the) (?:way|route) to|take the fastest route to|head to|start navigating to|point me the way to) (?P<to>.+?)(?: please| plz| pls| now)?"
)


def _navigation(row):
    text = row["text"].lower().strip(" .?!")
    if row["intent"] != "GetDirections" or re.search(
        r"\d{3,} (dollars|euros|pounds|bucks|quid)|nearest|closest|near|in my|around|under|cheap|best|vicinity|under|above|\b(a|an|some|any)\b|on the way",
        text,
    ):
        return None
    found = _GOTO.fullmatch(text)
    return _COMMAND("navigation.go_to", {"destination": found["to"]}) if found else None


def _phone(row):
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
        _COMMAND(
            "phone.call", {"contact": (form["my"] or "").strip() + " " * bool(form["my"]) + name}
        )
        if form
        else None
    )


def _music(row):
    text, intent = row["text"].lower(), row["intent"]
    if intent == "AnswerMusicQuestion":
        return None if re.search("play|got|this", text) else NONE
    if intent == "Pause":
        return None if re.search("while|then|and", text) else "media.pause"
    return None


# The sources of development sentences: never trained on.


def _assistant_home(row):
    text, slots = row["text"].lower(), row["slots"] or {}
    intent = row["intent"]
    if intent in (
        "HassGetWeather",
        "HassListAddItem",
        "HassShoppingListAddItem",
        "HassVacuumCleanArea",
        "HassLawnMowerStartMowing",
        "HassListRemoveItem",
        "HassListCompleteItem",
        "HassShoppingListCompleteItem",
        "HassBroadcast",
    ):
        return NONE
    if (
        intent == "HassLightSet"
        and "area" in slots
        or intent == "HassGetState"
        and ("area" in slots or "floor" in slots)
    ):
        return NONE
    if intent in ("HassTurnOn", "HassTurnOff") and slots.get("area") in (
        "Kitchen",
        "Bedroom",
        "Living Room",
    ):
        return NONE
    if slots.keys() & {"area", "name", "floor"} and intent != "HassStartTimer":
        return None
    plain = {
        "HassMediaNext": "media.next",
        "HassMediaPause": "media.pause",
        "HassMediaUnpause": "media.resume",
        "HassNevermind": "assistant.cancel",
        "HassGetCurrentTime": "time.query what=time",
        "HassGetCurrentDate": "time.query what=date",
        "HassMediaPlayerMute": "volume.set_mute state=on",
        "HassMediaPlayerUnmute": "volume.set_mute state=off",
    }
    if intent in plain:
        return plain[intent]
    if intent == "HassSetVolume":
        return _COMMAND("volume.set", {"level": slots["volume_level"]})
    if intent == "HassSetVolumeRelative":
        step = slots["volume_step"]
        if step in ("up", "down"):
            return _COMMAND("volume.adjust", {"direction": step})
        return _COMMAND(
            "volume.adjust", {"direction": "up" if step > 0 else "down", "amount": abs(step)}
        )
    if intent == "HassClimateSetTemperature" and 16 <= slots["temperature"] <= 30:
        return _COMMAND(
            "climate.set_temperature", {"temperature": catalogue.number(slots["temperature"])}
        )
    if intent == "HassStartTimer" and "conversation_command" not in slots and "area" not in slots:
        seconds = (
            slots.get("hours", 0) * 3600 + slots.get("minutes", 0) * 60 + slots.get("seconds", 0)
        )
        label = slots.get("name")
        return _COMMAND("timer.start", {"duration": seconds, "label": label and label.lower()})
    if intent == "HassCancelAllTimers" or intent == "HassCancelTimer" and not slots:
        return "timer.cancel"
    if intent == "HassTimerStatus" and not slots:
        return "timer.query"
    return None


def _edge(row):
    text, intent, slots = row["text"].lower(), row["target"]["intent"], row["target"]["slots"]
    if intent in ("cruise_control", "safety_assist"):
        return NONE
    if intent == "connectivity":
        return None if "bluetooth" in text else NONE
    if intent == "drive_mode":
        mode = slots["mode"]
        return _COMMAND(
            "drive_mode.set",
            {"mode": mode if mode in ("eco", "sport", "comfort", "snow", "normal") else None},
        )
    if intent == "call_contact":
        name = slots["contact_name"].lower()
        found = re.search(rf"\b(my |the )?{re.escape(name)}\b", text)
        contact = found[0] if found else name
        return _COMMAND("phone.call", {"contact": contact, "line": slots.get("contact_type")})
    if intent == "adjust_volume":
        if "level" in slots:
            return (
                _COMMAND("volume.set", {"level": slots["level"]})
                if isinstance(slots["level"], int)
                else None
            )
        if slots.get("direction") == "mute":
            return _COMMAND("volume.set_mute", {"state": "on"})
        step = slots.get("step")
        if step is not None and str(step) not in text:
            step = None
        return _COMMAND("volume.adjust", {"direction": slots["direction"], "amount": step})
    if intent == "vehicle_info":
        name = {"oil_level": "oil", "mileage": "odometer", "temperature": None}.get(
            slots.get("query_type"), slots.get("query_type")
        )
        return _COMMAND("vehicle.query", {"property": name}) if name else None
    if (
        intent == "navigate"
        and set(slots) == {"destination_type"}
        and slots["destination_type"] in ("home", "work")
    ):
        return _COMMAND("navigation.go_to", {"destination": slots["destination_type"]})
    if intent == "window_control" and slots.get("window") == "sunroof" and "percentage" in slots:
        return _COMMAND("sunroof.set", {"position": slots["percentage"]})
    if intent == "window_control" and "percentage" in slots:
        zone = slots.get("window")
        zone = "passenger" if zone == "passenger" and "rear" not in text else zone
        if zone in ("all", "rear_left", "rear_right", "passenger", "driver", "rear"):
            return _COMMAND("window.set", {"position": slots["percentage"], "zone": zone})
    return None


def _agl(row):
    text = row["text"].lower()
    action = next((e["value"] for e in row["entities"] if e["type"].endswith("_action")), "")
    if any(e["type"] == "numeric_value" for e in row["entities"]):
        return None
    up = re.search(r"up|increas|rais|boost|louder|crank|higher|more|hike|warm|hot|heat", action)
    down = re.search(r"down|decreas|lower|reduc|quieter|softer|cool|cold|dim|back", action)
    if bool(up) == bool(down) or bool(re.search(_UP, text)) and bool(re.search(_DOWN, text)):
        return None
    intent = {
        "HVACFanSpeed": "climate.adjust_fan",
        "VolumeControl": "volume.adjust",
        "HVACTemperature": "climate.adjust_temperature",
    }[row["intent"]]
    return _COMMAND(intent, {"direction": "up" if up else "down"})


TRAIN = (
    ("clinc150/items.jsonl", _clinc, 60),
    ("hwu64-nlu-eval/items.jsonl", _hwu, 90),
    ("slurp-text/devel_items.jsonl", _hwu, 40),
    ("snips-2017/items.jsonl", _snips, 250),
    ("ms-automotive-skill/vehicle_settings.jsonl", _vehicle, 700),
    ("ms-automotive-skill/navigation_poi.jsonl", _navigation, 200),
    ("ms-automotive-skill/phone.jsonl", _phone, 60),
    ("ms-automotive-skill/music.jsonl", _music, 60),
)
DEV = (
    ("home-assistant-intents/items.jsonl", _assistant_home, 60),
    ("car-command-edge-ai/items.jsonl", _edge, 60),
    ("agl-snips-dataset/items.jsonl", _agl, 60),
)


def collect(folder, table, rng):
    """Mapped examples of the sources of `table`; at most so many per intent and output kind."""
    rows, seen = [], set()
    for path, rule, limit in table:
        items, taken = _lines(folder / path), {}
        rng.shuffle(items)
        for item in items:
            output = rule(item)
            prompt = catalogue.normalize(item["text"])
            if output is None or not prompt or prompt in seen:
                continue
            key = (item.get("intent"), output.split(" ")[0])
            # Out-of-domain sentences are counted per intent of the source, commands apiece.
            taken[key] = taken.get(key, 0) + 1
            if taken[key] > limit:
                continue
            seen.add(prompt)
            rows.append((prompt, output, path.split("/")[0]))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", type=pathlib.Path, default=pathlib.Path("../shared/data/text"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("out", type=pathlib.Path)
    args = parser.parse_args()
    if not args.source.is_dir():
        print(f"no data folder at {args.source}: training goes on without mapped sentences")
        return
    args.out.mkdir(parents=True, exist_ok=True)
    rng = random.Random(args.seed)
    dev = collect(args.source, DEV, rng)
    known = {row[0] for row in dev}
    train = [row for row in collect(args.source, TRAIN, rng) if row[0] not in known]
    for name, rows in (("mapped.tsv", train), ("mapped-dev.tsv", dev)):
        (args.out / name).write_text("".join("\t".join(row) + "\n" for row in rows))
        commands = sum(row[1] != NONE for row in rows)
        print(f"{name}: {len(rows)} sentences, {commands} of them commands")


if __name__ == "__main__":
    main()
