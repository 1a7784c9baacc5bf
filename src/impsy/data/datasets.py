"""Datasets: many performances as one array, and the ``.npz`` files that hold them.

A file has the same events twice. ``perfs`` is what released versions open: an array of arrays, which is a pickle.
``events`` and ``lengths`` are plain arrays, which we read first; ``names`` says where each performance came from, and
``notes``, where it is known, which controls are the pitch of notes.
"""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from impsy.data.npz.archive import Archive
from impsy.data.npz.pickles import write_object_array
from impsy.data.ranges import ValueRange
from impsy.errors import DataError
from impsy.files import written_whole
from impsy.limits import MOST_LEARNED_DIMENSION, MOST_PERFORMANCES

__all__ = ["DIMENSIONS", "Dataset", "put_in_bounds", "read_dataset", "write_dataset"]

logger = logging.getLogger(__name__)

_AGAIN = "make it again from the logs with “impsy dataset”"

DIMENSIONS = range(2, MOST_LEARNED_DIMENSION + 1)
"""Time, and at least one control."""

COMPRESSED_UP_TO = 16 << 20
"""Bytes of events; compressing more (some fifty hours of playing) takes longer than all else here."""


Events = TypeVar("Events", NDArray[np.float32], NDArray[np.float64])


@dataclass(frozen=True, eq=False)
class Dataset:
    """Performances one after another.

    dimension: D = 1 + the number of controls.
    events: (N, D) float32, all performances' events: dt in seconds (≥ 0, since the event before), then x_1 … x_n in
        [0, 1]. All finite.
    lengths: (P,) int64, events of each performance, in the same order; some may be 0.
    names: P names of what each came from (a log), "" if unknown.
    notes: for each control whether its values are the pitch of notes; None if that is not known.

    Raises:
        ValueError: the parts do not fit together.
    """

    dimension: int
    events: NDArray[np.float32]
    lengths: NDArray[np.int64]
    names: tuple[str, ...]
    notes: tuple[bool, ...] | None = None

    def __post_init__(self) -> None:
        if self.events.dtype != np.float32 or self.events.shape != (len(self.events), self.dimension):
            raise ValueError(f"events are {self.events.dtype} {self.events.shape}, not float32 (N, {self.dimension})")
        if self.lengths.dtype != np.int64 or self.lengths.shape != (len(self.names),):
            raise ValueError(f"lengths are {self.lengths.dtype} {self.lengths.shape}, not int64 ({len(self.names)},)")
        if (self.lengths < 0).any() or self.lengths.sum() != len(self.events):
            raise ValueError(f"the lengths do not add up to the {len(self.events)} events")
        if self.notes is not None and len(self.notes) != self.dimension - 1:
            raise ValueError(f"{len(self.notes)} controls are notes or not, of {self.dimension - 1}")

    @classmethod
    def of(cls, dimension: int, performances: Sequence[ArrayLike], names: Sequence[str] | None = None) -> Dataset:
        """Put performances, each (events, D), one after another (a copy)."""
        arrays = [np.asarray(each, np.float32).reshape(-1, dimension) for each in performances]
        events = np.concatenate(arrays) if arrays else np.zeros((0, dimension), np.float32)
        lengths = np.array([len(each) for each in arrays], np.int64)
        return cls(dimension, events, lengths, tuple(names) if names is not None else ("",) * len(arrays))

    def __len__(self) -> int:
        """All events."""
        return len(self.events)

    @property
    def performances(self) -> list[NDArray[np.float32]]:
        """Each performance's events, (events, D): views of ``events``."""
        return np.split(self.events, np.cumsum(self.lengths)[:-1]) if len(self.lengths) else []


def read_dataset(path: Path) -> Dataset:
    """Read a dataset that this or a released version wrote. Nothing in the file is run.

    Values outside [0, 1] become 0 or 1 and negative times 0, as the output of a model is cut too; a warning in the
    log says how many. Performances without events stay.

    Args:
        path: an ``.npz`` file with ``events`` (N, D) and ``lengths`` (P,), or else with ``perfs``.

    Raises:
        DataError: the file cannot be read, is damaged, or holds something else than performances of one dimension in
            finite numbers.
    """
    path = Path(path)
    with Archive(path) as archive:
        keys = archive.keys
        if {"events", "lengths"} <= set(keys):
            events, lengths = archive.floats("events"), archive.integers("lengths")
        elif "perfs" in keys:
            events, lengths = _joined(path, archive.performances("perfs"))
        else:
            found = ", ".join(keys[:5]) or "nothing"
            raise DataError(
                f"{path}: there are no performances in it (“perfs”), but {found}: it is no dataset of IMPSY; "
                "name another file, or make one from the logs with “impsy dataset”"
            )
        _check(path, events, lengths)
        names = archive.texts("names") if "names" in keys else ()
        notes = _read_notes(archive, events.shape[1] - 1) if "notes" in keys else None
    events, problems = put_in_bounds(np.ascontiguousarray(events))
    for problem in problems:
        logger.warning("%s: %s", path, problem)
    named = names if len(names) == len(lengths) else ("",) * len(lengths)
    return Dataset(events.shape[1], events, lengths, named, notes)


def write_dataset(path: Path, dataset: Dataset) -> None:
    """Write a dataset that this and the released versions open. It is there whole, or what was there before stays.

    Raises:
        DeviceError: the disk refuses.
        DataError: a performance is larger than the format can say (2^32 bytes).
    """
    with written_whole(Path(path)) as file:
        _write(file, dataset)


def put_in_bounds(events: Events) -> tuple[Events, list[str]]:
    """Events (N, D) with dt ≥ 0 and values in [0, 1], and sentences about what had to be changed for that.

    What is within bounds is given back as it is, not copied. All numbers must be finite.
    """
    times, values = events[:, 0], events[:, 1:]
    problems: list[str] = []
    if not len(events) or (times.min() >= 0 and values.min() >= 0 and values.max() <= 1):
        return events, problems
    backwards = int((times < 0).sum())
    if backwards:
        problems.append(f"{backwards:,} times are negative (down to {times.min():g} s); they are taken as 0")
    seen = ValueRange(values.shape[1])
    seen.add(values)
    problems += seen.remarks
    bounded = events.clip(0, 1)
    bounded[:, 0] = times.clip(0, None)
    return bounded, problems


def _joined(path: Path, performances: list[NDArray[np.float32]]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Performances as one array. One without events may have any width."""
    widths = {each.shape[1] for each in performances if len(each)} or {each.shape[1] for each in performances}
    if len(widths) > 1:
        mixed = " and ".join(map(str, sorted(widths)))
        raise DataError(f"{path}: it mixes performances of dimension {mixed}; {_AGAIN}, with -D for one of them")
    width = widths.pop() if widths else 0
    pieces = [each for each in performances if len(each)]
    events = np.concatenate(pieces) if pieces else np.zeros((0, width), np.float32)
    return events, np.array([len(each) for each in performances], np.int64)


def _read_notes(archive: Archive, controls: int) -> tuple[bool, ...] | None:
    """Which controls are notes, 1 for each that is; None if what is said is not about these controls."""
    said = archive.integers("notes")
    return tuple(bool(note) for note in said) if said.shape == (controls,) else None


def _check(path: Path, events: NDArray[np.float32], lengths: NDArray[np.int64]) -> None:
    if events.ndim != 2 or lengths.ndim != 1:
        raise DataError(
            f"{path}: events of shape {events.shape} and lengths of shape {lengths.shape} are no dataset; {_AGAIN}"
        )
    if len(lengths) > MOST_PERFORMANCES:
        raise DataError(
            f"{path}: it holds {len(lengths):,} performances, and at most {MOST_PERFORMANCES:,} are read; {_AGAIN}, "
            "from fewer at a time"
        )
    if events.shape[1] not in DIMENSIONS:
        raise DataError(
            f"{path}: its events have {events.shape[1]} columns; they must be the time and 1 to "
            f"{DIMENSIONS[-1] - 1} controls; {_AGAIN}"
        )
    # Each is looked at by itself first: a sum of hostile numbers can go round to the right one.
    if (lengths < 0).any() or (lengths > len(events)).any() or int(lengths.sum()) != len(events):
        raise DataError(
            f"{path}: the lengths of its performances do not add up to its {len(events):,} events; {_AGAIN}"
        )
    bad = ~np.isfinite(events).all(axis=1)
    if bad.any():
        first = int(np.flatnonzero(bad)[0])
        raise DataError(
            f"{path}: {int(bad.sum()):,} of its {len(events):,} events hold something that is not a finite "
            f"number (the first is event {first + 1:,}); {_AGAIN}, which leaves such rows out"
        )


def _write(file: IO[bytes], dataset: Dataset) -> None:
    """The archive."""
    performances = dataset.performances
    way = zipfile.ZIP_DEFLATED if dataset.events.nbytes <= COMPRESSED_UP_TO else zipfile.ZIP_STORED
    with zipfile.ZipFile(file, "w", way, compresslevel=1) as archive:
        with archive.open("perfs.npy", "w", force_zip64=True) as member:
            np.lib.format.write_array_header_1_0(
                member, {"descr": "|O", "fortran_order": False, "shape": (len(performances),)}
            )
            write_object_array(member, performances)
        plain: dict[str, NDArray[Any]] = {
            "events": dataset.events.astype("<f4", copy=False),
            "lengths": dataset.lengths.astype("<i8"),
        }
        plain |= {"names": np.array(dataset.names, np.str_)}
        if dataset.notes is not None:
            plain |= {"notes": np.array(dataset.notes, "<i8")}
        for key, array in plain.items():
            with archive.open(f"{key}.npy", "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, version=(1, 0), allow_pickle=False)
