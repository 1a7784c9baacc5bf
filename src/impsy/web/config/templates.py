"""Configurations for a new workspace: the commented template, with what was chosen turned on and filled in."""

from __future__ import annotations

import re
from dataclasses import dataclass

import tomlkit

from impsy.config.document import ConfigDocument
from impsy.config.workspace import STARTER_MODEL, template
from impsy.protocol.workspace import SetupTemplate

__all__ = ["STARTER_DIMENSION", "TEMPLATES", "Wishes", "fill_in"]

STARTER_DIMENSION = 9
BY_HAND = 0.3
"""Seconds of silence after which the model answers where no MIDI controller is chosen: moves by mouse have pauses of
up to that length within a phrase."""
TEMPLATE_CONTROLS = 8
"""What the template's words and examples are written for."""

_EXAMPLE_IN, _EXAMPLE_OUT = '"My controller"', '"My synth"'
_EXAMPLE_SERIAL = '"/dev/ttyACM0"'

_ROW = re.compile(r"#?  \[")
_OFF = re.compile(r"^#(?=\S)", re.MULTILINE)
"""What turns a line off; words have a blank after theirs."""
_ON = re.compile(r"^(?=[^#\n])", re.MULTILINE)
"""Where a line is on."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the new instrument shall be. The devices are names as a configuration holds them; empty: none chosen."""

    title: str
    dimension: int
    mode: str
    in_device: str = ""
    out_device: str = ""


TEMPLATES = (
    SetupTemplate(
        "browser",
        "Only this page",
        "No hardware: you play the faders on the page, and the page sounds. Devices can be added at any time.",
    ),
    SetupTemplate(
        "midi",
        "MIDI controller and synthesiser",
        "A controller plays, the predictions go to a synthesiser. Which knob is which is assigned by moving them.",
    ),
    SetupTemplate(
        "osc",
        "OSC: Pure Data, Max, SuperCollider …",
        "A program sends /interface with the values, and receives /prediction. Ports 6000 and 6001.",
    ),
    SetupTemplate(
        "serial",
        "Arduino or micro:bit",
        "A board on a serial port sends lines of numbers, and gets the predictions as such.",
    ),
)


def fill_in(chosen: SetupTemplate, wishes: Wishes) -> str:
    """The text of a configuration. It is valid for every dimension of 2 or more and any text as title and devices."""
    controls = wishes.dimension - 1
    blocks = [_for_controls(block, controls) for block in template("config.toml").split("\n\n\n")]
    text = "\n\n\n".join(_turned(block, chosen, wishes) for block in blocks)
    document = ConfigDocument(text)
    document.set("title", wishes.title)
    # The page shows both players side by side; only the performer's rows are learned from.
    document.set("log_predictions", True)
    document.set("interaction.mode", wishes.mode)
    if chosen.id != "midi" or not wishes.in_device:
        document.set("interaction.threshold", BY_HAND)
    document.set("model.dimension", wishes.dimension)
    document.set("model.file", STARTER_MODEL if wishes.dimension == STARTER_DIMENSION else "")
    return document.dumps()


def _turned(block: str, chosen: SetupTemplate, wishes: Wishes) -> str:
    """A part of the commented template, with its section turned on or off."""
    section = re.search(r"^#?\[(\w+)\]", block, re.MULTILINE)
    match section and section[1]:
        case "osc" if chosen.id != "osc":
            return _ON.sub("#", block)
        case "midi" if chosen.id == "midi":
            return _chosen_midi(block, wishes)
        case "serial" if chosen.id == "serial":
            serial = _OFF.sub("", block)
            return serial.replace(_EXAMPLE_SERIAL, _quoted(wishes.in_device)) if wishes.in_device else serial
    return block


def _for_controls(block: str, controls: int) -> str:
    """Words and examples for this number of controls."""
    numbers = "1 number" if controls == 1 else f"{controls} numbers"
    values = "1 value" if controls == 1 else f"{controls} values"
    block = block.replace("8 numbers", numbers).replace("each of the 8 values", f"each of the {values}")
    block = block.replace("9 is time and 8 values", f"{controls + 1} is time and {values}")
    lines: list[str] = []
    rows: list[str] = []
    for line in [*block.split("\n"), ""]:
        if _ROW.match(line):
            rows.append(line)
            continue
        lines += _as_many(rows, controls) if rows else []
        rows = []
        lines.append(line)
    return "\n".join(lines[:-1])


def _as_many(rows: list[str], count: int) -> list[str]:
    """So many rows of an example mapping: those that there are, then controllers that are none of them."""
    off = rows[0][: rows[0].index("[")]
    used = {int(number) for row in rows for number in re.findall(r'"control_change", 1, (\d+)', row)}
    free = [(channel, number) for channel in range(1, 17) for number in range(1, 120)]
    spare = [(channel, number) for channel, number in free if channel > 1 or number not in used]
    more = max(0, count - len(rows))
    added = [spare[index % len(spare)] for index in range(more)]
    return [*rows[:count], *(f'{off}["control_change", {channel}, {number}],' for channel, number in added)]


def _chosen_midi(block: str, wishes: Wishes) -> str:
    """The section with the devices that were chosen; the example of one that was not stays an example."""
    lines = []
    inside = ""
    for line in block.split("\n"):
        key = line.removeprefix("#")
        if key.startswith(('input."', 'output."')):
            inside = key[: key.index(".")]
        chosen = {"input": wishes.in_device, "output": wishes.out_device}.get(inside, "")
        if key.startswith(("[midi]", "in_device", "out_device")) or (inside and chosen):
            line = key  # noqa: PLW2901 - turned on
        lines.append(line)
        if key == "]":
            inside = ""
    text = "\n".join(lines)
    for key, name in (("in_device", wishes.in_device), ("out_device", wishes.out_device)):
        if not name:
            text = re.sub(rf"^{key} = .*", f"{key} = []", text, flags=re.MULTILINE)
    names = {_EXAMPLE_IN: wishes.in_device, _EXAMPLE_OUT: wishes.out_device}
    # In one go: what is put in may be the other's example.
    return re.sub("|".join(names), lambda found: _quoted(names[found[0]]) if names[found[0]] else found[0], text)


def _quoted(name: str) -> str:
    return tomlkit.item(name).as_string()
