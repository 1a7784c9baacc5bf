"""The lines of a journal, read: typed, each of them checked, and bounded by :mod:`impsy.limits`.

Nothing in a journal is run, and no file that it names is looked at here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from datetime import datetime
from typing import IO, Any

from impsy.codecs.journal import ENGINE_EVENTS, EVENTS, FIELDS, FORMAT, Call, Head, ModelFacts, VoiceFacts
from impsy.errors import ConfigError, DataError
from impsy.events import Event
from impsy.limits import JOURNAL_BYTES, JOURNAL_LINE, MOST_DIMENSION
from impsy.mapping.hands import Hand
from impsy.settings import Settings
from impsy.timing.line import Line

__all__ = ["read_journal"]

MOST_MODELS = 100_000
FASTEST = 10_000
"""Beats a minute, at most: a clock is sent 24 times as many ticks."""
_MOST_WHOLE = 1 << 53


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
    line = Line(*_row(_seconds, _seconds, _seconds)(value))
    if not 0 < line.tempo <= FASTEST:
        raise _refused(line.tempo, "a tempo")
    return line


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
    kind = EVENTS[name]
    if name == "set":
        return kind(_text(data.get("name")), _value(data.get("name"), data.get("value")))  # type: ignore[no-any-return]
    decoders = {each.name: _DECODERS[str(each.type)] for each in FIELDS[kind]}
    return _made(kind, decoders, data)  # type: ignore[no-any-return]


def _dimension(value: object) -> int:
    dimension = _whole(value)
    if not 2 <= dimension <= MOST_DIMENSION:
        raise DataError(f"a dimension of {dimension} is not possible")
    return dimension


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
    "dimension": _dimension,
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
                f"{self._name}: this journal cannot be followed: {error}. Get it again, or replay the performer's "
                "rows alone with --no-journal"
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
    if what not in EVENTS:
        raise _refused(what, "anything that a session is given; it may be of a later version of IMPSY")
    skimmed = _flag(data.pop("skimmed", False))
    event = _event_of(what, data)
    how = "note" if what not in ENGINE_EVENTS else "skim" if skimmed else "receive"
    return [Call(how, time, event, source or getattr(event, "port", ""), seen) for time in times]


def _head_of(data: dict[str, Any]) -> Head:
    if data.get("journal") != FORMAT:
        raise DataError(
            f"its first line is none of a journal of format {FORMAT}; a later version of IMPSY may read it"
        )
    settings = dict(_object(data.get("settings")))
    dimension = _dimension(settings.pop("dimension", None))
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
