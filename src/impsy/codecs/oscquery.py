"""OSCQuery: the addresses that an OSC port takes, described in JSON. Control apps build their layout from it.

Format: https://github.com/Vidvox/OSCQueryProposal. A request's path is an OSC address; its query names one attribute,
or ``HOST_INFO``. The addresses come from the tables that the OSC listener uses: :mod:`impsy.codecs.osc` and
:mod:`impsy.settings`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

from impsy.codecs.osc import COMMAND_ADDRESSES, ONE_CONTROL, encode_message, encode_vector
from impsy.codecs.shown import Shown
from impsy.mapping.commands import ACTIONS
from impsy.presets import PRESETS, preset_of
from impsy.settings import SETTINGS, Setting

__all__ = ["EXTENSIONS", "ONE_PREDICTION", "AddressSpace", "Answer", "Method", "Values", "host_info"]

ONE_PREDICTION = "/impsy/prediction/"
"""The address of one of the model's values, for reading; its control's number follows, from 1."""

NO_ACCESS, READ, WRITE, READ_AND_WRITE = range(4)

EXTENSIONS = {
    "ACCESS": True,
    "CLIPMODE": True,
    "DESCRIPTION": True,
    "RANGE": True,
    "TYPE": True,
    "UNIT": True,
    "VALUE": True,
    "LISTEN": True,
    "IGNORE": True,
    "PATH_CHANGED": True,
}
"""What is supported of the proposal's optional part."""

ATTRIBUTES = ("FULL_PATH", "CONTENTS", "TYPE", "ACCESS", "VALUE", "RANGE", "DESCRIPTION", "CLIPMODE", "UNIT")

TARGET_LIMIT = 1000
"""Characters of a request's target."""

_UNITS = {"s": "time.second", "BPM": "time.bpm"}
_CONTAINERS = {"/": "IMPSY", "/impsy": "IMPSY", "/impsy/control": "Controls", "/impsy/prediction": "Predictions"}
_TEXTS = {"model": "Model", "scene": "Scene", "preset": "Preset", "mark": "Marker"}

Values = tuple[float | bool | str, ...]


@dataclass(frozen=True, slots=True)
class Method:
    """One address.

    ``read`` returns its present values; None: it takes no value. ``ranges`` returns an entry for each value.
    ``clips``: values beyond the range become its limits.
    """

    address: str
    description: str
    access: int
    read: Callable[[Shown], Values] | None = None
    ranges: Callable[[Shown], list[dict[str, Any]]] | None = None
    clips: bool = False
    unit: str = ""

    def attributes(self, shown: Shown) -> dict[str, Any]:
        """The attributes as JSON has them."""
        found: dict[str, Any] = {
            "FULL_PATH": self.address,
            "DESCRIPTION": self.description,
            "TYPE": "I",  # an impulse
            "ACCESS": self.access,
        }
        if self.read is None:
            return found
        values = self.read(shown)
        found |= {"TYPE": _tags(values), "VALUE": list(values)}
        if self.ranges is not None:
            found["RANGE"] = self.ranges(shown)
        if self.clips:
            found["CLIPMODE"] = ["both"] * len(values)
        if self.unit:
            found["UNIT"] = [self.unit] * len(values)
        return found

    def message(self, values: Values) -> bytes:
        """The OSC message that holds these values."""
        tags = _tags(values)
        if set(tags) <= {"f"}:
            return encode_vector(self.address, [float(value) for value in values])
        return encode_message(self.address, tags, values)


def _tags(values: Values) -> str:
    return "".join(
        ("T" if value else "F") if isinstance(value, bool) else "s" if isinstance(value, str) else "f"
        for value in values
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered with: JSON where ``status`` is 200, nothing for 204, else a sentence."""

    status: HTTPStatus
    body: str = ""


class AddressSpace:
    """Everything that an OSC port of an instrument with ``controls`` values takes, as a tree.

    Args:
        controls: n, the values of a vector.
        names: of the controls, from the first; "" or missing: they are numbered.
        commands: whether the port takes commands; without, settings can only be read.
    """

    def __init__(self, controls: int, names: Sequence[str] = (), *, commands: bool = True) -> None:
        made = (*_playing(controls, names), *_commands(commands))
        self.methods = {method.address: method for method in made}
        self._below: dict[str, dict[str, str]] = {"/": {}}
        for address in self.methods:
            path = ""
            for name in address[1:].split("/"):
                self._below.setdefault(path or "/", {})[name] = path = f"{path}/{name}"

    def answer(self, target: str, shown: Shown, host: dict[str, Any]) -> Answer:
        """Answer a request for ``target``, such as ``/impsy/control/1?VALUE``. ``host`` is what HOST_INFO returns."""
        path, _, query = target.partition("?")
        path = unquote(path).rstrip("/") or "/"
        attribute = query.partition("=")[0].upper()
        if len(target) > TARGET_LIMIT:
            return Answer(HTTPStatus.REQUEST_URI_TOO_LONG, f"An address has {TARGET_LIMIT} characters at most.\n")
        if attribute == "HOST_INFO":
            return Answer(HTTPStatus.OK, json.dumps(host))
        if attribute and attribute not in ATTRIBUTES:
            known = ", ".join(ATTRIBUTES)
            return Answer(HTTPStatus.BAD_REQUEST, f"No such attribute. Ask for HOST_INFO or one of {known}.\n")
        if path not in self.methods and path not in self._below:
            return Answer(HTTPStatus.NOT_FOUND, "There is no such OSC address. / lists all.\n")
        if attribute:
            return self._attribute(path, attribute, shown)
        return Answer(HTTPStatus.OK, self._node(path, shown))

    def _attribute(self, path: str, attribute: str, shown: Shown) -> Answer:
        if attribute == "CONTENTS":
            if path not in self._below:
                return Answer(HTTPStatus.NO_CONTENT)
            return Answer(HTTPStatus.OK, f'{{"CONTENTS": {self._contents(path, shown)}}}')
        method = self.methods.get(path)
        found = _container(path) if method is None else method.attributes(shown)
        if attribute not in found:
            return Answer(HTTPStatus.NO_CONTENT)
        return Answer(HTTPStatus.OK, json.dumps({attribute: found[attribute]}))

    # In pieces: encoding a large tree in one call would hold the interpreter's lock for milliseconds.

    def _node(self, path: str, shown: Shown) -> str:
        method = self.methods.get(path)
        if method is not None:
            return json.dumps(method.attributes(shown))
        return f'{json.dumps(_container(path))[:-1]}, "CONTENTS": {self._contents(path, shown)}}}'

    def _contents(self, path: str, shown: Shown) -> str:
        nodes = (f"{json.dumps(name)}: {self._node(below, shown)}" for name, below in self._below[path].items())
        return f"{{{', '.join(nodes)}}}"


def _container(path: str) -> dict[str, Any]:
    return {"FULL_PATH": path, "DESCRIPTION": _CONTAINERS[path], "ACCESS": NO_ACCESS}


def host_info(name: str, ip: str, osc_port: int, port: int) -> dict[str, Any]:
    """What HOST_INFO returns: where OSC is received by UDP, and WebSocket connections for LISTEN, at one address."""
    return {
        "NAME": name,
        "EXTENSIONS": EXTENSIONS,
        "OSC_IP": ip,
        "OSC_PORT": osc_port,
        "OSC_TRANSPORT": "UDP",
        "WS_IP": ip,
        "WS_PORT": port,
    }


# --- the addresses ----------------------------------------------------------------------------------


def _playing(controls: int, names: Sequence[str]) -> Iterator[Method]:
    unit = {"MIN": 0.0, "MAX": 1.0}
    for address, description, access, read in (
        ("/interface", "All controls", READ_AND_WRITE, lambda shown: shown.played),
        ("/prediction", "All predictions", READ, lambda shown: shown.predicted),
    ):
        yield Method(address, description, access, read, lambda _shown: [unit] * controls, access != READ)
    titles = [(names[index] if index < len(names) else "") or f"Control {index + 1}" for index in range(controls)]
    for index, title in enumerate(titles):
        address = f"{ONE_CONTROL}{index + 1}"
        yield Method(address, title, READ_AND_WRITE, partial(_played, index), lambda _shown: [unit], clips=True)
    for index, title in enumerate(titles):
        address = f"{ONE_PREDICTION}{index + 1}"
        yield Method(address, f"{title}, predicted", READ, partial(_predicted, index), lambda _shown: [unit])


def _played(index: int, shown: Shown) -> Values:
    return shown.played[index : index + 1]


def _predicted(index: int, shown: Shown) -> Values:
    return shown.predicted[index : index + 1]


def _commands(taken: bool) -> Iterator[Method]:
    settings = {row.address: row for row in SETTINGS.values() if row.address}
    for address, command in COMMAND_ADDRESSES.items():
        name = address.rpartition("/")[2]
        if address in settings:
            yield _setting(settings[address], READ_AND_WRITE if taken else READ)
        elif command.argument == "nothing":
            if taken:
                yield Method(address, ACTIONS[name].title, NO_ACCESS)
        elif name in _READABLE:
            yield Method(
                address, _TEXTS[name], READ_AND_WRITE if taken else READ, _READABLE[name], _CHOICES.get(name)
            )
        elif taken:
            # A text that nothing keeps. Clients in use refuse an address that can be written and has no value.
            yield Method(address, _TEXTS[name], READ_AND_WRITE, lambda _shown: ("",))


_READABLE: dict[str, Callable[[Shown], Values]] = {
    "model": lambda shown: (shown.model,),
    "scene": lambda shown: (shown.scene,),
    "preset": lambda shown: (preset_of(shown.settings),),
}

_CHOICES: dict[str, Callable[[Shown], list[dict[str, Any]]]] = {
    "scene": lambda shown: [{"VALS": list(shown.scenes)}],
    "preset": lambda _shown: [{"VALS": list(PRESETS)}],
}


def _setting(row: Setting, access: int) -> Method:
    def read(shown: Shown) -> Values:
        value: float | bool | str = getattr(shown.settings, row.name)
        return (float(value) if row.kind == "number" else value,)

    ranges = _range(row)
    return Method(
        row.address,
        row.title,
        access,
        read,
        (lambda _shown: [ranges]) if ranges else None,
        unit=_UNITS.get(row.unit, ""),
    )


def _range(row: Setting) -> dict[str, Any]:
    """The values between which a fader is useful: those of the page's slider."""
    if row.kind == "choice":
        return {"VALS": list(row.choices)}
    if row.kind != "number":
        return {}
    low, high = (row.at(0.0), row.at(1.0)) if row.is_turned else row.within or row.useful
    return {"MIN": float(low), "MAX": float(high)}
