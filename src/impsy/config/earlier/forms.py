"""Earlier forms of a configuration, and how each is brought to the present one.

Until November 2025 ``[midi]`` had one device as a string and one flat list of entries; versions before that called
other keys otherwise. :data:`RULES` has a row for each form: a function that recognises it in plain tables and returns
what it means in words, and the steps to the present form. Loading makes the steps in the tables that a file holds;
``impsy config upgrade`` makes the same ones in its text.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from typing import Any

from impsy.config.checks import mapping_lengths
from impsy.config.earlier.steps import Cut, PresentForm, Rename, Retire, Split, Step, Tables, Write, value_at
from impsy.config.positions import Path, format_path
from impsy.config.problems import Problem

__all__ = ["RULES", "in_one_line", "present_form"]

SYNTHETIC_DEVICES = ("AUv3", "WebMIDI")
"""The device under which the sibling applications write the entries of all devices, one list after the other."""

_FREE_TEXT = ("title", "owner", "description")
_WAYS = ("input", "output")
_DEVICES = {"input": "in_device", "output": "out_device"}
_NUMBERS = (
    ("osc", "server_port"), ("osc", "client_port"), ("websocket", "server_port"),
    ("webui", "monitor_port"), ("webui", "command_port"), ("serial", "baudrate"),
)  # fmt: skip
"""Port numbers, and the speed of a serial port: earlier versions had some of them in quotes."""


Understood = tuple[str, Sequence[Step]]
"""What an earlier form means, and the steps that write it as today; without steps, there is nothing of that form."""

Rule = Callable[[Tables], Understood | None]


def present_form(tables: Tables, *, whole_lists: bool = False) -> PresentForm:
    """Bring the plain tables of a file to the present form, whatever they hold. ``tables`` stay as they are.

    With ``whole_lists``, outputs keep what they have beyond the controls: for editing, where it may be the dimension
    that is to be changed.
    """
    form = PresentForm(tables)
    for rule in RULES:
        if rule is not _longer_outputs or not whole_lists:
            form = _with(form, rule)
    if form.findings:
        for rule in RULES_OF_EARLIER_FILES:
            form = _with(form, rule)
    return form


def _with(form: PresentForm, rule: Rule) -> PresentForm:
    sentence, steps = rule(form.tables) or ("", ())
    if not steps:
        return form
    tables = copy.deepcopy(form.tables)
    for step in steps:
        step.apply(tables)
    place = form.origin(steps[0].place)
    finding = (place, Problem("info", format_path(place), sentence))
    return PresentForm(tables, (*form.findings, finding), (*form.steps, *steps))


def in_one_line(problems: Iterable[Problem]) -> str:
    """What was understood, in a line without its end; empty: nothing."""
    sentences = "; ".join(problem.text for problem in problems)
    return sentences and f"earlier form understood: {sentences}"


# --- the rules --------------------------------------------------------------------------------------


def _text_in_other_types(tables: Tables) -> Understood | None:
    """``[owner]`` as a table, a date as title."""
    found = [(key, _as_text(tables[key])) for key in _FREE_TEXT if not isinstance(tables.get(key, ""), str)]
    steps = [Write((key,), text) for key, text in found if text is not None]
    names = _listed(format_path(step.place) for step in steps)
    return f"{names} read as text", steps


def _as_text(value: object) -> str | None:
    """Free text that was written as a table, a list, a date or a number; None: it is none of these."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return value
    if isinstance(value, datetime | date | time):
        return value.isoformat(" ") if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, int | float):
        return str(value) if not isinstance(value, int) or abs(value) < 1 << 64 else None
    if isinstance(value, dict | list):
        parts = [_as_text(item) for item in (value.values() if isinstance(value, dict) else value)]
        return None if None in parts else ", ".join(part for part in parts if part)
    return None


def _log(tables: Tables) -> Understood | None:
    """``log = true`` of version 0.4 and before."""
    if not isinstance(tables.get("log"), bool):
        return None
    if "log_input" in tables:
        return "log has no effect beside log_input", (Retire(("log",)),)
    return "log is log_input", (Rename(("log",), ("log_input",)),)


def _midiserial(tables: Tables) -> Understood | None:
    """``[midiserial]``, with the channel as the message carries it: 0 for the first."""
    table = tables.get("midiserial")
    if not isinstance(table, dict) or "serialmidi" in tables:
        return None
    sentence = "[midiserial] is [serialmidi]"
    steps: list[Step] = [Rename(("midiserial",), ("serialmidi",))]
    entries = [
        (("serialmidi", way, index, 1), entry[1])
        for way in _WAYS
        for index, entry in enumerate(table[way] if isinstance(table.get(way), list) else ())
        if isinstance(entry, list) and len(entry) > 1 and isinstance(entry[1], int) and not isinstance(entry[1], bool)
    ]
    channels = [channel for _, channel in entries]
    if 0 in channels:
        sentence += ", its channel 0 (as the message carries it) is channel 1 here"
        # 16 is no number that a message could carry: then only the zeros count from 0.
        counted = entries if max(channels) < 16 else [(path, channel) for path, channel in entries if channel == 0]
        steps += [Write(path, channel + 1) for path, channel in counted]
    return sentence, steps


def _device_is_port(tables: Tables) -> Understood | None:
    """``device`` where a serial port is called ``port`` now."""
    steps = tuple(
        Rename((section, "device"), (section, "port"))
        for section in ("serialmidi", "serial")
        if isinstance(_table(tables, section).get("device"), str) and "port" not in tables[section]
    )
    return (f"device of [{steps[0].place[0]}] is its port", steps) if steps else None


def _one_device(tables: Tables) -> Understood | None:
    """``in_device = "X-TOUCH"``."""
    midi = _table(tables, "midi")
    found = [key for key in _DEVICES.values() if isinstance(midi.get(key), str)]
    steps = [Write(("midi", key), [midi[key]]) for key in found]
    return f"{_listed(found)} of [midi] name one port", steps


def _one_list(tables: Tables) -> Understood | None:
    """``input`` and ``output`` as one flat list of entries for the ports that are named."""
    midi, controls = _table(tables, "midi"), _controls(tables)
    steps: list[Step] = []
    found = []
    for way in _WAYS:
        entries, devices = midi.get(way), _devices(midi, way)
        if not isinstance(entries, list) or (entries and not devices):
            continue
        found.append(way)
        if not entries:
            steps.append(Retire(("midi", way)))
            continue
        steps.append(Rename(("midi", way), ("midi", way, devices[0])))
        if len(devices) > 1 and controls and len(entries) == len(devices) * controls:
            continue  # a list for each: _merged_lists divides it
        steps += [Write(("midi", way, name), entries, ("midi", way, devices[0])) for name in devices[1:]]
    return f"{_listed(found)} of [midi] are one list of entries", steps


def _merged_lists(tables: Tables) -> Understood | None:
    """The lists of several devices as one, as the sibling applications write them."""
    midi, controls = _table(tables, "midi"), _controls(tables)
    steps: list[Step] = []
    count = 0
    for way in _WAYS if controls else ():
        mappings, devices = _table(midi, way), _devices(midi, way)
        unmapped = [name for name in devices if name not in mappings]
        for port, entries in mappings.items():
            if not isinstance(entries, list) or len(entries) % controls or len(entries) == controls or not entries:
                continue
            lists = len(entries) // controls
            if port in devices and len(unmapped) == lists - 1 and len(mappings) == 1:
                names = tuple(unmapped)
            elif port in SYNTHETIC_DEVICES and len(mappings) == 1 and lists <= _MOST_LISTS:
                names = tuple(f"{port} {number}" for number in range(2, lists + 1))
                listed = [*devices, *(name for name in names if name not in devices)]
                steps.append(Write(("midi", _DEVICES[way]), listed))
            else:
                continue
            steps.append(Split(("midi", way, port), controls, names))
            count = lists
    sentence = f"the entries of {count} devices that were merged into one list belong to one device each"
    return sentence, steps


_MOST_LISTS = 16
"""More devices than this are no explanation of a long list."""


def _thru_matrix(tables: Tables) -> Understood | None:
    """``thru_matrix`` as a list of pairs, or with one output as a string."""
    matrix = _table(tables, "midi").get("thru_matrix")
    place: Path = ("midi", "thru_matrix")
    if isinstance(matrix, dict):
        steps = [Write((*place, port), [target]) for port, target in matrix.items() if isinstance(target, str)]
        return "thru_matrix names one output as text", steps
    if not isinstance(matrix, list):
        return None
    pairs = [matrix] if matrix and all(isinstance(item, str) for item in matrix) else matrix
    table: dict[str, list[str]] = {}
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) < 2 or not isinstance(pair[0], str):
            return None
        targets = [target for item in pair[1:] for target in (item if isinstance(item, list) else [item])]
        if not all(isinstance(target, str) for target in targets):
            return None
        known = table.setdefault(pair[0], [])
        known += [target for target in dict.fromkeys(targets) if target not in known]
    return "thru_matrix is a list of pairs", (Write(place, table),)


def _longer_outputs(tables: Tables) -> Understood | None:
    """An output with more entries than there are controls: those beyond were never played."""
    controls = _controls(tables)
    if not controls:
        return None
    # Inputs of the same length say that the dimension is wrong, not the output.
    inputs = {length for path, length in mapping_lengths(tables) if path[1] == "input"}
    steps = [
        Cut(path, controls)
        for path, length in mapping_lengths(tables)
        if path[1] == "output" and length > controls and length not in inputs
    ]
    where = _listed(format_path(step.place) for step in steps)
    return f"of {where} the first {controls} entries are played", steps


def _numbers_in_quotes(tables: Tables) -> Understood | None:
    """``server_port = "5000"``."""
    steps = tuple(
        Write(path, int(value.strip()))
        for path in _NUMBERS
        if isinstance(value := value_at(tables, path), str)
        and value.strip().isascii()
        and value.strip().isdigit()
        and len(value) < 12
    )
    names = _listed(format_path(step.place) for step in steps)
    return f"{names} read as a number" if len(steps) == 1 else f"{names} read as numbers", steps


def _mappings_of_midi(tables: Tables) -> Understood | None:
    """``[websocket]`` and ``[serialmidi]`` without mappings use those of ``[midi]``."""
    steps: list[Step] = []
    sections = []
    for section in ("websocket", "serialmidi"):
        table = tables.get(section)
        if not isinstance(table, dict) or any(way in table for way in _WAYS):
            continue
        found = [
            Write((section, way), entries, source)
            for way in _WAYS
            for source, entries in _only_list(_table(tables, "midi").get(way), ("midi", way))
        ]
        if found:
            steps += found
            sections.append(f"[{section}]")
    # A list for no port was there for these sections; where nothing uses it, a port is missing.
    unported = [way for way in _WAYS if isinstance(_table(tables, "midi").get(way), list)]
    steps += [Retire(("midi", way)) for way in unported if steps and not _devices(tables["midi"], way)]
    verb = "uses" if len(sections) == 1 else "use"
    return f"{_listed(sections)} without mappings {verb} [midi]'s", steps


def _only_list(found: object, place: Path) -> Iterator[tuple[Path, list[Any]]]:
    """The list of entries that all ports share, if they do."""
    if isinstance(found, list) and found:
        yield place, found
    lists = list(found.items()) if isinstance(found, dict) else []
    if lists and isinstance(lists[0][1], list) and all(entries == lists[0][1] for _, entries in lists):
        yield (*place, lists[0][0]), lists[0][1]


def _port_of_serial(tables: Tables) -> Understood | None:
    """``[serialmidi]`` without a port: ``[serial]`` is there to name it."""
    port = _table(tables, "serial").get("port")
    table = tables.get("serialmidi")
    if not isinstance(port, str) or not isinstance(table, dict) or "port" in table:
        return None
    steps = (Write(("serialmidi", "port"), port, ("serial", "port")), Retire(("serial",)))
    return "[serial] names the port of [serialmidi]", steps


RULES: tuple[Rule, ...] = (
    _text_in_other_types,
    _log,
    _midiserial,
    _device_is_port,
    _one_device,
    _one_list,
    _merged_lists,
    _thru_matrix,
    _longer_outputs,
    _numbers_in_quotes,
    _mappings_of_midi,
    _port_of_serial,
)
"""In the order in which they are tried; each finds the tables as those before it left them."""


# --- what only means something in a file that is in an earlier form anyway --------------------------


def _name(tables: Tables) -> Understood | None:
    """``name``, which was the ``owner``. In other files it is another program's key."""
    if not isinstance(tables.get("name"), str) or "owner" in tables:
        return None
    return "name is owner", (Rename(("name",), ("owner",)),)


def _websocket_client(tables: Tables) -> Understood | None:
    """The address of a server that early versions connected to as a client. In other files it is a slip."""
    table = _table(tables, "websocket")
    steps = tuple(Retire(("websocket", key)) for key in ("client_ip", "client_port") if key in table)
    names = _listed(str(step.place[-1]) for step in steps)
    return f"{names} of [websocket] {'has' if len(steps) == 1 else 'have'} no effect", steps


def _serial_beside_serialmidi(tables: Tables) -> Understood | None:
    """Both on one port: released versions took the port of ``[serialmidi]`` from ``[serial]``."""
    port = _table(tables, "serial").get("port")
    if not isinstance(port, str) or _table(tables, "serialmidi").get("port") != port:
        return None
    return "[serial] names the port of [serialmidi]", (Retire(("serial",)),)


RULES_OF_EARLIER_FILES: tuple[Rule, ...] = (_name, _websocket_client, _serial_beside_serialmidi)
"""Tried where one of :data:`RULES` was found; elsewhere these things are reported as what they are today."""


# --- reading tables of any kind ---------------------------------------------------------------------


def _table(tables: Tables, key: str) -> Tables:
    found = tables.get(key)
    return found if isinstance(found, dict) else {}


def _devices(midi: Tables, way: str) -> list[str]:
    """The ports that are listed for a way, each once; a single one may be text."""
    listed = midi.get(_DEVICES[way])
    names = [listed] if isinstance(listed, str) else listed if isinstance(listed, list) else []
    return list(dict.fromkeys(names)) if all(isinstance(name, str) for name in names) else []


def _controls(tables: Tables) -> int:
    """The number of controls that ``[model] dimension`` means; 0: it is missing or no dimension."""
    dimension = _table(tables, "model").get("dimension")
    if not isinstance(dimension, int) or isinstance(dimension, bool):
        return 0
    return max(0, dimension - 1)


def _listed(names: Any) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *first, last = [*names] or [""]
    return f"{', '.join(first)} and {last}" if first else last
