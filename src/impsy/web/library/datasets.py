"""Datasets: the dataset files of a workspace, what is in them, and making one of takes."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import IO, Any

from pydantic import TypeAdapter

from impsy.codecs.log import dimension_of
from impsy.data.statistics import DatasetStatistics
from impsy.data.takes import read_notes
from impsy.errors import DataError
from impsy.protocol.library import Dataset, Made
from impsy.text import counted
from impsy.web.library.facts import DescribedFiles, Facts, Stamp, Unusable, stamp_of
from impsy.web.library.takes import Takes
from impsy.web.library.trash import Trash
from impsy.web.library.uploads import keep
from impsy.web.library.worker import work
from impsy.web.workspace import Workspace

__all__ = ["Datasets", "TooLittleError"]

SUFFIX = ".npz"
_KIND: TypeAdapter[Any] = TypeAdapter(DatasetStatistics | Unusable)


class TooLittleError(DataError):
    """There are fewer events than wanted: ``events``, which take ``seconds``."""

    def __init__(self, events: int, seconds: float) -> None:
        super().__init__(f"these takes hold only {counted(events, 'event')}: play more")
        self.events = events
        self.seconds = seconds


class Datasets(DescribedFiles):
    """The datasets of a workspace. Any thread may ask.

    Args:
        workspace: whose ``datasets`` they are.
        takes: what they are made of.
        trash: where one goes that is replaced.
        changed: called when there is more to show than somebody got.
    """

    def __init__(
        self, workspace: Workspace, takes: Takes, trash: Trash, changed: Callable[[], object] = lambda: None
    ) -> None:
        super().__init__(workspace, "dataset", workspace.datasets, (SUFFIX,), DataError, _KIND, changed)
        self._takes = takes
        self._trash = trash
        self._making = Lock()

    def path(self, name: str) -> Path:
        """The dataset of this name; raises NotFound if there is none, DataError if that can be no dataset's name."""
        return self._workspace.existing(self._workspace.datasets, _checked_name(name), "dataset")

    def all(self) -> list[Dataset]:
        """All datasets."""
        stamps = self._stamps()
        known = self._cache.of(stamps)
        return [_dataset(name, stamps[name], json.loads(facts), looking) for name, (facts, looking) in known.items()]

    def add(self, name: str, upload: IO[bytes]) -> Dataset:
        """Keep a file that was sent as a dataset of this name.

        Raises:
            DataError: it is none.
            Conflict: there is one of its name.
        """
        path, facts = self._keep(_checked_name(name), upload)
        return _dataset(path.name, stamp_of(path), facts)

    def make(
        self,
        names: Sequence[str] | None,
        dimension: int | None,
        name: str | None,
        *,
        longest_pause: float | None = None,
        least: int = 0,
    ) -> Made:
        """Make a dataset of takes.

        Args:
            names: of the takes; None: all of the dimension that are not excluded.
            dimension: None: that of the takes, which must then have the same.
            name: of its file; None: by the dimension. One of this name goes to the trash.
            longest_pause: seconds to which longer pauses are shortened; None: they stay.
            least: events that there must be.

        Raises:
            TooLittleError: there are fewer.
            DataError: there are no takes to make it of, or they are of several dimensions and none is asked for.
            NotFound: one that was named is not there.
        """
        workspace = self._workspace
        dimension, logs, remarks = self._choose(names, dimension)
        name = name or f"training-dataset-{dimension}d{SUFFIX}"
        name = name if name.endswith(SUFFIX) else name + SUFFIX
        path = workspace.inside(workspace.datasets, name)
        scratch = workspace.scratch()
        fresh = scratch / name
        with self._making:
            try:
                made = work(
                    "collect",
                    workspace.root,
                    logs=[str(log) for log in logs],
                    dimension=dimension,
                    target=str(fresh),
                    config=str(workspace.config),
                    trims=read_notes(workspace.logs).trims,
                    longest_pause=longest_pause,
                    least=least,
                )
                if "too_little" in made:
                    raise TooLittleError(*made["too_little"])
                undo, remarks = None, [*remarks, *made["remarks"]]
                with workspace.locked():
                    if path.exists():
                        undo = self._trash.delete("dataset", name, [path], {"replaced": True}).id
                        remarks.insert(0, f"the dataset {name} that there was can be brought back from the trash")
                    keep(workspace, fresh, path, "dataset")
            finally:
                shutil.rmtree(scratch, ignore_errors=True)
        facts = made["statistics"]
        dataset = _dataset(path.name, stamp_of(path), facts)
        return Made(dataset=dataset, remarks=remarks, statistics=facts, undo=undo)

    def _choose(self, names: Sequence[str] | None, dimension: int | None) -> tuple[int, list[Path], list[str]]:
        """The dimension, the logs, and remarks on what was chosen."""
        remarks = []
        notes = read_notes(self._workspace.logs)
        excluded: list[Path] = []
        if names is not None:
            logs = sorted({self._takes.path(name) for name in names})
            named = sum(path.name in notes.excluded for path in logs)
            if named:
                remarks.append(
                    f"{counted(named, 'take')} marked as not to be learned from, but chosen: used all the same"
                )
        else:
            everything = self._takes.paths()
            logs = [path for path in everything if path.name not in notes.excluded]
            excluded = [path for path in everything if path.name in notes.excluded]
            remarks += notes.problems
        counts = Counter(dimension_of(path.name) for path in logs)
        if dimension is None and len(counts) > 1:
            listed = ", ".join(f"{count} of dimension {width}" for width, count in sorted(counts.items()) if width)
            raise DataError(f"these takes are of several dimensions ({listed}): say which")
        if dimension is None:
            dimension = next(iter(counts), None)
        chosen = [path for path in logs if dimension_of(path.name) == dimension]
        if dimension is None or not chosen:
            of = f" of dimension {dimension}" if dimension else ""
            raise DataError(f"there are no takes{of} to make a dataset of: play to record some, or add logs")
        left_out = sum(dimension_of(path.name) == dimension for path in excluded)
        if left_out:
            remarks.append(f"{counted(left_out, 'take')} left out: marked as not to be learned from")
        if names is not None and len(chosen) < len(logs):
            remarks.append(
                f"{counted(len(logs) - len(chosen), 'take')} left out: of another dimension than {dimension}"
            )
        live = [path.name for path in chosen if self._takes.is_live(path.name)]
        remarks += [f"{name} is still being recorded: what it held so far is in" for name in live]
        return dimension, chosen, remarks


def _checked_name(name: str) -> str:
    """``name``, if a dataset's file can have it; raises DataError."""
    if not name.endswith(SUFFIX):
        raise DataError(f"{name[:80]} is no dataset: their names end in {SUFFIX}")
    return name


def _dataset(name: str, stamp: Stamp, facts: Facts, looking: bool = False) -> Dataset:
    changed, size = stamp
    return Dataset(
        name=name,
        dimension=facts.get("dimension"),
        performances=facts.get("performances", 0),
        events=facts.get("events", 0),
        seconds=round(facts.get("seconds", 0.0), 3),
        size=size,
        made=datetime.fromtimestamp(changed / 1e9).isoformat(timespec="seconds"),
        looking=looking,
        problem=facts.get("problem", ""),
    )
