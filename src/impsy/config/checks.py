"""Checks of several keys together.

Errors are looked for in the plain tables that the file holds, since they are reported together with the errors in
single keys; warnings, in the typed config that results.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator
from collections.abc import Mapping as ReadOnlyDict
from itertools import combinations, islice, product
from typing import Any

from pydantic import BaseModel

from impsy.config.commandchecks import errors_in_commands, warnings_in_commands
from impsy.config.positions import Path, format_path
from impsy.config.problems import Problem, listed_section_of, section_of
from impsy.config.schema import Config, MidiConfig, OscConfig, WebuiConfig
from impsy.config.voicechecks import errors_in_voices, warnings_in_voices
from impsy.hosts import WILDCARDS
from impsy.mapping.entries import ControlChange, MappingEntry, kind_of, show_value

__all__ = [
    "errors_across",
    "mapped_dimension",
    "mapping_lengths",
    "mappings_in",
    "notes_on_unknown",
    "serial_conflict",
    "skipped_elsewhere",
    "warnings_across",
]

Finding = tuple[Path, Problem]
Table = ReadOnlyDict[str, Any]

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_FREE_TEXT = ("title", "owner", "description")


def errors_across(data: Table) -> Iterator[Finding]:
    """What makes a config impossible although each key is fine. ``data``: the plain tables, typed or not."""
    yield from _mapping_sizes(data)
    yield from _udp_ports(data)
    yield from _too_many_controls(data)
    yield from errors_in_commands(data)
    yield from errors_in_voices(data, _dimension_of(data))
    if "" in _table(data, "scenes"):
        yield _finding("error", ("scenes", ""), "a scene needs a name, by which it is recalled")
    ports = [_table(data, section).get("port") for section in ("serialmidi", "serial")]
    if _has(data, "serialmidi") and ports == [None, None]:
        text = "missing; wanted the serial port that carries MIDI, here or in [serial]"
        yield _finding("error", ("serialmidi", "port"), text)


def serial_conflict(config: Config) -> Iterator[Finding]:
    """One port wanted by both serial sections: the one with a mapping gets it, the other stays closed."""
    if config.serial_stays_closed:
        port = show_value(config.serialmidi_port)
        text = f"[serial] and [serialmidi] both want the port {port}: [serial] stays closed"
        yield _finding("error", ("serial",), text, "Remove one of the two sections, or give it another port")


def warnings_across(config: Config, data: Table) -> Iterator[Finding]:
    """What works but is hardly what was meant."""
    clock = config.clock
    if config.midi is not None:
        for way, devices, mappings, used in (
            ("in", config.midi.in_device, config.midi.input, config.midi.in_device if clock.source == "midi" else ()),
            ("out", config.midi.out_device, config.midi.output, clock.send),
        ):
            yield from _unmatched(way, devices, mappings, used)
        yield from _thru(config.midi)
    yield from _clock(config)
    if config.voices and config.learning.while_playing:
        text = "several models play ([[voices]]), and they do not learn while playing"
        yield _finding("warning", ("learning", "while_playing"), text, "Leave it out, or play with one model")
    for section in ("websocket", "serialmidi"):
        table = getattr(config, section)
        commanded = any(entry.port in ("", section) for entry in config.commands.values())
        if table is not None and not table.input and not table.output and not commanded:
            text = "has neither an input nor an output mapping: nothing is heard or sent"
            yield _finding("warning", (section,), text)
    yield from _stuck_controllers(config)
    yield from warnings_in_commands(config)
    yield from warnings_in_voices(config.voices)
    for name, scene in config.scenes.items():
        if not scene.model_dump(exclude_none=True):
            text = "names nothing that it sets: recalling it changes nothing"
            hint = f"It can have {', '.join(type(scene).model_fields)}"
            yield _finding("warning", ("scenes", name), text, hint)
    if config.osc is not None:
        yield from _osc_addresses(config.osc, _table(data, "osc"))


def skipped_elsewhere(config: Config) -> Iterator[Finding]:
    """Entries of kinds that the sibling apps skip without counting them, where others follow: those shift there.

    Not a warning about playing here, so it is for those who look a configuration over.
    """
    for path, mapping in mappings_in(vars(config)):
        kinds = [kind_of(entry) for entry in mapping]
        known = [index for index, kind in enumerate(kinds) if kind.everywhere]
        skipped = [index for index, kind in enumerate(kinds) if not kind.everywhere]
        if skipped and known and skipped[0] < known[-1]:
            names = ", ".join(dict.fromkeys(f'"{kinds[index].name}"' for index in skipped if index < known[-1]))
            text = (
                f"the AUv3 and browser apps skip {names} without counting it: from x_{skipped[0] + 1} on, their "
                "controls are others than here"
            )
            hint = "If they open this file too, put such entries last, in input and output alike, and train anew"
            yield _finding("warning", (*path, skipped[0]), text, hint)


def mappings_in(data: Table) -> Iterator[tuple[Path, Any]]:
    """All mappings, each with ``("midi", way, port)`` or ``(section, way)``. ``data``: plain tables or sections."""
    for section, way in product(("midi", "websocket", "serialmidi"), ("input", "output")):
        # A typed section holds () where the file says nothing; the file's own [] is a mapping of no entries.
        mapping = _table(data, section).get(way, ())
        if section == "midi":
            yield from (((section, way, port), found) for port, found in _table(_table(data, section), way).items())
        elif mapping != ():
            yield (section, way), mapping


_MOST_UNKNOWN = 100
"""Keys that are looked up among IMPSY's own, which takes a millisecond each; real files have a few."""


def notes_on_unknown(data: Table) -> Iterator[Finding]:
    """Keys that are not IMPSY's: a warning where a slip of the pen is likely, else an info-level note.

    Of very many, the first.
    """
    return islice(_notes_on_unknown(data), _MOST_UNKNOWN)


def _notes_on_unknown(data: Table) -> Iterator[Finding]:
    for key, value in data.items():
        if key not in Config.model_fields:
            yield _unknown((key,), value, data, Config)
            continue
        if (listed := listed_section_of(Config, key)) is not None and isinstance(value, list):
            for index, table in enumerate(value):
                yield from _unknown_within((key, index), table, listed)
            continue
        section, named = section_of(Config, key), section_of(Config, key, named=True)
        if section is not None:
            yield from _unknown_within((key,), value, section)
        elif named is not None and isinstance(value, ReadOnlyDict):
            for name, table in value.items():
                yield from _unknown_within((key, name), table, named)


def _unknown_within(path: Path, table: object, section: type[BaseModel]) -> Iterator[Finding]:
    if isinstance(table, ReadOnlyDict):
        for key in table:
            if key not in section.model_fields:
                yield _unknown((*path, key), table[key], table, section)


def mapping_lengths(data: Table) -> Iterator[tuple[Path, int]]:
    """Where each mapping is, and how many entries it has. ``data``: the plain tables, typed or not."""
    yield from ((path, len(found)) for path, found in mappings_in(data) if isinstance(found, list | tuple))


def mapped_dimension(data: Table) -> tuple[int, Path] | None:
    """The dimension that most mappings have, and the first of them; None: no mapping has an entry."""
    lengths = [(path, length) for path, length in mapping_lengths(data) if length]
    if not lengths:
        return None
    ((usual, _count),) = Counter(length for _path, length in lengths).most_common(1)
    return usual + 1, next(path for path, length in lengths if length == usual)


def _dimension_of(data: Table) -> int | None:
    """The dimension, where the file or its mappings say it."""
    dimension = _table(data, "model").get("dimension")
    if dimension is None and (mapped := mapped_dimension(data)) is not None:
        dimension = mapped[0]
    known = isinstance(dimension, int) and not isinstance(dimension, bool) and dimension >= 2
    return dimension if known else None


def _mapping_sizes(data: Table) -> Iterator[Finding]:
    dimension = _table(data, "model").get("dimension")
    found = mapped_dimension(data)
    if dimension is None and found is not None:
        dimension, example = found
        why = f"as in {format_path(example)} ([model] dimension is left out)"
        hint = "Give all mappings the same number of entries"
    elif not isinstance(dimension, int) or isinstance(dimension, bool) or dimension < 2:
        return  # an error of its own; counting against it would only add noise
    else:
        why, hint = f"one for each value of dimension {dimension}", ""
    for path, length in mapping_lengths(data):
        if length != dimension - 1:
            entries = "1 entry" if length == 1 else f"{length} entries"
            advice = hint or (f"Or set model.dimension to {length + 1}" if length else "")
            yield _finding("error", path, f"found {entries}; wanted {dimension - 1}, {why}", advice)


def _too_many_controls(data: Table) -> Iterator[Finding]:
    """More tables ``[[controls]]`` than controls, where the dimension is known."""
    tables, dimension = data.get("controls"), _table(data, "model").get("dimension")
    if dimension is None and (mapped := mapped_dimension(data)) is not None:
        dimension = mapped[0]
    if not isinstance(tables, list | tuple) or not isinstance(dimension, int) or isinstance(dimension, bool):
        return
    if 2 <= dimension <= len(tables):
        text = f"found {len(tables)} tables [[controls]]; wanted {dimension - 1} at most, one for each control"
        yield _finding("error", ("controls", dimension - 1), text, "Take out those that are too many")


def _udp_ports(data: Table) -> Iterator[Finding]:
    """No two listeners may share a UDP port: OSC, performing's command port, the web interface's monitor port."""
    listeners: list[tuple[Path, object]] = []
    if _has(data, "osc"):
        osc = {"server_ip": OscConfig().server_ip, "server_port": OscConfig().server_port} | dict(_table(data, "osc"))
        if osc["server_ip"] in (*WILDCARDS, *_LOOPBACK):
            listeners.append((("osc", "server_port"), osc["server_port"]))
    if _has(data, "webui"):
        webui = WebuiConfig().model_dump() | dict(_table(data, "webui"))
        listeners += [(("webui", name), webui[name]) for name in ("command_port", "monitor_port")]
    for (one, port), (other, same) in combinations(listeners, 2):
        if port == same and port != 0:
            text = f"found {show_value(port)}, which {format_path(one)} listens on too; wanted another port"
            yield _finding("error", other, text)


def _unmatched(
    way: str,
    devices: tuple[str, ...],
    mappings: ReadOnlyDict[str, tuple[MappingEntry, ...]],
    used: tuple[str, ...],
) -> Iterator[Finding]:
    """Ports that are opened but mean nothing, and mappings whose port is never opened. ``used``: for clock."""
    for index, device in enumerate(devices):
        if device not in mappings and device not in used:
            text = f"{show_value(device)} has no mapping: it is {'not heard' if way == 'in' else 'sent nothing'}"
            path = ("midi", f"{way}_device", index)
            yield _finding("warning", path, text, f"Add {format_path(('midi', way + 'put', device))}")
    for port in mappings:
        yield from _unlisted(("midi", way + "put", port), "this mapping is not used", port, way, devices)


def _clock(config: Config) -> Iterator[Finding]:
    """A beat that comes from nowhere, or does nothing."""
    clock = config.clock
    if clock.source == "midi" and not (config.midi and config.midi.in_device):
        text = 'the clock comes from "midi", but no MIDI input is open: there is no beat'
        yield _finding("warning", ("clock", "source"), text, "List the port that sends clock in midi.in_device")
    if clock.source == "off":
        for name, does in (("quantise", "pulls nothing to a grid"), ("send", "sends no clock")):
            if getattr(clock, name):
                text = f'{does}: there is no beat, as the source is "off"'
                yield _finding("warning", ("clock", name), text, 'Set clock.source to "internal", "midi" or "link"')


def _thru(midi: MidiConfig) -> Iterator[Finding]:
    for source, targets in midi.thru_matrix.items():
        path: Path = ("midi", "thru_matrix", source)
        yield from _unlisted(path, "not used", source, "in", midi.in_device)
        for index, target in enumerate(targets):
            yield from _unlisted((*path, index), "not used", target, "out", midi.out_device)


def _unlisted(path: Path, what: str, name: str, way: str, devices: tuple[str, ...]) -> Iterator[Finding]:
    if name not in devices:
        text = f"{what}: midi.{way}_device does not list {show_value(name)}"
        yield _finding("warning", path, text, _did_you_mean(name, devices))


def _stuck_controllers(config: Config) -> Iterator[Finding]:
    """Inputs whose minimum is their maximum: every message means the same value."""
    for path, mapping in mappings_in(vars(config)):
        for index, entry in enumerate(mapping):
            if isinstance(entry, ControlChange) and entry.minimum == entry.maximum and "input" in path[:2]:
                text = f"minimum and maximum are both {entry.minimum}: this input never changes"
                yield _finding("warning", (*path, index), text)


def _osc_addresses(osc: OscConfig, table: Table) -> Iterator[Finding]:
    if table.get("client_ip", osc.client_ip) in WILDCARDS:
        text = f"{show_value(table['client_ip'])} is no address to send to: sending to 127.0.0.1"
        yield _finding(
            "warning", ("osc", "client_ip"), text, 'Write "127.0.0.1", or the address of the other machine'
        )
    own = osc.server_ip in WILDCARDS or osc.server_ip in _LOOPBACK
    if own and osc.client_ip in _LOOPBACK and osc.client_port == osc.server_port:
        text = f"IMPSY listens on port {osc.server_port} itself: it would hear what it plays"
        yield _finding("warning", ("osc", "client_port"), text)


def _unknown(path: Path, value: object, siblings: Table, schema: type[BaseModel]) -> Finding:
    key = str(path[-1])
    free = [name for name in schema.model_fields if name not in siblings]
    hint = _did_you_mean(key.lower().replace("-", "_"), free)
    if hint:
        return _finding("warning", path, "not a key that IMPSY knows; it has no effect", hint)
    home = "" if isinstance(value, ReadOnlyDict) else _home_of(path)
    if home:
        return _finding("warning", path, "not a key of this place; it has no effect", home)
    return _finding("info", path, "not one of IMPSY's keys; it is kept and left alone")


def _home_of(path: Path) -> str:
    """Where a key belongs that is known elsewhere, if in one place only: ``Did you mean model.dimension?``."""
    places: dict[str, list[Path]] = {}
    for name in Config.model_fields:
        section = section_of(Config, name)
        for known in section.model_fields if section else ():
            places.setdefault(known, []).append((name, known))
        alone = section is None and section_of(Config, name, named=True) is None
        if alone and listed_section_of(Config, name) is None and name not in _FREE_TEXT:
            places.setdefault(name, []).append((name,))
    near = difflib.get_close_matches(
        str(path[-1]).lower(), [known for known in places if known not in _FREE_TEXT], 1, 0.85
    )
    if not near or len(places[near[0]]) > 1:
        return ""
    (home,) = places[near[0]]
    if home[:-1] == path[:-1]:
        return ""  # that key is here as well: this one is no slip
    where = f"in [{home[0]}]" if len(home) > 1 else "at the top, before the first section"
    return f"Did you mean {home[-1]} {where}?"


def _did_you_mean(word: str, known: list[str] | tuple[str, ...]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.8)
    return f"Did you mean {format_path(near)}?" if near else ""


def _finding(level: Any, path: Path, text: str, hint: str = "") -> Finding:
    return path, Problem(level, format_path(path), text, hint)


def _has(data: Table, key: str) -> bool:
    return isinstance(data.get(key), ReadOnlyDict)


def _table(data: Table, key: str) -> Table:
    value = data.get(key)
    value = vars(value) if isinstance(value, BaseModel) else value
    return value if isinstance(value, ReadOnlyDict) else {}
