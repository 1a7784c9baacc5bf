"""Lines of a session's journal <-> what happened in it.

A journal is JSON, an object a line. The first line is the :class:`Head`. Each further line is something that the
engine was given, in the order in which it was, with its exact time, or a note that the engine never sees::

    {"at": 81.25, "do": "update", "changes": [[0, 0.5]], "port": "midi in X-TOUCH"}
    {"at": [81.5, 81.75], "do": "advance"}
    {"at": 82.0, "do": "set", "name": "mode", "value": "duet", "from": "osc"}
    {"at": 83.5, "do": "mark", "text": "the storm", "from": "commands"}

Times are seconds on the clock of the machine, as Python writes a float, so that reading gives the same number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import datetime
from typing import Any, NamedTuple, get_args

from impsy.events import EngineEvent, Event, SetPredictor
from impsy.limits import JOURNAL_LINE
from impsy.mapping.hands import Hand
from impsy.settings import Settings
from impsy.timing.line import Line

__all__ = [
    "ENGINE_EVENTS",
    "EVENTS",
    "FIELDS",
    "FORMAT",
    "NAMES",
    "SUFFIX",
    "Call",
    "Head",
    "ModelFacts",
    "VoiceFacts",
    "encode_call",
    "encode_head",
    "encode_model",
]

FORMAT = 1
SUFFIX = ".jsonl"
"""A journal is beside its log and has the log's name, but for its ending."""


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Which model it was.

    ``dimension``: length of its interaction vectors, those of one voice where several play. ``file``: relative to the
    workspace, or only its name where it was elsewhere; "" if it came from no file. ``sha256``: of the file's content;
    "" where there is none. ``saved``: where the weights of a model that came from no file are, beside the log.
    ``stand_in``: there was no model, and random gestures played; ``nobody``: nobody did. ``runs``: what computed it.
    ``density``: the sigma temperature at which its densities hold; 0 if it has none.
    """

    number: int
    dimension: int
    name: str = ""
    file: str = ""
    sha256: str = ""
    saved: str = ""
    stand_in: bool = False
    nobody: bool = False
    runs: str = ""
    density: float = 0.0


@dataclass(frozen=True, slots=True)
class VoiceFacts:
    """One of ``[[voices]]``: its model's number and name, its controls (from 0), own mode or "", whom it hears."""

    name: str
    model: int
    model_name: str
    controls: tuple[int, ...]
    mode: str
    hears: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The first line: all that a performance began with.

    ``started_at`` is the local time at ``origin`` seconds of the clock; ``made`` is when the engine was made.
    ``voices`` are empty where ``model``, by its name, plays all controls. ``config`` is the configuration's text, and
    ``overrides`` what the command line put above it. ``versions``: of what the models were computed with.
    """

    version: str
    started_at: datetime
    origin: float
    made: float
    seed: int
    settings: Settings
    model: str
    models: tuple[ModelFacts, ...]
    voices: tuple[VoiceFacts, ...] = ()
    log_input: bool = True
    log_predictions: bool = False
    participant: str = ""
    condition: str = ""
    config: str = ""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


class Call(NamedTuple):
    """What a line holds.

    ``what``: ``"receive"`` or ``"skim"`` (an event of ``event``), ``"note"`` (an event that is not the engine's),
    ``"advance"``, ``"start"``, ``"end"``, ``"recover"`` (``detail``: the reason, and how many rows of the call before
    it were recorded), ``"logged"`` (``detail``: which rows are), ``"config"`` (``detail``: the text of one that was
    saved), ``"model"`` (``detail``: the :class:`ModelFacts`), ``"cut"`` (from here on the journal has nothing).
    ``source``: the port that it came in by. ``seen``: what models that compute elsewhere answered meanwhile, in
    order: the model's number, then ``r`` (it was ready), ``n`` (not yet), ``h`` (it heard), ``d`` (it could not), or
    ``!`` and why it is given up. Of a ``SetPredictor``, ``event.predictor`` is the model's number.
    """

    what: str
    at: float
    event: Event | None = None
    source: str = ""
    seen: tuple[str, ...] = ()
    detail: Any = None


# --- events --------------------------------------------------------------------------------------------


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


ENGINE_EVENTS: dict[str, type[Any]] = {_snake(each.__name__): each for each in get_args(EngineEvent)}
EVENTS: dict[str, type[Any]] = {_snake(each.__name__): each for each in get_args(Event)}
NAMES = {kind: name for name, kind in EVENTS.items()}
# A model's content is a file beside the journal.
FIELDS: dict[type[Any], tuple[Field[Any], ...]] = {
    kind: tuple([each for each in fields(kind) if each.type != "bytes"]) for kind in EVENTS.values()
}


def _as_json(value: object) -> Any:
    if isinstance(value, Line):
        return [value.time, value.beat, value.tempo]
    if isinstance(value, Hand):
        return {each.name: now for each in fields(Hand) if (now := getattr(value, each.name)) != each.default}
    raise TypeError(type(value).__name__)


_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False, default=_as_json).encode


def _encoded_event(event: Event, model: Callable[[Any], int]) -> dict[str, Any]:
    found: dict[str, Any] = {"do": NAMES[type(event)]}
    for each in FIELDS[type(event)]:
        value = getattr(event, each.name)
        if isinstance(event, SetPredictor) and each.name in ("predictor", "file", "prepared"):
            if each.name == "predictor":  # the facts of the model have its file or its content
                found["predictor"] = model(value)
        elif each.default is MISSING or value != each.default:
            found[each.name] = value
    if isinstance(event, SetPredictor) and event.learnt:
        found["prepared"] = False  # a model that is opened again has heard nothing
    return found


# --- writing ----------------------------------------------------------------------------------------


def encode_head(head: Head) -> str:
    """The first line, newline included; without the configuration's text where it would be longer than is read."""
    data: dict[str, Any] = {
        "journal": FORMAT,
        "version": head.version,
        "started_at": head.started_at.isoformat(timespec="microseconds"),
        **{key: getattr(head, key) for key in ("origin", "made", "seed", "participant", "condition", "model")},
        "settings": {each.name: getattr(head.settings, each.name) for each in fields(Settings)},
        "models": [_plain(each) for each in head.models],
        "voices": [_plain(each) for each in head.voices],
        **{key: getattr(head, key) for key in ("log_input", "log_predictions", "versions", "overrides", "config")},
    }
    line = f"{_encode(data)}\n"
    return line if len(line) <= JOURNAL_LINE else f"{_encode({**data, 'config': ''})}\n"


def _plain(facts: ModelFacts | VoiceFacts) -> dict[str, Any]:
    found = {each.name: getattr(facts, each.name) for each in fields(facts)}
    return {
        name: value for name, value in found.items() if value not in ("", False, 0.0) or name in ("number", "model")
    }


def encode_model(facts: ModelFacts) -> str:
    """The line that introduces a model, which comes before the first that names its number."""
    return f"{_encode({'do': 'model', **_plain(facts)})}\n"


def encode_call(calls: Sequence[Call], model: Callable[[Any], int]) -> str:
    """The line of a call, or of several that differ in nothing but their times; newline included.

    ``model`` gives the number of a model.
    """
    times = [call.at for call in calls]
    call = calls[0]
    data: dict[str, Any] = {"at": times if len(times) > 1 else call.at}
    if call.event is not None:
        data |= _encoded_event(call.event, model)
        if call.what == "skim":
            data["skimmed"] = True
    else:
        data["do"] = call.what
    if call.detail is not None:
        data["detail"] = call.detail
    if call.source and call.source != data.get("port"):
        data["from"] = call.source
    if call.seen:
        data["seen"] = call.seen
    return f"{_encode(data)}\n"
