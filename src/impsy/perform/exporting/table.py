"""Takes as one table of comma-separated values, with what was changed and marked between the events.

A row is an event, of the performer or the model, or something of the journal: a setting, a model, a scene, a marker.
``mode``, ``model`` and ``scene`` are those in force; they are empty for takes without a journal.
"""

from __future__ import annotations

import csv
import heapq
import io
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import fields
from datetime import datetime, timedelta
from operator import itemgetter
from typing import IO, Any

from impsy.codecs.journal import NAMES, Call, Head
from impsy.codecs.log import MODEL, PERFORMER
from impsy.data.logs.reading import EPOCH, Log, read_log
from impsy.errors import DataError
from impsy.events import (
    Interaction,
    LinkBeat,
    LoadModel,
    Mark,
    MidiClock,
    PlayThrough,
    RecallScene,
    Released,
    Set,
    SetPredictor,
    Toggle,
    Touched,
    Unplugged,
    Update,
    UsePreset,
)
from impsy.perform.exporting.takes import RecordedTake, followed

__all__ = ["JOURNAL", "columns", "happened", "marks_of", "write_table"]

JOURNAL = "journal"
"""The source of the rows that are no events of a player."""

_PLAYED = (Interaction, Update, Released, Touched, PlayThrough, MidiClock, LinkBeat, Unplugged)
"""What the log has, or what is the time of others."""
_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet computes."""

Row = tuple[float, int, str, str, str]
"""When (seconds of local time since 1970), a number that keeps the order, the source, and name and value."""


def columns(controls: int) -> list[str]:
    """The names of the columns, for takes with so many controls at most."""
    values = [f"x_{number}" for number in range(1, controls + 1)]
    before = ["take", "participant", "condition", "time", "seconds", "source"]
    return [*before, *values, "mode", "model", "scene", "name", "value"]


def write_table(file: IO[bytes], takes: Sequence[RecordedTake]) -> int:
    """Write a table of these takes; returns how many rows it has below the names of its columns.

    Raises:
        DataError: a log or a journal cannot be read, or a log has no row.
    """
    controls = [take.controls for take in takes]
    most = max(controls)
    text = io.TextIOWrapper(file, "utf-8", errors="replace", newline="", write_through=True)
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns(most))
    rows = 0
    for take, count in zip(takes, controls, strict=True):
        for row in _rows_of(take, count, most):
            table.writerow(row)
            rows += 1
    text.detach()
    return rows


def _rows_of(take: RecordedTake, controls: int, most: int) -> Iterator[list[str]]:
    log = read_log(take.log, controls, exact=True, answers=True)
    if not len(log.times):
        raise DataError(f"{take.log}: no row has {controls} values, so there is nothing to export")
    nothing: Any = nullcontext((None, iter(())))
    with nothing if take.journal is None else followed(take.journal) as (head, calls):
        state = {"mode": "", "model": "", "scene": ""}
        who = ("", "")
        if head is not None:
            state |= {"mode": head.settings.mode, "model": head.model or ", ".join(v.model_name for v in head.voices)}
            who = (head.participant, head.condition)
        first = int(log.times[0]) / 1e6
        others = iter(()) if head is None else happened(head, calls)
        blank = [""] * most
        for at, number, source, name, value in heapq.merge(_played(log), others, key=itemgetter(0)):
            if source == JOURNAL and name in state:
                state[name] = value
            values = blank
            if source != JOURNAL:
                values = [*map(repr, log.values[number].tolist()), *blank[controls:]]
            yield [
                take.log.name, *map(_plain, who), _local(at), f"{at - first:.6f}", source, *values,
                *map(_plain, state.values()), name, _plain(value),
            ]  # fmt: skip


def _played(log: Log) -> Iterator[Row]:
    for number, (time, performer) in enumerate(zip(log.times.tolist(), log.performer.tolist(), strict=True)):
        yield time / 1e6, number, PERFORMER if performer else MODEL, "", ""


def happened(head: Head, calls: Iterator[Call]) -> Iterator[Row]:
    """What a journal has beside what was played, as rows of this table."""
    began = (head.started_at - EPOCH).total_seconds() - head.origin
    settings = {each.name: getattr(head.settings, each.name) for each in fields(head.settings)}
    for call in calls:
        for name, value in _told(call, settings):
            yield began + call.at, -1, JOURNAL, name, value


def _told(call: Call, settings: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What a call changes, as names and values; a setting that a device sends again and again changes once."""
    event = call.event
    if isinstance(event, Toggle):
        event = Set(event.name, not settings.get(event.name, False))
    match event:
        case Set(name, value):
            if settings.get(name) != value:
                settings[name] = value
                yield name, _word(value)
        case SetPredictor(_, name):
            yield "model", name
        case LoadModel(file):
            yield "load_model", file
        case RecallScene(name):
            yield "scene", name
        case UsePreset(name):
            yield "preset", name
        case Mark(text):
            yield "mark", text
        case None:
            if call.what in ("recover", "cut"):
                yield call.what, str(call.detail or "")
        case _ if not isinstance(event, _PLAYED):
            yield NAMES[type(event)], " ".join([_word(getattr(event, each.name)) for each in fields(event)])


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def marks_of(take: RecordedTake) -> list[tuple[float, str]]:
    """The markers of a take: seconds since its first row, and texts. Raises DataError if a file cannot be read."""
    if take.journal is None:
        return []
    with followed(take.journal) as (head, calls):
        began = (head.started_at - EPOCH).total_seconds() - head.origin
        found = [(began + call.at, call.event.text) for call in calls if isinstance(call.event, Mark)]
    if not found:
        return []
    times = read_log(take.log, take.controls, answers=True).times
    first = int(times[0]) / 1e6 if len(times) else found[0][0]
    return [(round(at - first, 3), text) for at, text in found]


def _local(seconds: float) -> str:
    try:
        return (EPOCH + timedelta(seconds=seconds)).isoformat(timespec="microseconds")
    except OverflowError:
        return (datetime.max if seconds > 0 else datetime.min).isoformat(timespec="microseconds")


def _plain(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULAS) else text
