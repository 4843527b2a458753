"""Measures what Whisper hears instead of our words; the generator's noise uses the result.

    confusions.py --carvoice ../../../target/release/carvoice --texts 120

speaks sentences of the templates with the voice of carvoice and with espeak-ng voices, adds
car noise at 5 to 15 dB below the speech, lets `carvoice transcribe` listen, and writes the
words that were heard otherwise at least twice to confusions.tsv: spoken, heard, count.
"""

import argparse
import collections
import difflib
import json
import pathlib
import random
import subprocess
import sys
import tempfile
import wave

import numpy as np

import catalogue
import generate
import phrasing

RATE = 16000  # of the recordings, Hz
_ENGINES = (None, "en-us", "en-gb", "en-gb-x-rp", "en-gb-x-gbcwmd", "en-029")  # None: our voice
_LONGEST = 3  # most words on either side of a pair
_ALIKE = 0.5  # least share of words in common; below it nothing was understood


def texts(count, seed):
    """Different sentences of commands without names or titles."""
    rng = random.Random(seed)
    maker = generate.maker(rng, held_out=False)
    found = {}
    while len(found) < count:
        _, text, output = maker.bare()
        words = catalogue.normalize(text).split()
        idle = output in (catalogue.NONE, catalogue.LATER)
        if not idle and not generate.spans(output) and 3 <= len(words) <= 12:
            if not any(char.isdigit() for char in text):
                found[" ".join(words)] = None
    return list(found)


def speak(text, voice, carvoice, path):
    """Speaks `text` into a wave file."""
    if voice is None:
        order = [carvoice, "say", "--out", str(path), text]
    else:
        order = ["espeak-ng", "-v", voice, "-s", "165", "-w", str(path), text]
    subprocess.run(order, check=True, stdout=subprocess.DEVNULL)


def car_noise(length, rng):
    """Rolling and wind noise: falls by 6 dB an octave above 60 Hz; some engine tone."""
    spectrum = np.fft.rfft(rng.standard_normal(length))
    hertz = np.fft.rfftfreq(length, 1 / RATE)
    noise = np.fft.irfft(spectrum / np.maximum(hertz, 60.0), length)
    seconds = np.arange(length) / RATE
    base = rng.uniform(25, 60)
    tone = sum(np.sin(2 * np.pi * base * k * seconds) / k for k in (1, 2, 3, 4))
    return noise / noise.std() + 0.3 * tone / tone.std()


def add_noise(path, decibels, rng):
    """Mixes noise into a wave file, the speech `decibels` above it; 16 kHz after."""
    with wave.open(str(path)) as file:
        rate = file.getframerate()
        sound = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64)
    points = np.arange(0, len(sound), rate / RATE)
    sound = np.interp(points, np.arange(len(sound)), sound)
    sound = np.pad(sound, RATE // 4)
    loud = np.sqrt(np.mean(sound[np.abs(sound) > 0.05 * np.abs(sound).max()] ** 2))
    sound += car_noise(len(sound), rng) * loud / 10 ** (decibels / 20)
    sound *= 20000 / np.abs(sound).max()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound.astype(np.int16).tobytes())


def pairs(spoken, heard):
    """Words of `spoken` and what was heard in their place."""
    a, b = spoken.split(), heard.split()
    matcher = difflib.SequenceMatcher(None, a, b, autojunk=False)
    for kind, i, j, k, l in matcher.get_opcodes() if matcher.ratio() >= _ALIKE else ():
        short = j - i <= _LONGEST and l - k <= _LONGEST
        if kind == "replace" and short:
            said, got = " ".join(a[i:j]), " ".join(b[k:l])
            # Numbers as digits are another spelling, not another word.
            if not any(char.isdigit() for char in got):
                yield said, got


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--carvoice", required=True, help="the program, built")
    parser.add_argument("--texts", type=int, default=120)
    parser.add_argument("--voices", type=int, default=3, help="for each text, ours among them")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng, chance = random.Random(args.seed), np.random.default_rng(args.seed)
    said = {}
    counts, wrong = collections.Counter(), 0
    with tempfile.TemporaryDirectory() as folder:
        for text in texts(args.texts, args.seed):
            for voice in (None, *rng.sample(_ENGINES[1:], args.voices - 1)):
                path = pathlib.Path(folder) / f"{len(said):05}.wav"
                speak(text, voice, args.carvoice, path)
                add_noise(path, rng.uniform(5, 15), chance)
                said[str(path)] = text
        order = [args.carvoice, "transcribe", "--json", *said]
        done = subprocess.run(order, capture_output=True, text=True)
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        if len(lines) != len(said):
            sys.exit(f"{len(lines)} of {len(said)} recordings were heard: {done.stderr[-500:]}")
        for text, line in zip(said.values(), lines):
            heard = catalogue.normalize(line["text"])
            wrong += heard != text
            counts.update(pairs(text, heard))
    kept = sorted((pair for pair in counts.items() if pair[1] > 1), key=lambda p: (-p[1], p[0]))
    phrasing.CONFUSIONS.write_text("".join(f"{a}\t{b}\t{count}\n" for (a, b), count in kept))
    print(f"{len(said)} recordings, {wrong} not as spoken, {len(kept)} pairs heard twice or more")


if __name__ == "__main__":
    main()
