"""From ``[[controls]]`` to the hands that play, and what is wrong with them together with the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from impsy.config.controls import LEGATO, ControlConfig
from impsy.config.positions import Path, format_path
from impsy.config.problems import Problem
from impsy.config.schema import Config
from impsy.mapping.entries import NoteOn, NoteVelocity, show_value
from impsy.mapping.hands import Hand, notes_within
from impsy.mapping.scales import ROOTS
from impsy.mapping.wire import STEPS
from impsy.mapping.words import control_words

__all__ = ["hands_errors", "hands_of", "hands_warnings"]

Finding = tuple[Path, Problem]


def hands_of(config: Config) -> tuple[Hand, ...]:
    """The hand of each control that the configuration says something of, from the first."""
    notes, velocities = config.notes_of("output"), _velocities(config)
    return tuple(
        replace(_hand(control, is_note=control.scale is not None or plays), velocity=velocities.get(index))
        for index, (control, plays) in enumerate(zip(config.controls, notes, strict=False))
    )


def _velocities(config: Config) -> dict[int, int]:
    """For each control that is the pitch of notes the one that is their velocity, where an output has one."""
    found: dict[int, int] = {}
    for mapping in config.mappings("output"):
        by_channel: dict[int, int] = {}
        for index, entry in enumerate(mapping):
            if isinstance(entry, NoteVelocity):
                by_channel.setdefault(entry.channel, index)
        for index, entry in enumerate(mapping):
            if isinstance(entry, NoteOn) and entry.channel in by_channel:
                found.setdefault(index, by_channel[entry.channel])
    return found


def hands_errors(config: Config) -> Iterator[Finding]:
    """Limits that leave nothing to play, and notes as limits of what plays none."""
    notes = config.notes_of("output")
    for index, (control, plays) in enumerate(zip(config.controls, notes, strict=False)):
        if control.limits is None:
            continue
        words = control_words(index)
        low, high = control.limits
        if high > 1 and control.scale is None and not plays:
            text = f"found {_shown(low, high)}; wanted numbers from 0 to 1: no output plays {words} as notes"
            hint = 'Give it a scale, such as "chromatic", if its values are notes'
            yield _finding("error", index, "limits", text, hint)
        elif (control.scale is not None or plays) and not _hand(control, is_note=True).notes:
            scale = f"of {ROOTS[control.root]} {control.scale} " if control.scale else ""
            yield _finding("error", index, "limits", f"found {_shown(low, high)}; no note {scale}lies in there")


def hands_warnings(config: Config) -> Iterator[Finding]:
    """What is said of notes where a control plays none, although there are outputs that play notes or could."""
    outputs = config.mappings("output")
    notes = config.notes_of("output")
    for index, (control, plays) in enumerate(zip(config.controls, notes, strict=False)):
        words = control_words(index)
        if control.gate != LEGATO and not plays and outputs:
            text = f"no output plays {words} as notes: there is nothing to end"
            yield _finding("warning", index, "gate", text, "It is for controls with a note_on entry in an output")
        if control.scale is not None and not plays and outputs:
            text = f"no output plays {words} as notes: its values are those of notes all the same"
            yield _finding("warning", index, "scale", text, "It is for controls whose values are notes")
        if "root" in control.model_fields_set and control.scale is None:
            text = "a root without a scale has no effect"
            yield _finding("warning", index, "root", text, 'Add scale, such as "major"')


def _hand(control: ControlConfig, *, is_note: bool) -> Hand:
    low, high = control.limits or (0.0, 1.0)
    if high > 1:
        low, high = low / STEPS, high / STEPS
    notes: tuple[int, ...] = ()
    if control.scale is not None:
        notes = notes_within(low, high, control.scale, control.root)
    elif is_note and control.limits is not None:
        notes = notes_within(low, high)
    gate = None if isinstance(control.gate, str) else control.gate
    return Hand(control.name, control.enabled, low, high, notes, gate, control.repeat)


def _shown(low: float, high: float) -> str:
    return show_value([f"{low:g}", f"{high:g}"]).replace('"', "")


def _finding(level: str, index: int, key: str, text: str, hint: str = "") -> Finding:
    path: Path = ("controls", index, key)
    return path, Problem(level, format_path(path), text, hint)  # type: ignore[arg-type]
