"""clinc150, hwu64, slurp and snips: requests to assistants of every kind."""

import re

from sources import rules

# Intents of clinc150 that are near the car without being sure.
_CLINC_SKIP = set("""
    calendar calendar_update cancel_reservation change_speed directions distance goodbye
    greeting last_maintenance meeting_schedule oil_change_how play_music reset_settings
    restaurant_reviews restaurant_suggestion schedule_maintenance schedule_meeting
    share_location smart_home text timer tire_change todo_list todo_list_update whisper_mode
    """.split())
# Intents of hwu64 and slurp, by their beginning, that are never for the car.
_HWU_NONE = tuple("""
    play_game transport_ticket transport_taxi iot_ email_ takeaway_ social_ datetime_convert
    recommendation_movies recommendation_events qa_ cooking_ general_joke news_query
    weather_query alarm_ calendar_ lists_ general_explain general_confirm
    """.split())


def clinc(row):
    text, intent = row["text"].lower(), row["intent"]
    has = lambda pattern: re.search(pattern, text)
    if intent == "next_song":
        return None if has(r"pause|stop") else "media.next"
    if intent == "what_song":
        return "media.query_track"
    if intent == "tire_pressure":
        return rules.command("vehicle.query", {"property": "tire_pressure"})
    if intent == "oil_change_when":
        return (
            None
            if has(r"note|remind|schedule|appointment")
            else rules.command("vehicle.query", {"property": "service"})
        )
    if intent == "gas":
        if has(r"where|find|station|refill|fill|should i|need|stop"):
            return None
        if has(r"how far|miles|make it|get to|reach|enough .* to|range|distance"):
            return rules.command("vehicle.query", {"property": "range"})
        return rules.command("vehicle.query", {"property": "fuel"})
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
            rules.NONE
            if has(r"\bin\b|zone|there|timezone|central|pacific|eastern|mountain|standard|gmt")
            else rules.command("time.query", {"what": "time"})
        )
    if intent == "date":
        if has(r"tomorrow|from|\bin \S+ days|days|next|week|after|before|was|will"):
            return rules.NONE
        return rules.command("time.query", {"what": "date"})
    if intent == "change_volume":
        to = re.search(r"(?:to|at|is|be) (?:level |volume )?(\d+)$", text)
        if to and "volume" in text:
            return rules.command("volume.set", {"level": to[1]})
        if re.search(r"\d|four|max|full|half|ten|percent", text):
            return None
        up, down = has(rules.UP + "|can't hear|cannot hear"), has(rules.DOWN)
        if bool(up) != bool(down):
            return rules.command("volume.adjust", {"direction": "up" if up else "down"})
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
            return rules.command("reminder.create", {"text": found[1]})
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
            return rules.command("phone.call", {"contact": found[1]})
        return None
    if intent in _CLINC_SKIP or has(
        r"outside|how (hot|cold|warm)|remind me|traffic|turn (on|off)|volume|\bplay\b|temperature"
    ):
        return None
    return rules.NONE


_PLAIN_PLAY = re.compile(
    r"(?:please |can you |could you |i want to |i would like to |i'd like to |i wanna |let's |hey |olly )*"
    r"(?:play|put on|start|start playing|listen to|hear|turn on|begin|let me hear|i want)(?: me| for me)?"
    r"(?P<some> some| any| a| the| my)?(?: best| latest)?(?P<word> music| songs?| tracks?| playlist| station| podcast| radio| channel| album)?(?: by| from| of| called| named)?"
    r" \[(?P<kind>\w+) : (?P<value>[^\]]+)\](?P<after> music| songs?| playlist| podcast| station| album)?(?: please| for me| now)?"
)


def hwu(row):
    """hwu64 and slurp share their scheme; `annotated` may be missing in slurp."""
    text, intent = row["text"].lower(), row["intent"]
    marked = (row.get("annotated") or text).lower()
    has = lambda pattern: re.search(pattern, text)
    if intent == "audio_volume_mute":
        return (
            None
            if has(r"unmute|for |until|minutes|hour|stop|volume to")
            else rules.command("volume.set_mute", {"state": "on"})
        )
    if intent in ("audio_volume_up", "audio_volume_down"):
        if has(r"unmute|\bto\b|percent|\d|level|by |speak|max|full|low(?!er)"):
            return None
        return rules.command(
            "volume.adjust", {"direction": "up" if intent.endswith("up") else "down"}
        )
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
            return rules.command("time.query", {"what": "time"})
        return (
            rules.command("time.query", {"what": "date"})
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
            return rules.command("media.set_shuffle", {"state": "on"})
        return None
    if intent in ("play_music", "play_radio", "play_podcasts"):
        found = _PLAIN_PLAY.fullmatch(marked)
        if not found:
            return None
        kind, value = found["kind"], found["value"]
        words = f"{found['word'] or ''} {found['after'] or ''}"
        if kind in ("music_genre",):
            return rules.command("media.play", {"query": value, "kind": "genre"})
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
                return rules.command("media.play", {"query": value, "kind": word})
        if "radio" in words:
            return None
        return rules.command(
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
        return rules.NONE
    return None


def snips(row):
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
            else rules.NONE
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
        return rules.command("media.play", {"query": spans["artist"]})
    for kind in ("track", "album"):
        if set(spans) == {kind, "artist"} and re.fullmatch(
            start + " " + re.escape(spans[kind]) + " by " + re.escape(spans["artist"]), bare
        ):
            return rules.command("media.play", {"query": f"{spans[kind]} by {spans['artist']}"})
        if set(spans) == {kind} and re.fullmatch(start + " " + re.escape(spans[kind]), bare):
            return rules.command("media.play", {"query": spans[kind]})
    if (
        set(spans) == {"album", "artist", "music_item"}
        and spans["music_item"] == "album"
        and re.fullmatch(
            start + " the album " + re.escape(spans["album"]) + " by " + re.escape(spans["artist"]),
            bare,
        )
    ):
        return rules.command(
            "media.play", {"query": f"{spans['album']} by {spans['artist']}", "kind": "album"}
        )
    if set(spans) == {"genre"} and re.fullmatch(
        start + r"(?: some)? " + re.escape(spans["genre"]) + "(?: music)?", bare
    ):
        return rules.command("media.play", {"query": spans["genre"], "kind": "genre"})
    if set(spans) == {"playlist"} and re.fullmatch(
        start + r"(?: my| the)? " + re.escape(spans["playlist"]) + " playlist", bare
    ):
        return rules.command("media.play", {"query": spans["playlist"], "kind": "playlist"})
    return None
