"""What a take was made with, by its journal: version, models, settings, seed, and what was changed on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from itertools import islice
from typing import Any

from impsy.codecs.journal import Head
from impsy.data.logs.reading import EPOCH, read_log
from impsy.errors import DataError
from impsy.perform.exporting.table import happened
from impsy.perform.exporting.takes import RecordedTake, followed

__all__ = ["MOST_CHANGES", "origin_of"]

MOST_CHANGES = 500
"""Changes that are listed; the others are counted."""
_LONGEST = 200
"""Characters of a value."""


def origin_of(take: RecordedTake) -> dict[str, Any]:
    """What :class:`impsy.protocol.library.TakeOrigin` has, as JSON has it.

    Raises:
        DataError: it has no journal, or a file cannot be read.
    """
    if take.journal is None:
        raise DataError(f"{take.log.name} has no journal beside it, which would say what it was made with")
    times = read_log(take.log, take.controls, answers=True).times
    with followed(take.journal) as (head, calls):
        first = int(times[0]) / 1e6 if len(times) else (head.started_at - EPOCH).total_seconds()
        rows = happened(head, calls)
        changes = [
            {"at": round(at - first, 3), "name": name[:_LONGEST], "value": value[:_LONGEST]}
            for at, _, _, name, value in islice(rows, MOST_CHANGES)
        ]
        more = sum(1 for _ in rows)
    return {
        "version": head.version,
        "started": head.started_at.isoformat(timespec="seconds"),
        "seed": head.seed,
        "participant": head.participant,
        "condition": head.condition,
        "models": list(_models(head)),
        "settings": {each.name: _word(getattr(head.settings, each.name)) for each in fields(head.settings)},
        "changes": changes,
        "more": more,
        "versions": dict(head.versions),
    }


def _models(head: Head) -> Iterator[tuple[str, str]]:
    for facts in head.models:
        if facts.nobody:
            continue
        name = "random gestures, as there was no model" if facts.stand_in else facts.name or facts.file
        yield name or head.model or f"number {facts.number}", facts.sha256[:16]


def _word(value: object) -> str:
    return (str(value).lower() if isinstance(value, bool) else str(value))[:_LONGEST]
