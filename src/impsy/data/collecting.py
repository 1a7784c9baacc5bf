"""All logs of a folder as one dataset: which belong to it, which are there twice, and what was wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from impsy.codecs.log import dimension_of
from impsy.data.datasets import DIMENSIONS, Dataset
from impsy.data.logs.performances import events_of
from impsy.data.logs.reading import Log, Numbers, Problem, read_log
from impsy.data.pauses import split_at_pauses
from impsy.errors import DataError, refusal
from impsy.files import leads_out
from impsy.limits import MOST_PERFORMANCES
from impsy.text import counted

__all__ = ["Collection", "Copy", "LogReport", "NoEventsError", "Overlap", "collect", "find_logs"]

_SAVED_AS = (".log", ".csv", ".tsv")
"""How the names of files end that may be meant as logs."""

_NONE: Mapping[str, float] = MappingProxyType({})


REASONS = {
    "first": "that begin the count of time",
    "model": "of the model",
    "other source": "of another source",
    "malformed": "malformed",
    "copy": "in copies of other logs",
}
"""Why a row gives no event, in words."""


@dataclass(frozen=True, slots=True)
class LogReport:
    """What became of one log.

    name: of the file. rows: all its rows. events: how many of them are used. left_out: how many are not, by the
    reasons in :data:`REASONS`; rows = events + the sum of these. problems: the first of those that are malformed or
    of another source. remarks: sentences about what else was put right.
    """

    name: str
    rows: int
    events: int
    left_out: dict[str, int]
    problems: tuple[Problem, ...]
    remarks: tuple[str, ...]

    @property
    def unread(self) -> int:
        """Rows that should not be in a log: those that ``problems`` begins to name."""
        return self.left_out["malformed"] + self.left_out["other source"]


@dataclass(frozen=True, slots=True)
class Copy:
    """A log with the same rows of the performer as another; it was left out."""

    name: str
    original: str


@dataclass(frozen=True, slots=True)
class Overlap:
    """Two logs that have some rows of the performer in common (time and values); both were used."""

    name: str
    other: str
    rows: int


@dataclass(frozen=True, eq=False, slots=True)
class Collection:
    """A dataset, and how it came about.

    dataset: one performance for each log that has events and is no copy, in the order of the names; several, of one
    name, for a log that was split at its pauses.
    logs: a report on every log that was read, in the same order.
    copies, overlaps: what is there twice.
    """

    dataset: Dataset
    logs: tuple[LogReport, ...]
    copies: tuple[Copy, ...]
    overlaps: tuple[Overlap, ...]

    @property
    def rows(self) -> int:
        """All rows of all logs."""
        return sum(log.rows for log in self.logs)

    @property
    def left_out(self) -> dict[str, int]:
        """As in the reports on the logs, of all together."""
        return {reason: sum(log.left_out[reason] for log in self.logs) for reason in REASONS}

    @property
    def account(self) -> str:
        """A sentence on what became of all rows."""
        used = f"{self.rows:,} row{'s' * (self.rows != 1)}: {len(self.dataset):,} used"
        reasons = [f"{count:,} {REASONS[reason]}" for reason, count in self.left_out.items() if count]
        return f"{used}; left out are {', '.join(reasons)}" if reasons else used


class NoEventsError(DataError):
    """The logs hold no event."""


class Found(NamedTuple):
    """Logs of a folder: those of one dimension, and what else looks like a log, with the reason why it is none."""

    dimension: int
    paths: list[Path]
    others: dict[str, str]


def find_logs(
    folder: Path, dimension: int | None = None, include: Sequence[str] = (), exclude: Sequence[str] = ()
) -> Found:
    """The logs of a dimension in a folder, in the order of their names, so of time.

    What is a log, its name says: see :func:`impsy.codecs.log.dimension_of`.

    Args:
        folder: where to look; not in folders within it.
        dimension: D; None if the names leave no choice.
        include: patterns (``2026-*``) of which a name must fit one, if there are any.
        exclude: patterns of which it must fit none.

    Raises:
        DataError: there is no such folder, no log in it that fits, or logs of several dimensions and none asked for.
    """
    around = folder.resolve().parent  # a log may be a link to another folder of the same workspace
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise DataError(f"{folder}: this {what}; give the folder that holds the logs (-S/--source)")
    try:
        names = sorted(path.name for path in folder.iterdir() if path.is_file() and not leads_out(path, around))
    except OSError as error:
        remedy = "give the folder that holds the logs (-S/--source)"
        raise DataError(f"{folder}: cannot be read {refusal(error, remedy)}") from error
    found = [(name, width) for name in names if (width := dimension_of(name)) is not None]
    if not found:
        raise DataError(
            f"{folder}: there are no logs in it (named like 2026-09-26T10-00-00-9d-mdrnn.log) among its "
            f"{len(names)} files; play with “impsy run” to record some, or name another folder (-S/--source)"
        )
    chosen = [(name, width) for name, width in found if _chosen(name, include, exclude)]
    counts = Counter(width for _, width in chosen)
    if not chosen:
        raise DataError(
            f"{folder}: none of its {len(found)} logs fits --include and --exclude; change them to fit names such as "
            f"{found[0][0]}"
        )
    if dimension is None:
        if len(counts) > 1:
            raise DataError(
                f"{folder}: there are logs of several dimensions ({_listed(counts)}); say which with -D/--dimension"
            )
        (dimension,) = counts
    if dimension not in counts:
        raise DataError(
            f"{folder}: there is no log of dimension {dimension} (but {_listed(counts)}); leave out -D, or give one "
            "that is there"
        )
    if dimension not in DIMENSIONS:
        raise DataError(
            f"{folder}: a dimension of {dimension} is not possible; give -D as 1 + the number of controls"
        )
    others = {name: "does not fit --include and --exclude" for name, _ in set(found) - set(chosen)}
    others |= {name: f"is of dimension {width}" for name, width in chosen if width != dimension}
    others |= {
        name: "has no name of a log (…-9d-mdrnn.log), which says its dimension"
        for name in names
        if name.lower().endswith(_SAVED_AS) and dimension_of(name) is None and not name.startswith(".")
    }
    return Found(dimension, [folder / name for name, width in chosen if width == dimension], others)


def _chosen(name: str, include: Sequence[str], exclude: Sequence[str]) -> bool:
    if include and not any(fnmatchcase(name, pattern) for pattern in include):
        return False
    return not any(fnmatchcase(name, pattern) for pattern in exclude)


def _listed(counts: Counter[int]) -> str:
    return ", ".join(f"{count} of dimension {width}" for width, count in sorted(counts.items()))


def collect(paths: Sequence[Path], dimension: int, trims: Mapping[str, float] = _NONE) -> Collection:
    """Read logs and put them together.

    Values outside [0, 1] are taken as 0 or 1 (and counted in the log's remarks). A log whose performer's rows are all
    those of another is left out; logs that share only some are used, and reported.

    Args:
        paths: logs of this dimension.
        trims: by the names of logs, the seconds (> 0) from which on a pause is not learned: the performance is split
            there (see :func:`impsy.data.pauses.split_at_pauses`).

    Raises:
        DataError: a file cannot be read, or the logs are split into more performances than a dataset may have.
        NoEventsError: all together hold no event.
    """
    reports: list[LogReport] = []
    performances: list[Numbers] = []
    names: list[str] = []
    kept: list[Log] = []
    copies: list[Copy] = []
    by_content: dict[int, list[Log]] = {}
    for path in paths:
        log = read_log(path, dimension - 1)
        alike = by_content.setdefault(hash(log.times.tobytes()), [])
        original = next((other for other in alike if len(log.times) and _same(log, other)), None)
        events, remarks = events_of(log)
        if original is not None:
            copies.append(Copy(path.name, original.path.name))
            pieces: list[Numbers] = []
        else:
            pieces, trimmed = _trimmed(events, trims.get(path.name))
            remarks += trimmed
        if pieces:
            alike.append(log)
            kept.append(log)
            performances += pieces
            names += [path.name] * len(pieces)
        reports.append(_report(log, sum(map(len, pieces)), original is not None, remarks))
    if not performances:
        raise _nothing(reports, dimension)
    if len(performances) > max(MOST_PERFORMANCES, len(kept)):
        raise DataError(
            f"the logs are split into {len(performances):,} performances at their pauses, and a dataset has at most "
            f"{MOST_PERFORMANCES:,}: give --trim-pauses more seconds"
        )
    dataset = Dataset.of(dimension, performances, names)
    return Collection(dataset, tuple(reports), tuple(copies), tuple(_overlaps(kept)))


def _trimmed(events: Numbers, longest: float | None) -> tuple[list[Numbers], list[str]]:
    """The performances that a log's events are, and a sentence on the pauses at which they were split."""
    if not longest:
        return [events] if len(events) else [], []
    pauses = events[events[:, 0] > longest, 0]
    if not len(pauses):
        return [events] if len(events) else [], []
    length = pauses.sum(dtype=np.float64)
    remark = f"split at {counted(len(pauses), 'pause')} of more than {longest:g} s ({length:,.0f} s not learned)"
    return split_at_pauses(events, longest), [remark]


def _report(log: Log, events: int, copy: bool, remarks: Sequence[str]) -> LogReport:
    unused = log.counts.performer - events
    left_out = dict(
        zip(
            REASONS,
            (
                0 if copy else unused,
                log.counts.model,
                log.counts.others,
                log.counts.malformed,
                unused if copy else 0,
            ),
            strict=True,
        )
    )
    return LogReport(log.path.name, log.counts.rows, events, left_out, log.problems, tuple(remarks))


def _same(one: Log, other: Log) -> bool:
    return np.array_equal(one.times, other.times) and np.array_equal(one.values, other.values)


def _overlaps(logs: Sequence[Log]) -> list[Overlap]:
    """Pairs of logs with rows in common. Only those are compared whose times overlap, which is next to none."""
    found = []
    spans = sorted(((int(log.times.min()), int(log.times.max()), number) for number, log in enumerate(logs)))
    for place, (_, end, number) in enumerate(spans):
        for begin, _, later in spans[place + 1 :]:
            if begin > end:
                break
            one, other = sorted((number, later))
            rows = len(np.intersect1d(_fingerprints(logs[one]), _fingerprints(logs[other])))
            if rows:
                found.append(Overlap(logs[one].path.name, logs[other].path.name, rows))
    return found


def _fingerprints(log: Log) -> NDArray[np.uint64]:
    """A number for each row, that depends on its time and values: (R,)."""
    factors = np.random.default_rng(0).integers(1, 1 << 63, log.values.shape[1] + 1, np.uint64) | np.uint64(1)
    bits = np.ascontiguousarray(log.values).view(np.uint32).astype(np.uint64)
    return np.asarray(log.times.astype(np.uint64) * factors[0] + bits @ factors[1:])


def _nothing(reports: Sequence[LogReport], dimension: int) -> NoEventsError:
    unread = sum(report.unread for report in reports)
    first = next((f"{report.name}, line {p.line}: {p.text}" for report in reports for p in report.problems[:1]), "")
    about = f" {counted(unread, 'row')} cannot be used; the first is {first}." if unread else ""
    return NoEventsError(
        f"the {len(reports)} logs of dimension {dimension} hold no event: it takes at least two rows of a performer "
        f"(“interface”) with {dimension - 1} values in one log.{about} Play with “impsy run” to record some"
    )
