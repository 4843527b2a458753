#!/usr/bin/env python3
"""Asks for something in words and prints what becomes of it. Usage: ask.py TEXT  (needs dbus-next)"""

import asyncio
import sys

from dbus_next import BusType
from dbus_next.aio import MessageBus

NAME = "org.carvoice.Assistant1"
PATH = "/org/carvoice/Assistant1"


async def ask(text: str) -> str:
    # BusType.SYSTEM in a car.
    bus = await MessageBus(bus_type=BusType.SESSION).connect()
    description = await bus.introspect(NAME, PATH)
    assistant = bus.get_proxy_object(NAME, PATH, description).get_interface(NAME)

    seen = asyncio.Queue()
    assistant.on_command(lambda turn, intent, slots, confidence: seen.put_nowait(
        (turn, "command", intent, {name: value.value for name, value in slots.items()})))
    assistant.on_reply(lambda turn, reply: seen.put_nowait((turn, "reply", reply)))
    assistant.on_turn_ended(lambda turn, outcome, timings: seen.put_nowait((turn, "ended", outcome)))

    mine = await assistant.call_ask(text, {})
    while True:
        turn, event, *details = await asyncio.wait_for(seen.get(), timeout=30)
        if turn == mine:
            print(event, *details, flush=True)
            if event == "ended":
                bus.disconnect()
                return details[0]


if __name__ == "__main__":
    sys.exit(0 if asyncio.run(ask(" ".join(sys.argv[1:]))) in ("done", "answered") else 1)
