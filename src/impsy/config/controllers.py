"""The controllers that ``examples/configs`` knows: by which name each is plugged in, and its mapping.

An example is that of a controller if it has one MIDI input and no output, and one model answers.
The wheel holds the examples as ``impsy/config/examples``; in a checkout they are where the repository has them.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from impsy.mapping.entries import Mapping, parse_mapping

__all__ = ["Controller", "controller_at", "controllers", "read_example"]

_PARAGRAPHS = re.compile(r"\n#\s*\n")
_COMMENT = re.compile(r"^#[ \t]?", re.MULTILINE)
_ENTRY = re.compile(r'^  \["[^\]]*\],\s*# ([^;\n]*)', re.MULTILINE)
_VERSION = re.compile(r"[\s_-]*(mk[\s.-]?\w+)", re.IGNORECASE)
"""The version of a device in the name of its port, after the name of the device: ``mk2`` of ``LPD8 mk2``."""


@dataclass(frozen=True, slots=True)
class Controller:
    """One controller.

    ``name``: of the example's file. ``about``: what it is, and which version, as a sentence. ``advice``: how to set
    the device, in sentences; "" if nothing is to be set. ``device``: a part of its port's name. ``parts``: what it
    has for each entry of ``mapping``, such as "slider 1".
    """

    name: str
    about: str
    advice: str
    device: str
    mapping: Mapping
    parts: tuple[str, ...]

    def fits(self, port: str) -> bool:
        """Whether a port's name says that it is this device, in a version that the example is for."""
        found = re.search(rf"(?<!\w){re.escape(self.device)}(?!\w)", port, re.IGNORECASE)
        if found is None:
            return False
        version = _VERSION.match(port, found.end())
        return version is None or _plain(version[1]) in _plain(self.device + self.about)


def _plain(text: str) -> str:
    return re.sub(r"[\s.-]", "", text).casefold()


@cache
def controllers() -> tuple[Controller, ...]:
    """All that there are, by their files' names; none where the examples are not installed."""
    found = (read_example(path.stem, path.read_text(encoding="utf-8")) for path in sorted(_examples()))
    return tuple(each for each in found if each is not None)


def controller_at(port: str) -> Controller | None:
    """The controller that a port's name says that it is, None if no example has it; the longest name that fits."""
    fitting = (each for each in controllers() if each.fits(port))
    return max(fitting, key=lambda each: len(each.device), default=None)


def read_example(name: str, text: str) -> Controller | None:
    """The controller of an example; None: it is of something else.

    Raises:
        ConfigError: a mapping has an entry that is none.
        tomllib.TOMLDecodeError: it is no TOML.
    """
    values = tomllib.loads(text)
    midi: dict[str, Any] = values.get("midi", {})
    inputs: list[str] = midi.get("in_device", [])
    if len(inputs) != 1 or midi.get("out_device") or "voices" in values:
        return None
    (device,) = inputs
    head = [_COMMENT.sub("", each).replace("\n", " ") for each in _PARAGRAPHS.split(text.partition("\n\n")[0])]
    advice = next((each for each in head if each.startswith("Set the device: ")), "").replace("`", "")
    mapping = parse_mapping(midi["input"][device])
    parts = _ENTRY.findall(text[text.index(f'\ninput."{device}"') :])[: len(mapping)]
    return Controller(name, head[0], advice, device, mapping, tuple(map(str.strip, parts)))


def _examples() -> Iterable[Path]:
    packed = Path(str(resources.files("impsy.config"))) / "examples"
    folder = packed if packed.is_dir() else Path(__file__).parents[3] / "examples" / "configs"
    return folder.glob("*.toml")
