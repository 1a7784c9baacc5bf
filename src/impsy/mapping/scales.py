"""Scales by name, and the notes of a scale. Notes are MIDI numbers: 60 is C4."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["NOTES", "ROOTS", "SCALES", "Scale", "parse_root", "scale_notes"]

NOTES = 128
"""Notes 0-127."""

ROOTS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
"""The twelve pitch classes, as they are usually spelt."""


@dataclass(frozen=True, slots=True)
class Scale:
    """``steps``: semitones above the root, rising from 0, below 12."""

    title: str
    steps: tuple[int, ...]


SCALES: dict[str, Scale] = {
    "minor-pentatonic": Scale("Minor pentatonic", (0, 3, 5, 7, 10)),
    "major-pentatonic": Scale("Major pentatonic", (0, 2, 4, 7, 9)),
    "dorian": Scale("Dorian", (0, 2, 3, 5, 7, 9, 10)),
    "minor": Scale("Minor", (0, 2, 3, 5, 7, 8, 10)),
    "major": Scale("Major", (0, 2, 4, 5, 7, 9, 11)),
    "lydian": Scale("Lydian", (0, 2, 4, 6, 7, 9, 11)),
    "mixolydian": Scale("Mixolydian", (0, 2, 4, 5, 7, 9, 10)),
    "phrygian": Scale("Phrygian", (0, 1, 3, 5, 7, 8, 10)),
    "harmonic-minor": Scale("Harmonic minor", (0, 2, 3, 5, 7, 8, 11)),
    "blues": Scale("Blues", (0, 3, 5, 6, 7, 10)),
    "hirajoshi": Scale("Hirajōshi", (0, 2, 3, 7, 8)),
    "whole-tone": Scale("Whole tones", (0, 2, 4, 6, 8, 10)),
    "chromatic": Scale("All twelve", tuple(range(12))),
}
"""By the name that a configuration gives it."""

_NATURAL = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}


def parse_root(text: object) -> int | None:
    """The pitch class 0-11 of a root such as ``"F#"``, ``"Eb"`` or ``"a"``, or of a note 0-127; None: it is none."""
    if isinstance(text, int) and not isinstance(text, bool):
        return text % 12 if 0 <= text < NOTES else None
    if not isinstance(text, str) or not text:
        return None
    natural, accidental = _NATURAL.get(text[0].upper()), _ACCIDENTALS.get(text[1:])
    return None if natural is None or accidental is None else (natural + accidental) % 12


def scale_notes(scale: str, root: int, low: int = 0, high: int = NOTES - 1) -> tuple[int, ...]:
    """The notes of a scale from ``low`` to ``high``, both included, rising; ``root`` is a pitch class 0-11."""
    steps = SCALES[scale].steps
    return tuple(note for note in range(low, high + 1) if (note - root) % 12 in steps)
