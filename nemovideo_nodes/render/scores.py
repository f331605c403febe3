"""Synthesised music: a few styles, each a seamless loop of eight bars.

Notes are added to a circular buffer: a note that rings past the end of the loop continues at its
start, so a loop can play for hours without a gap.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Wave = NDArray[np.float32]

__all__ = ["SAMPLE_RATE", "STYLES", "loop", "style_of"]

SAMPLE_RATE = 48_000

_WORDS = {
    "lofi": ("lofi", "lo-fi", "lo fi", "chill", "hip", "jazz", "study"),
    "upbeat": ("upbeat", "happy", "pop", "energ", "dance", "electro", "corporate", "fun", "fast"),
    "calm": ("calm", "ambient", "relax", "soft", "piano", "gentle", "peace", "slow", "sleep"),
    "cinematic": ("cinema", "epic", "dramatic", "orchest", "trailer", "film", "emotion"),
}


def style_of(words: str) -> str:
    """The style that `words` (a style's or a track's name) ask for; lofi if none."""
    lower = words.lower()
    for style, signs in _WORDS.items():
        if any(sign in lower for sign in signs):
            return style
    return "lofi"


@functools.lru_cache(maxsize=4)
def loop(style: str) -> Wave:
    """Eight bars of `style`, 2 x n samples at 48 kHz, none over 0.97 in size; read only."""
    made = STYLES[style]().finished()
    made.flags.writeable = False
    for notes in (_tone, _pad):  # about 20 MB that are not needed any more
        notes.cache_clear()
    return made


class _Loop:
    """A circular buffer that notes are added to, on beats of four-beat bars."""

    def __init__(self, bpm: float, bars: int = 8) -> None:
        self.beat = round(SAMPLE_RATE * 60 / bpm / 32) * 32
        self.length = self.beat * 4 * bars
        self._dry = np.zeros((2, self.length), np.float32)
        self._wet = np.zeros((2, self.length), np.float32)
        self.noise = np.random.default_rng(20240501)

    def seconds(self, beats: float) -> float:
        return beats * self.beat / SAMPLE_RATE

    def put(
        self, wave: Wave, beat: float, gain: float, *, pan: float = 0.0, wet: float = 0.0
    ) -> None:
        """Add a mono `wave` at `beat`; `pan` -1 to 1, `wet` its share of reverberation."""
        at = round(beat * self.beat) % self.length
        wave = wave[: self.length]
        angle = (pan + 1) * np.pi / 4
        for channel, side in enumerate((np.cos(angle), np.sin(angle))):
            for buffer, level in ((self._dry, gain), (self._wet, gain * wet)):
                if level:
                    first = wave[: self.length - at]
                    buffer[channel, at : at + len(first)] += first * np.float32(level * side)
                    rest = wave[len(first) :]
                    buffer[channel, : len(rest)] += rest * np.float32(level * side)

    def finished(self) -> Wave:
        """The loop with its reverberation, at an even loudness, softly limited."""
        sound = self._dry + self._room()
        sound -= sound.mean(axis=1, keepdims=True)
        loudness = float(np.sqrt(np.mean(sound**2))) or 1.0
        return np.asarray(0.97 * np.tanh(sound * (0.22 / loudness)), dtype=np.float32)

    def _room(self) -> Wave:
        """Reverberation: the wet sound convolved, around the circle, with fading noise."""
        if not self._wet.any():
            return self._wet
        # At half the rate: what it would lose above 12 kHz the low pass takes anyway.
        length, rate = self.length // 2, SAMPLE_RATE // 2
        tail = min(length, 2 * rate)
        fading = np.exp(-np.arange(tail, dtype=np.float32) / np.float32(0.45 * rate))
        low_pass = _low_pass(length, rate, 3_500)
        made = np.empty_like(self._wet)
        # One channel at a time, in single precision: the whole at once would take 150 MB.
        for channel, wet in enumerate(self._wet):
            room = np.zeros(length, np.float32)
            room[:tail] = self.noise.standard_normal(tail, dtype=np.float32) * fading
            spectrum = np.fft.rfft(room)
            spectrum *= low_pass
            spectrum /= np.sqrt(np.mean(np.abs(spectrum) ** 2))
            spectrum *= np.fft.rfft(wet[0::2] + wet[1::2])
            made[channel] = np.fft.irfft(spectrum, self.length)
        return made


def _low_pass(length: int, rate: int, hertz: float) -> Wave:
    share = np.fft.rfftfreq(length, 1 / rate) / hertz
    return (1 / (1 + share**2)).astype(np.float32)


def _time(seconds: float) -> Wave:
    return np.arange(round(seconds * SAMPLE_RATE), dtype=np.float32) / np.float32(SAMPLE_RATE)


def _hertz(note: int) -> float:
    """Equal temperament, MIDI numbers: 69 is A at 440 Hz."""
    return float(440 * 2 ** ((note - 69) / 12))


def _shaped(wave: Wave, attack: float, release: float) -> Wave:
    """`wave` without a click at either end."""
    rise, fall = round(attack * SAMPLE_RATE), round(release * SAMPLE_RATE)
    wave[:rise] *= np.linspace(0, 1, rise, dtype=np.float32)
    wave[-fall:] *= np.linspace(1, 0, fall, dtype=np.float32)
    return wave


@functools.lru_cache(maxsize=128)
def _tone(
    note: int, seconds: float, partials: tuple[float, ...], decay: float, attack: float = 0.004
) -> Wave:
    """A struck tone: `partials` are its harmonics' strengths; higher ones die sooner."""
    time = _time(seconds)
    wave = np.zeros_like(time)
    for number, strength in enumerate(partials, start=1):
        hertz = _hertz(note) * number
        if strength and hertz < 9_000:
            fading = np.exp(time * np.float32(-decay * (1 + 0.45 * (number - 1))))
            wave += np.float32(strength) * np.sin(time * np.float32(2 * np.pi * hertz)) * fading
    return _shaped(wave, attack, min(0.06, seconds / 4))


@functools.lru_cache(maxsize=64)
def _pad(note: int, seconds: float, attack: float, brightness: float) -> Wave:
    """A held, slowly beating tone, as of many strings."""
    time = _time(seconds)
    wave = np.zeros_like(time)
    for detune in (0.9965, 1.0, 1.0042):
        phase = time * np.float32(2 * np.pi * _hertz(note) * detune)
        for number in (1, 2, 3, 4):
            wave += np.float32(brightness ** (number - 1) / number) * np.sin(phase * number)
    return _shaped(wave * np.float32(1 / 3), attack, min(attack * 1.3, seconds / 2))


def _kick(low: float = 46.0, length: float = 0.34) -> Wave:
    time = _time(length)
    swept = 2 * np.pi * (low * time + (110 / 26) * (1 - np.exp(-26 * time)))
    wave = np.sin(swept) * np.exp(-time * (3.2 / length))
    return _shaped(wave.astype(np.float32), 0.002, 0.03)


def _noise(source: np.random.Generator, length: float, decay: float, low: float) -> Wave:
    """A burst of noise above `low` Hz: hats, claps, brushes."""
    time = _time(length)
    spectrum = np.fft.rfft(source.standard_normal(len(time)))
    share = np.fft.rfftfreq(len(time), 1 / SAMPLE_RATE) / low
    wave = np.fft.irfft(spectrum * share**2 / (1 + share**2), len(time)) * np.exp(-time * decay)
    return _shaped(wave.astype(np.float32), 0.001, 0.01)


_Chords = Sequence[tuple[int, Sequence[int]]]
"""A bass note and the notes above it, one pair a bar."""


def _lofi() -> _Loop:
    made = _Loop(76)
    chords: _Chords = (
        (38, (53, 57, 60, 64)), (43, (53, 59, 62, 64)), (36, (52, 55, 59, 62)),
        (45, (52, 55, 60, 62)), (38, (53, 57, 60, 64)), (43, (53, 57, 59, 64)),
        (40, (55, 59, 62, 66)), (45, (55, 59, 60, 64)),
    )  # fmt: skip
    melody = ((0.5, 76), (1.5, 74), (2.66, 72), (5.5, 71), (6.66, 67), (9, 72), (10.66, 74))
    snare = _noise(made.noise, 0.16, 26, 1_100)
    hat = _noise(made.noise, 0.05, 80, 7_000)
    for bar, (bass, notes) in enumerate(chords):
        beat = 4 * bar
        for number, note in enumerate(notes):
            keys = _tone(note, made.seconds(3.4), (1, 0.35, 0.06, 0.1), 1.5, 0.012)
            made.put(keys, beat + 0.02 * number, 0.26, pan=-0.3 + 0.2 * number, wet=0.35)
            made.put(keys, beat + 2.66, 0.12, pan=0.3 - 0.2 * number, wet=0.35)
        for at, length in ((0, 1.6), (2.5, 1.2)):
            made.put(_tone(bass, made.seconds(length), (1, 0.3, 0.08), 1.2, 0.01), beat + at, 0.5)
        for at in (0, 2.66 if bar % 2 else 2.0):
            made.put(_kick(), beat + at, 0.62)
        for at in (1, 3):
            made.put(snare, beat + at, 0.17, pan=0.05, wet=0.25)
        for half in range(8):
            swung = half // 2 + (0.6 if half % 2 else 0.0)
            made.put(hat, beat + swung, 0.05 if half % 2 else 0.085, pan=0.25)
    for offset in (0, 16):
        for at, note in melody:
            bell = _tone(note, made.seconds(1.8), (1, 0.12, 0.2), 2.4, 0.01)
            made.put(bell, offset + at, 0.12, pan=0.35, wet=0.8)
    for _ in range(made.length * 9 // SAMPLE_RATE):
        crackle = _noise(made.noise, 0.012, 400, 2_500)
        made.put(crackle, made.noise.uniform(0, 32), 0.03 * made.noise.random(), pan=0.1)
    return made


def _upbeat() -> _Loop:
    made = _Loop(116)
    chords: _Chords = (
        (36, (60, 64, 67)), (43, (59, 62, 67)), (45, (60, 64, 69)), (41, (60, 65, 69)),
        (36, (60, 64, 67)), (43, (59, 62, 67)), (41, (60, 65, 69)), (43, (59, 62, 65)),
    )  # fmt: skip
    melody = ((0, 79), (0.75, 79), (1.5, 76), (2.5, 74), (3, 76), (4, 74), (5.5, 71), (6.5, 74),
              (8, 76), (8.75, 76), (9.5, 72), (10.5, 69), (11, 72), (12, 72), (14, 77))  # fmt: skip
    clap = _noise(made.noise, 0.14, 32, 1_400)
    hat = _noise(made.noise, 0.06, 70, 8_000)
    for bar, (bass, notes) in enumerate(chords):
        beat = 4 * bar
        for eighth in range(8):
            note = notes[(0, 1, 2, 1, 0, 2, 1, 2)[eighth]] + 12 * (eighth in (3, 7))
            pluck = _tone(note, made.seconds(0.9), (1, 0.5, 0.3, 0.16, 0.08), 6.5)
            made.put(pluck, beat + eighth / 2, 0.2, pan=-0.4 + 0.11 * eighth, wet=0.3)
            low = _tone(bass, made.seconds(0.48), (1, 0.6, 0.25, 0.1), 3.5)
            made.put(low, beat + eighth / 2, 0.3 if eighth % 2 else 0.38)
        for note in notes:
            chord = _tone(note, made.seconds(1.4), (1, 0.4, 0.2, 0.1), 2.2, 0.008)
            for at in (0, 1.5, 2.5):
                made.put(chord, beat + at, 0.12, pan=0.2, wet=0.3)
        for at in range(4):
            made.put(_kick(50), beat + at, 0.6)
            made.put(hat, beat + at + 0.5, 0.11, pan=-0.2)
        for at in (1, 3):
            made.put(clap, beat + at, 0.2, wet=0.3)
    for offset in (0, 16):
        for at, note in melody:
            lead = _tone(note, made.seconds(1.1), (1, 0.15, 0.25, 0.05), 3.5, 0.006)
            made.put(lead, offset + at, 0.17, pan=0.15, wet=0.6)
    return made


def _calm() -> _Loop:
    made = _Loop(64)
    chords: _Chords = (
        (41, (57, 60, 64)), (36, (55, 60, 64)), (38, (57, 60, 65)), (43, (55, 59, 62)),
        (41, (57, 60, 67)), (36, (55, 59, 64)), (34, (57, 62, 65)), (36, (55, 58, 64)),
    )  # fmt: skip
    for bar, (bass, notes) in enumerate(chords):
        beat = 4 * bar
        for number, note in enumerate((bass, *notes)):
            pad = _pad(note, made.seconds(5.2), 1.3, 0.35)
            made.put(pad, beat - 0.6, 0.16 if number else 0.24, pan=0.25 * (number - 1.5), wet=0.5)
        order = (*notes, notes[1] + 12, notes[2] + 12, notes[0] + 12)
        for number, at in enumerate((0, 0.5, 1, 1.5, 2, 3)):
            piano = _tone(order[number] + 12, made.seconds(3), (1, 0.4, 0.15, 0.07), 1.9, 0.008)
            made.put(piano, beat + at, 0.19, pan=0.4 - 0.15 * number, wet=0.7)
    return made


def _cinematic() -> _Loop:
    made = _Loop(88)
    chords: _Chords = (
        (33, (57, 60, 64)), (29, (57, 60, 65)), (36, (55, 60, 64)), (31, (55, 59, 62)),
        (33, (60, 64, 69)), (29, (60, 65, 69)), (26, (57, 62, 65)), (28, (56, 59, 64)),
    )  # fmt: skip
    hit = _noise(made.noise, 0.5, 9, 300)
    for bar, (bass, notes) in enumerate(chords):
        beat = 4 * bar
        for number, note in enumerate((bass, bass + 12, *notes)):
            strings = _pad(note, made.seconds(4.6), 0.5, 0.6)
            made.put(strings, beat - 0.2, 0.2, pan=0.3 * (number - 2), wet=0.5)
        for eighth in range(8):
            note = (notes[0], notes[1], notes[2], notes[1])[eighth % 4]
            short = _tone(note, made.seconds(0.5), (1, 0.6, 0.45, 0.3, 0.2, 0.12), 7, 0.01)
            accent = 0.24 if eighth in (0, 3, 6) else 0.15
            made.put(short, beat + eighth / 2, accent, pan=0.35 if eighth % 2 else -0.35, wet=0.5)
        for at, gain in ((0, 0.85), (2.5, 0.4), (3, 0.5)):
            made.put(_kick(40, 0.7), beat + at, gain, wet=0.4)
        made.put(hit, beat, 0.12, wet=0.6)
    return made


STYLES: dict[str, Callable[[], _Loop]] = {
    "lofi": _lofi,
    "upbeat": _upbeat,
    "calm": _calm,
    "cinematic": _cinematic,
}
"""What each style plays."""
