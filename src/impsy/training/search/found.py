"""The state of a search, and what it has found."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from impsy.errors import ConfigError
from impsy.training.search.storages import embedded
from impsy.training.search.studies import Attempt, SharedStudy, stand

__all__ = ["Found", "Row", "check_name", "found_so_far", "recipe_file", "rows_of", "storage_url"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True)
class Row:
    """One trial as a table shows it. ``outcome``: complete, pruned, failed, or running elsewhere."""

    number: int
    outcome: str
    value: float | None
    seconds: float | None
    params: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""


@dataclass(frozen=True)
class Found:
    """The state of a search: rows with the best first, how many places are done, and the file of the best recipe."""

    rows: tuple[Row, ...]
    done: int
    total: int | None
    recipe_file: Path | None
    importance: Mapping[str, float] = field(default_factory=dict)
    trial_minutes: float | None = None

    @property
    def best(self) -> Row | None:
        """The complete trial with the lowest held-out NLL."""
        return next((row for row in self.rows if row.value is not None), None)


def check_name(study: str) -> None:
    """Raise ConfigError if ``study`` is not fit for a file's name."""
    if not _NAME.fullmatch(study):
        raise ConfigError(f"--study is a name of letters, digits, '.', '_' and '-', not {study!r}")


def storage_url(storage: str | None, destination: Path, study: str) -> str:
    """Where the trials are kept."""
    return storage if storage is not None else embedded(destination / f"{study}.db")


def recipe_file(destination: Path, study: str) -> Path:
    """Where the best recipe is kept."""
    return destination / f"{study}.json"


def found_so_far(destination: Path, study: str, storage: str | None = None) -> Found:
    """The state of a search, without taking part.

    Raises:
        ConfigError: there is none of this name, or Optuna is missing.
        DeviceError: the storage cannot be used.
    """
    check_name(study)
    if storage is None and not (destination / f"{study}.db").exists():
        raise ConfigError(f"{destination} holds no search named {study!r}; start one with `impsy search`")
    shared = SharedStudy(storage_url(storage, destination, study), study, make=False)
    attempts = shared.attempts()
    path = recipe_file(destination, study)
    settings = shared.settings or {}
    return Found(
        rows=rows_of(attempts),
        done=len(stand(attempts).done),
        total=None,
        recipe_file=path if path.exists() else None,
        importance=shared.importance(),
        trial_minutes=settings.get("trial_minutes"),
    )


def rows_of(attempts: Sequence[Attempt]) -> tuple[Row, ...]:
    """Trials as rows: complete ones by their value, then the others by number."""
    rows = [_row(attempt) for attempt in attempts if attempt.done or attempt.state == "running"]
    return tuple(sorted(rows, key=lambda row: (row.value is None, row.value or 0.0, row.number)))


def _row(attempt: Attempt) -> Row:
    outcome = "failed" if attempt.failed else attempt.state
    return Row(attempt.number, outcome, attempt.value, attempt.seconds, attempt.params, attempt.failed)
