"""A take with its journal, as files lie beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from impsy.codecs.journal import SUFFIX, Call, Head
from impsy.codecs.journalreading import read_journal
from impsy.codecs.log import dimension_of
from impsy.errors import DataError, refusal
from impsy.files import open_regular
from impsy.limits import JOURNAL_BYTES, MOST_LEARNED_DIMENSION

__all__ = ["RecordedTake", "followed", "head_of", "take_of"]


@dataclass(frozen=True, slots=True)
class RecordedTake:
    """``log``: the file of a take. ``journal``: that of its journal; None: it has none."""

    log: Path
    journal: Path | None

    @property
    def controls(self) -> int:
        """n; raises DataError where neither the name nor a journal says it."""
        named = dimension_of(self.log.name)
        if named is None and self.journal is not None:
            named = head_of(self.journal).settings.dimension
        if named is None or not 2 <= named <= MOST_LEARNED_DIMENSION:
            raise DataError(
                f"{self.log}: its name does not say its dimension: name it like 2026-09-26T10-00-00-9d-mdrnn.log"
            )
        return named - 1


def take_of(log: Path) -> RecordedTake:
    """The take in a log, with the journal beside it."""
    journal = log.with_suffix(SUFFIX)
    return RecordedTake(log, journal if journal.is_file() else None)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        with open_regular(path, JOURNAL_BYTES) as file:
            yield file
    except OSError as error:
        raise DataError(f"{path}: the journal cannot be read {refusal(error, 'get it again')}") from error


def head_of(journal: Path) -> Head:
    """The first line of a journal; raises DataError as :func:`impsy.codecs.journalreading.read_journal` does."""
    with _opened(journal) as file:
        return read_journal(file, str(journal))[0]


@contextmanager
def followed(journal: Path) -> Iterator[tuple[Head, Iterator[Call]]]:
    """A journal's first line and what its others hold, while it is open; raises DataError as :func:`head_of` does."""
    with _opened(journal) as file:
        yield read_journal(file, str(journal))
