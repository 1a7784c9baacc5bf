"""Checks of ``[[voices]]``: names, which no two have, controls, which no two have, and whom each hears."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as ReadOnlyDict
from typing import Any

from impsy.config.positions import Path, format_path
from impsy.config.problems import Problem
from impsy.config.voices import VoiceConfig
from impsy.mapping.entries import show_value
from impsy.modes import MODES, PERFORMER

__all__ = ["errors_in_voices", "warnings_in_voices"]

Finding = tuple[Path, Problem]


def errors_in_voices(data: ReadOnlyDict[str, Any], dimension: int | None) -> Iterator[Finding]:
    """What makes voices impossible together.

    Args:
        data: the plain tables, typed or not.
        dimension: of the whole; None: not known.
    """
    tables = data.get("voices")
    if not isinstance(tables, list | tuple):
        return
    voices = [each if isinstance(each, ReadOnlyDict) else {} for each in tables]  # others are errors of their own
    yield from _names(voices)
    yield from _controls(voices, dimension)
    yield from _hearing(voices)


def warnings_in_voices(voices: Sequence[VoiceConfig]) -> Iterator[Finding]:
    """A warning for each voice that has ``hears`` although no voice hears anybody in its mode."""
    for index, voice in enumerate(voices):
        deaf = voice.mode is not None and not MODES[voice.mode].hears
        if deaf and voice.hears and "hears" in voice.model_fields_set:
            path: Path = ("voices", index, "hears")
            text = f"has no effect: in the mode {voice.mode} a voice hears nobody"
            hint = "Give it another mode, such as polyphony, or leave hears out"
            yield path, Problem("warning", format_path(path), text, hint)


def _name_of(voice: ReadOnlyDict[str, Any]) -> str:
    name = voice.get("name")
    return name.strip() if isinstance(name, str) else ""


def _names(voices: Sequence[ReadOnlyDict[str, Any]]) -> Iterator[Finding]:
    seen = {PERFORMER: "the name of who plays"}
    for index, voice in enumerate(voices):
        name = _name_of(voice)
        if name in seen:
            text = f"found {show_value(name)}, which is {seen[name]}; wanted a name of its own"
            yield _error(("voices", index, "name"), text)
        elif name:
            seen[name] = "the name of another voice"


def _controls(voices: Sequence[ReadOnlyDict[str, Any]], dimension: int | None) -> Iterator[Finding]:
    """Controls that are not there, and those of two voices."""
    owners: dict[int, int] = {}
    for index, voice in enumerate(voices):
        found = voice.get("controls")
        controls = found if isinstance(found, list | tuple) else ()
        for place, control in enumerate(controls):
            if not isinstance(control, int) or isinstance(control, bool) or control < 1:
                continue
            path: Path = ("voices", index, "controls", place)
            if dimension is not None and control >= dimension:
                text = f"found {control}; wanted 1 to {dimension - 1}, as dimension is {dimension}"
                yield _error(path, text, "Correct it, or set model.dimension to the number of controls + 1")
            elif (owner := owners.setdefault(control, index)) == index:
                if control in controls[:place]:
                    yield _error(path, f"control {control} stands twice; wanted each once")
            else:
                names = f"{show_value(_name_of(voices[owner]))} and {show_value(_name_of(voice))}"
                text = f"control {control} belongs to two voices, {names}; wanted one voice at most for each control"
                yield _error(path, text)


def _hearing(voices: Sequence[ReadOnlyDict[str, Any]]) -> Iterator[Finding]:
    """Names of nobody, and voices that hear themselves."""
    names = [PERFORMER, *(_name_of(voice) for voice in voices)]
    for index, voice in enumerate(voices):
        hears = voice.get("hears")
        for place, heard in enumerate(hears) if isinstance(hears, list | tuple) else ():
            path: Path = ("voices", index, "hears", place)
            if not isinstance(heard, str):
                continue
            if heard not in names or not heard:
                near = difflib.get_close_matches(heard, names, n=1, cutoff=0.6)
                others = ", ".join(show_value(name) for name in names if name and name != _name_of(voice))
                text = f"there is no voice {show_value(heard)}; wanted names among {others}"
                yield _error(path, text, f"Did you mean {show_value(near[0])}?" if near else "")
            elif heard == _name_of(voice):
                text = f"{show_value(heard)} is this voice itself, and hears what it plays anyhow"
                yield _error(path, text, "Take it out")


def _error(path: Path, text: str, hint: str = "") -> Finding:
    return path, Problem("error", format_path(path), text, hint)
