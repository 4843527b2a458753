"""Sources for development only: nothing of theirs is ever trained on."""

import re

import catalogue
from sources import rules


_NUMBER_WORD = re.compile(r"\b(one|two|three|four|five|six|seven|eight|nine|ten|fifteen|\w+teen|\w+ty|quarter|half)\b")
_SHARE = re.compile(r"\d|open|close|shut|half|quarter|\w+ty\b|(all the|half) way")


def home_assistant(row):
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
        return rules.NONE
    if (
        intent == "HassLightSet"
        and "area" in slots
        or intent == "HassGetState"
        and ("area" in slots or "floor" in slots)
    ):
        return rules.NONE
    if intent in ("HassTurnOn", "HassTurnOff") and slots.get("area") in (
        "Kitchen",
        "Bedroom",
        "Living Room",
    ):
        return rules.NONE
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
        return rules.command("volume.set", {"level": slots["volume_level"]})
    if intent == "HassSetVolumeRelative":
        step = slots["volume_step"]
        if step in ("up", "down"):
            return rules.command("volume.adjust", {"direction": step})
        return rules.command(
            "volume.adjust", {"direction": "up" if step > 0 else "down", "amount": abs(step)}
        )
    if intent == "HassClimateSetTemperature" and 16 <= slots["temperature"] <= 30:
        return rules.command(
            "climate.set_temperature", {"temperature": catalogue.number(slots["temperature"])}
        )
    if intent == "HassStartTimer" and "conversation_command" not in slots and "area" not in slots:
        seconds = (
            slots.get("hours", 0) * 3600 + slots.get("minutes", 0) * 60 + slots.get("seconds", 0)
        )
        label = slots.get("name")
        return rules.command("timer.start", {"duration": seconds, "label": label and label.lower()})
    if intent == "HassCancelAllTimers" or intent == "HassCancelTimer" and not slots:
        return "timer.cancel"
    if intent == "HassTimerStatus" and not slots:
        return "timer.query"
    return None


def edge(row):
    text, intent, slots = row["text"].lower(), row["target"]["intent"], row["target"]["slots"]
    if intent in ("cruise_control", "safety_assist"):
        return rules.NONE
    if intent == "connectivity":
        return None if "bluetooth" in text else rules.NONE
    if intent == "drive_mode":
        mode = slots["mode"]
        return rules.command(
            "drive_mode.set",
            {"mode": mode if mode in ("eco", "sport", "comfort", "snow", "normal") else None},
        )
    if intent == "call_contact":
        name = slots["contact_name"].lower()
        found = re.search(rf"\b(my |the )?{re.escape(name)}\b", text)
        contact = found[0] if found else name
        return rules.command("phone.call", {"contact": contact, "line": slots.get("contact_type")})
    if intent == "adjust_volume":
        if "level" in slots:
            return (
                rules.command("volume.set", {"level": slots["level"]})
                if isinstance(slots["level"], int)
                else None
            )
        if slots.get("direction") == "mute":
            return rules.command("volume.set_mute", {"state": "on"})
        step = slots.get("step")
        if step is not None and str(step) not in text:
            # The set has default steps; whether a number in words is one of them it does not say.
            if _NUMBER_WORD.search(text):
                return None
            step = None
        return rules.command("volume.adjust", {"direction": slots["direction"], "amount": step})
    if intent == "vehicle_info" and " and " in text:
        return None
    if intent == "vehicle_info":
        name = {"oil_level": "oil", "mileage": "odometer", "temperature": None}.get(
            slots.get("query_type"), slots.get("query_type")
        )
        return rules.command("vehicle.query", {"property": name}) if name else None
    if (
        intent == "navigate"
        and set(slots) == {"destination_type"}
        and slots["destination_type"] in ("home", "work")
    ):
        return rules.command("navigation.go_to", {"destination": slots["destination_type"]})
    if intent == "window_control" and slots.get("window") == "sunroof" and "percentage" in slots:
        return rules.command("sunroof.set", {"position": slots["percentage"]})
    if intent == "window_control" and "percentage" in slots:
        if not _SHARE.search(text) or re.search(r"\b(a bit|slightly|little|crack)\b", text):
            return None
        zone = slots.get("window")
        zone = "passenger" if zone == "passenger" and "rear" not in text else zone
        if zone in ("all", "rear_left", "rear_right", "passenger", "driver", "rear"):
            return rules.command("window.set", {"position": slots["percentage"], "zone": zone})
    return None


def agl(row):
    text = row["text"].lower()
    action = next((e["value"] for e in row["entities"] if e["type"].endswith("_action")), "")
    if any(e["type"] == "numeric_value" for e in row["entities"]):
        return None
    up = re.search(r"up|increas|rais|boost|louder|crank|higher|more|hike|warm|hot|heat", action)
    down = re.search(r"down|decreas|lower|reduc|quieter|softer|cool|cold|dim|back", action)
    if (
        bool(up) == bool(down)
        or bool(re.search(rules.UP, text))
        and bool(re.search(rules.DOWN, text))
    ):
        return None
    intent = {
        "HVACFanSpeed": "climate.adjust_fan",
        "VolumeControl": "volume.adjust",
        "HVACTemperature": "climate.adjust_temperature",
    }[row["intent"]]
    return rules.command(intent, {"direction": "up" if up else "down"})
