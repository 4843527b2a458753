"""Speaks a WAV file of the voice (24 kHz, 16 bit, mono) into a FIFO that stands for the microphone
(16 kHz), in the time it takes to say it:  feed.py WAV FIFO"""

import array
import sys
import time
import wave

STEP_S = 0.02

with wave.open(sys.argv[1]) as file:
    assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (24_000, 2, 1)
    voice = array.array("h", file.readframes(file.getnframes()))

# Three samples become two: the first, and the middle of the other two.
heard = array.array("h", [0] * 8_000)
for at in range(0, len(voice) - 2, 3):
    heard.append(voice[at])
    heard.append((voice[at + 1] + voice[at + 2]) // 2)
heard.extend([0] * 24_000)

step = int(16_000 * STEP_S)
with open(sys.argv[2], "wb", buffering=0) as microphone:
    begin = time.monotonic()
    for number, at in enumerate(range(0, len(heard), step)):
        microphone.write(heard[at : at + step].tobytes())
        time.sleep(max(0.0, begin + number * STEP_S - time.monotonic()))
