"""Lines of a session's journal <-> what happened in it.

A journal is JSON, an object a line. The first line is the :class:`Head`. Each further line is something that the engine
was given, in the order in which it was, with its exact time, or a note that the engine never sees::

    {"at": 81.25, "do": "update", "changes": [[0, 0.5]], "port": "midi in X-TOUCH"}
    {"at": [81.5, 81.75], "do": "advance"}
    {"at": 82.0, "do": "set", "name": "mode", "value": "duet", "from": "osc"}
    {"at": 83.5, "do": "mark", "text": "the storm", "from": "commands"}

Times are seconds on the clock of the machine, as Python writes a float, so that reading gives the same number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import datetime
from typing import IO, Any, NamedTuple, get_args

from impsy.errors import ConfigError, DataError
from impsy.events import EngineEvent, Event, SetPredictor
from impsy.limits import JOURNAL_BYTES, JOURNAL_LINE, MOST_DIMENSION
from impsy.mapping.hands import Hand
from impsy.settings import Settings
from impsy.timing.line import Line

__all__ = [
    "FORMAT",
    "SUFFIX",
    "Call",
    "Head",
    "ModelFacts",
    "VoiceFacts",
    "encode_call",
    "encode_head",
    "encode_model",
    "read_journal",
]

FORMAT = 1
SUFFIX = ".jsonl"
"""A journal is beside its log and has the log's name, but for its ending."""

MOST_MODELS = 100_000
_MOST_WHOLE = 1 << 53


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """Which model it was.

    ``file``: relative to the workspace, or only its name where it was elsewhere; "" if it came from no file.
    ``sha256``: of the file's content; "" where there is none. ``saved``: where the weights of a model that came from no
    file are, beside the log. ``stand_in``: there was no model, and random gestures played. ``runs``: what computed it.
    ``density``: the sigma temperature at which its densities hold; 0 if it has none.
    """

    number: int
    name: str = ""
    file: str = ""
    sha256: str = ""
    saved: str = ""
    stand_in: bool = False
    runs: str = ""
    density: float = 0.0


@dataclass(frozen=True, slots=True)
class VoiceFacts:
    """One of ``[[voices]]``: its model's number and name, its controls (from 0), its own mode or "", whom it hears."""

    name: str
    model: int
    model_name: str
    controls: tuple[int, ...]
    mode: str
    hears: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The first line: all that a performance began with.

    ``started_at`` is the local time at ``origin`` seconds of the clock; ``made`` is when the engine was made. ``voices``
    are empty where ``model``, by its name, plays all controls. ``config`` is the configuration's text, and
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
    ``source``: the port that it came in by. ``seen``: what models that compute elsewhere answered meanwhile, in order:
    the model's number, then ``r`` (it was ready), ``n`` (not yet), ``h`` (it heard), ``d`` (it could not), or ``!``
    and why it is given up. Of a ``SetPredictor``, ``event.predictor`` is the model's number.
    """

    what: str
    at: float
    event: Event | None = None
    source: str = ""
    seen: tuple[str, ...] = ()
    detail: Any = None


# --- events -----------------------------------------------------------------------------------------


def _refused(what: object, wanted: str) -> DataError:
    return DataError(f"{str(what)[:60]!r} is not {wanted}")


def _number(value: object) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or (type(value) is int and abs(value) > _MOST_WHOLE)
    ):
        raise _refused(value, "a number")
    return value


def _seconds(value: object) -> float:
    number = float(_number(value))
    if not abs(number) < _MOST_WHOLE:
        raise _refused(value, "a time in seconds")
    return number


def _whole(value: object) -> int:
    if type(value) is not int or abs(value) > _MOST_WHOLE:
        raise _refused(value, "a whole number")
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise _refused(value, "true or false")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise _refused(value, "a text")
    return value


def _sha256(value: object) -> str:
    text = _text(value)
    if text and not re.fullmatch("[0-9a-f]{64}", text):
        raise _refused(value, "a SHA-256")
    return text


def _nothing(value: object) -> None:
    if value is not None:
        raise _refused(value, "left out")


Decode = Callable[[object], Any]


def _many(each: Decode, *, most: int | None = None) -> Decode:
    def decode(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list) or (most is not None and len(value) > most):
            raise _refused(value, "a list" + (f" of {most} at most" if most is not None else ""))
        return tuple([each(item) for item in value])

    return decode


def _row(*parts: Decode) -> Decode:
    def decode(value: object) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) != len(parts):
            raise _refused(value, f"a list of {len(parts)}")
        return tuple([part(item) for part, item in zip(parts, value, strict=True)])

    return decode


def _or_none(decode: Decode) -> Decode:
    return lambda value: None if value is None else decode(value)


def _line(value: object) -> Line:
    return Line(*_row(_seconds, _number, _number)(value))


def _message(value: object) -> str:
    text = _text(value)
    if text not in ("tick", "start", "continue", "stop", "position"):
        raise _refused(value, "a message of MIDI clock")
    return text


_texts = _many(_text)
_hand = {
    "name": _text, "enabled": _flag, "low": _number, "high": _number, "notes": _many(_whole, most=128),
    "gate": _or_none(_number), "repeat": _number, "velocity": _or_none(_whole),
}  # fmt: skip


def _hands(value: object) -> tuple[Hand, ...]:
    return tuple([_made(Hand, _hand, item) for item in _many(_object)(value)])


_TABLES: dict[str, Decode] = {
    "hands": _hands,
    "thru_matrix": _many(_row(_text, _texts)),
    "clock_send": _texts,
}
"""The live settings that are neither a number nor a flag nor a word."""


def _value(name: object, value: object) -> Any:
    table = _TABLES.get(name) if isinstance(name, str) else None
    if table is not None:
        return table(value)
    return value if isinstance(value, bool | str) else _number(value)


_DECODERS: dict[str, Decode] = {
    "str": _text,
    "bool": _flag,
    "int": _whole,
    "float": _number,
    "Line": _line,
    "MidiMessage": _message,
    "Predictor": _whole,
    "tuple[int, ...]": _many(_whole),
    "tuple[float, ...]": _many(_number),
    "tuple[tuple[int, float], ...]": _many(_row(_whole, _number)),
    "tuple[tuple[int, float | None], ...]": _many(_row(_whole, _or_none(_number))),
}
"""By the types of the fields of events, as they are written in ``impsy.events``."""


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


_ENGINE_EVENTS: dict[str, type[Any]] = {_snake(each.__name__): each for each in get_args(EngineEvent)}
_EVENTS: dict[str, type[Any]] = {_snake(each.__name__): each for each in get_args(Event)}
_NAMES = {kind: name for name, kind in _EVENTS.items()}
_FIELDS: dict[type[Any], tuple[Field[Any], ...]] = {kind: fields(kind) for kind in _EVENTS.values()}


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _refused(value, "an object")
    return value


def _made(kind: type[Any], decoders: Mapping[str, Decode], value: Mapping[str, Any]) -> Any:
    """An instance of a dataclass, of an object whose keys are its fields."""
    unknown = value.keys() - decoders.keys()
    if unknown:
        raise DataError(f"{min(unknown)[:60]!r} is not known here")
    try:
        return kind(**{name: decoders[name](item) for name, item in value.items()})
    except TypeError as error:  # a field is missing
        raise DataError(str(error).rpartition(") ")[2]) from error


def _event_of(name: str, data: Mapping[str, Any]) -> Event:
    kind = _EVENTS[name]
    if name == "set":
        return kind(_text(data.get("name")), _value(data.get("name"), data.get("value")))  # type: ignore[no-any-return]
    decoders = {each.name: _DECODERS[str(each.type)] for each in _FIELDS[kind]}
    return _made(kind, decoders, data)  # type: ignore[no-any-return]


def _as_json(value: object) -> Any:
    if isinstance(value, Line):
        return [value.time, value.beat, value.tempo]
    if isinstance(value, Hand):
        return {each.name: now for each in fields(Hand) if (now := getattr(value, each.name)) != each.default}
    raise TypeError(type(value).__name__)


_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False, default=_as_json).encode


def _encoded_event(event: Event, model: Callable[[Any], int]) -> dict[str, Any]:
    found: dict[str, Any] = {"do": _NAMES[type(event)]}
    for each in _FIELDS[type(event)]:
        value = getattr(event, each.name)
        if isinstance(event, SetPredictor) and each.name in ("predictor", "file"):
            if each.name == "predictor":  # the facts of the model have its file
                found["predictor"] = model(value)
        elif each.default is MISSING or value != each.default:
            found[each.name] = value
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


# --- reading ----------------------------------------------------------------------------------------

_DETAILS: dict[str, Decode] = {
    "advance": _nothing,
    "start": _nothing,
    "end": _nothing,
    "cut": _or_none(_text),
    "recover": _row(_text, _whole),
    "logged": _row(_flag, _flag),
    "config": _text,
}
_MODEL: dict[str, Decode] = {
    **{each.name: _DECODERS[str(each.type)] for each in fields(ModelFacts)},
    "sha256": _sha256,
}
_VOICE: dict[str, Decode] = {
    **{each.name: _DECODERS.get(str(each.type), _texts) for each in fields(VoiceFacts)},
}


def _lines(file: IO[bytes]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of a journal with the numbers of their lines. A last line that is cut is left out."""
    left = int(JOURNAL_BYTES)
    number = 0
    while line := file.readline(JOURNAL_LINE + 1):
        number += 1
        left -= len(line)
        if len(line) > JOURNAL_LINE or left < 0:
            raise DataError(f"line {number}: the line, or the journal, is longer than any that IMPSY writes")
        if not line.endswith(b"\n"):
            return
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DataError(f"line {number} is no JSON ({str(error)[:80]})") from error
        if not isinstance(found, dict):
            raise DataError(f"line {number} is no object")
        yield number, found


def read_journal(file: IO[bytes], name: str) -> tuple[Head, Iterator[Call]]:
    """The first line of a journal, and what its other lines hold, each read when it is asked for.

    ``name`` is for messages. A last line without an end is left out: the power was cut.

    Raises:
        DataError: a line is none of a journal, now or while the lines are read; the message has its number.
    """
    lines = _lines(file)
    head = None
    with _about(name):
        for _, found in lines:
            head = _head_of(found)
            break
        if head is None:
            raise DataError("it has no complete line")
    return head, _calls(lines, name)


def _calls(lines: Iterator[tuple[int, dict[str, Any]]], name: str) -> Iterator[Call]:
    number = 1
    with _about(name):
        for number, found in lines:
            try:
                calls = _calls_of(found)
            except DataError as error:
                raise DataError(f"line {number}: {error}") from error
            yield from calls


class _about:
    """Names the journal in an error of what it holds, and says what helps."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, DataError) and not isinstance(error, _Located):
            raise _Located(
                f"{self._name}: this journal cannot be followed: {error}. Get it again, or replay the performer's rows "
                "alone with --no-journal"
            ) from error


class _Located(DataError):
    """Its message has the journal's name."""


def _calls_of(data: dict[str, Any]) -> list[Call]:
    what = _text(data.pop("do", None))
    if what == "model":
        return [Call("model", 0.0, detail=_made(ModelFacts, _MODEL, data))]
    at = data.pop("at", None)
    times = [_seconds(each) for each in at] if isinstance(at, list) else [_seconds(at)]
    source = _text(data.pop("from", ""))
    seen = _texts(data.pop("seen", []))
    if what in _DETAILS:
        detail = _DETAILS[what](data.pop("detail", None))
        if data:
            raise DataError(f"{min(data)[:60]!r} is not known here")
        return [Call(what, time, None, source, seen, detail) for time in times]
    if what not in _EVENTS:
        raise _refused(what, "anything that a session is given; it may be of a later version of IMPSY")
    skimmed = _flag(data.pop("skimmed", False))
    event = _event_of(what, data)
    how = "note" if what not in _ENGINE_EVENTS else "skim" if skimmed else "receive"
    return [Call(how, time, event, source or getattr(event, "port", ""), seen) for time in times]


def _head_of(data: dict[str, Any]) -> Head:
    if data.get("journal") != FORMAT:
        raise DataError(
            f"its first line is none of a journal of format {FORMAT}; a later version of IMPSY may read it"
        )
    settings = dict(_object(data.get("settings")))
    dimension = _whole(settings.pop("dimension", None))
    if not 2 <= dimension <= MOST_DIMENSION:
        raise DataError(f"a dimension of {dimension} is not possible")
    known = {each.name for each in fields(Settings)}
    if unknown := settings.keys() - known:
        raise DataError(f"the setting {min(unknown)[:60]!r} is not known here")
    values = {name: _value(name, value) for name, value in settings.items()}
    voices = tuple(
        [_made(VoiceFacts, _VOICE, {"mode": "", "hears": [], **_object(each)}) for each in _listed(data, "voices")]
    )
    try:
        started = datetime.fromisoformat(_text(data.get("started_at")))
    except ValueError as error:
        raise _refused(data.get("started_at"), "a date and time") from error
    if started.tzinfo is not None:
        raise _refused(data.get("started_at"), "a local date and time")
    seed = _whole(data.get("seed"))
    if seed < 0:
        raise _refused(seed, "a seed")
    texts = {key: _text(data.get(key, "")) for key in ("version", "model", "participant", "condition", "config")}
    return Head(
        started_at=started,
        origin=_seconds(data.get("origin")),
        made=_seconds(data.get("made")),
        seed=seed,
        settings=_settings(dimension, values),
        models=tuple([_made(ModelFacts, _MODEL, _object(each)) for each in _listed(data, "models")]),
        voices=voices,
        log_input=_flag(data.get("log_input")),
        log_predictions=_flag(data.get("log_predictions")),
        overrides=_object(data.get("overrides", {})),
        versions={key: _text(value) for key, value in _object(data.get("versions", {})).items()},
        **texts,
    )


def _settings(dimension: int, values: Mapping[str, Any]) -> Settings:
    try:
        return Settings(dimension, **values)
    except ConfigError as error:
        raise DataError(str(error)) from error


def _listed(data: Mapping[str, Any], key: str) -> tuple[Any, ...]:
    found: tuple[Any, ...] = _many(_object, most=MOST_MODELS)(data.get(key, []))
    return found
