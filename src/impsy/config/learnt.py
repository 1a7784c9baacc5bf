"""Putting a mapping that `impsy map` or the page made into a configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Literal

from impsy.config.controls import LONGEST_NAME
from impsy.config.document import ConfigDocument
from impsy.errors import ConfigError
from impsy.mapping.entries import ControlChange, ControlChange14, Mapping, MappingEntry, parse_mapping
from impsy.text import one_line

__all__ = ["Completed", "Way", "complete", "configured_controls", "configured_names", "device_name", "put_mapping"]

Way = Literal["input", "output"]

_UNDEFINED_CONTROLLERS = (*range(102, 120), *range(20, 32), *range(3, 120))
"""Controllers that hardly anything sends, first those that MIDI 1.0 leaves undefined."""


@dataclass(frozen=True, slots=True)
class Completed:
    """A mapping with an entry for every control.

    ``kept`` are the indices (from 0) whose entry is the one that the configuration had, ``stand_ins`` those that got
    a controller which nothing is likely to send.
    """

    mapping: Mapping
    kept: tuple[int, ...]
    stand_ins: tuple[int, ...]


def configured_controls(document: ConfigDocument) -> int | None:
    """The number of controls that ``[model] dimension`` means; None if it is missing or no dimension."""
    dimension = document.get("model.dimension")
    usable = isinstance(dimension, int) and not isinstance(dimension, bool) and dimension >= 2
    return dimension - 1 if usable else None


def configured_names(document: ConfigDocument) -> tuple[str, ...]:
    """The names of ``[[controls]]``, from the first, "" for one without; whether valid or not."""
    tables = document.get("controls")
    listed = tables if isinstance(tables, list) else []
    names = [table.get("name") if isinstance(table, dict) else "" for table in listed]
    return tuple(one_line(name, LONGEST_NAME) if isinstance(name, str) else "" for name in names)


def device_name(
    document: ConfigDocument,
    way: Way,
    port: str,
    preferred: str | None,
    ports_of: Callable[[Sequence[str]], dict[str, str]],
) -> str | None:
    """The name under which the configuration has this port already, if any.

    Args:
        preferred: the name to take if the configuration has several for it.
        ports_of: the ports that the names of a configuration mean, those that mean one.
    """
    devices = document.get(_device_key(way), [])
    names = [name for name in devices if isinstance(name, str)] if isinstance(devices, list) else []
    if preferred in names:
        return preferred
    meant = ports_of(names)
    return next((name for name in names if meant.get(name) == port), None)


def complete(document: ConfigDocument, way: Way, name: str, learnt: Sequence[MappingEntry | None]) -> Completed:
    """Fill the gaps of a new mapping: with the entries that the configuration has there, or else with stand-ins."""
    before = _entries(document.get(("midi", way, name)))
    mapping: list[MappingEntry] = []
    kept, stand_ins = [], []
    channel = next((entry.channel for entry in learnt if entry is not None), 1)
    taken = [entry for entry in (*learnt, *before) if entry is not None]
    spare = _spare_controllers(channel, taken)
    for index, entry in enumerate(learnt):
        old = before[index] if len(before) == len(learnt) else None
        if entry is not None:
            mapping.append(entry)
        elif old is not None and old not in learnt:
            kept.append(index)
            mapping.append(old)
        else:
            stand_ins.append(index)
            mapping.append(next(spare))
    return Completed(tuple(mapping), tuple(kept), tuple(stand_ins))


def put_mapping(
    document: ConfigDocument, way: Way, name: str, mapping: Mapping, dimension: int | None = None
) -> None:
    """Set the mapping of a port, list the port among the devices, and set the dimension unless it is None.

    Nothing is written yet: ``document.save`` does that, and checks the whole.

    Raises:
        ConfigError: the file's layout does not allow it.
    """
    if dimension is not None:
        document.set("model.dimension", dimension)
    devices = document.get(_device_key(way), [])
    if not isinstance(devices, list):
        raise ConfigError(f"{_device_key(way)} is no list of port names. Correct it first (`impsy config check`)")
    if name not in devices:
        document.set(_device_key(way), [*devices, name])
    document.set(("midi", way, name), mapping)


def _device_key(way: Way) -> str:
    return "midi.in_device" if way == "input" else "midi.out_device"


def _entries(value: object) -> Mapping:
    """The entries of a mapping in the file; none where it is wrong."""
    try:
        return parse_mapping(value) if isinstance(value, list) else ()
    except ConfigError:
        return ()


def _spare_controllers(channel: int, taken: Sequence[MappingEntry]) -> Iterator[ControlChange]:
    used = {entry.controller for entry in taken if isinstance(entry, ControlChange | ControlChange14)}
    used |= {entry.controller + 32 for entry in taken if isinstance(entry, ControlChange14)}
    spare = [number for number in dict.fromkeys(_UNDEFINED_CONTROLLERS) if number not in used]
    return cycle([ControlChange(channel, number) for number in spare or _UNDEFINED_CONTROLLERS])
