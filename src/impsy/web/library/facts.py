"""Facts about files, cached until the file changes: in memory, and in ``.impsy`` for the next start.

One thread reads at a time, and its results are kept as they come. Who asks meanwhile gets what is known.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from math import isfinite
from pathlib import Path
from typing import IO, Annotated, Any

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from impsy.errors import DataError, DeviceError, ImpsyError
from impsy.files import read_regular, write_whole
from impsy.threads import once
from impsy.web.library.uploads import keep, received
from impsy.web.library.worker import work
from impsy.web.workspace import Workspace

__all__ = [
    "WAIT_SECONDS",
    "DescribedFiles",
    "Facts",
    "FactsCache",
    "Known",
    "Unusable",
    "in_batches",
    "piecewise",
    "stamp_of",
]

logger = logging.getLogger(__name__)

_FORMAT = 4
_LARGEST = 256 << 20
_LARGEST_NUMBER = 253_402_300_799_999_999
"""The last microsecond of the year 9999, counted from 1970. All else that is counted is less."""

WAIT_SECONDS = 5.0
"""How long the one who has the files read waits for them; then the page gets what is known so far."""
TELL_SECONDS = 3.0
"""How often pages that got a part are told that there is more, and what is known is saved."""

FILE_SECONDS, BYTES_A_SECOND = 30.0, 5 << 20
"""How long reading one file may take, and how many bytes of it give it another second."""
BATCH_FILES, BATCH_BYTES = 8, 4 << 20
"""What is read by one process: its start takes half a second, and its results come together."""

Facts = dict[str, Any]
Known = tuple[str, bool]
"""What is known of a file, as JSON, and whether it is being looked at: there may be more soon.

It is text, as there may be tens of thousands: the garbage collector need not visit those, while all else waits.
"""
Stamp = tuple[int, int]
Find = Callable[[Mapping[Path, Stamp], Mapping[str, Facts]], Iterable[Mapping[Path, Facts]]]
"""Finds the facts about these files, in parts; it is given those from before, by name."""


class Unusable(TypedDict):
    """The facts about a file that cannot be used: why not."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    problem: Annotated[str, Field(min_length=1)]


def stamp_of(path: Path) -> Stamp:
    """When a file was last changed (nanoseconds), and its size; raises OSError if there is none."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size


_UNKNOWN: tuple[Stamp, str] = ((-1, -1), "{}")


class FactsCache:
    """Facts about the files of a folder, by their names. Any thread may ask.

    Args:
        workspace: the cache is kept in its private folder; losing it costs only time.
        folder: theirs.
        what: the kind of files, such as ``takes``.
        kind: of their facts. What the disk has may be anyone's: what is not of this kind is found anew.
        find: finds those of files that are new or have changed.
        changed: called when there is more than somebody got.
    """

    def __init__(
        self,
        workspace: Workspace,
        folder: Path,
        what: str,
        kind: TypeAdapter[Any],
        find: Find,
        changed: Callable[[], object] = lambda: None,
    ) -> None:
        self._path = workspace.private / "known" / f"{what}.json"
        self._folder = folder
        self._what = what
        self._kind = kind
        self._find = find
        self._changed = changed
        self._lock = threading.Lock()
        self._facts: dict[str, tuple[Stamp, str]] | None = None
        self._reading: threading.Thread | None = None
        self._failure: ImpsyError | None = None
        self._told_part = False
        self.closed = False

    def close(self) -> None:
        """Read no further file."""
        self.closed = True

    def of(
        self, stamps: Mapping[str, Stamp], *, passing: frozenset[str] = frozenset(), wait: float | None = None
    ) -> dict[str, Known]:
        """What is known of each of these files, which are all of the folder, by name.

        Those of which something is not known are read: who finds nobody reading waits for that, at most ``wait``
        seconds; all others do not wait.

        Args:
            stamps: of the files, by name.
            passing: names of files that change all the time: they alone are no reason to write.
            wait: None: ``WAIT_SECONDS``.

        Raises:
            ImpsyError: they cannot be read at all.
        """
        reader = None
        with self._lock:
            known = self._known()
            # A list that is older than a file's return from the trash may lack it.
            gone = {name for name in known.keys() - stamps.keys() if not (self._folder / name).exists()}
            for name in gone:
                del known[name]
            new = {name: stamp for name, stamp in stamps.items() if known.get(name, _UNKNOWN)[0] != stamp}
            if new and self._reading is None and not self.closed:
                save = bool(gone) or not passing.issuperset(new)
                reader = self._reading = once(f"impsy {self._what}", partial(self._read, self._paths(new), save))
                reader.start()
            known = dict(known)
        if reader is not None:
            reader.join(WAIT_SECONDS if wait is None else wait)
        elif gone and not new:
            self._save(known)
        with self._lock:
            if reader is not None and self._failure is not None:
                raise self._failure
            self._told_part = self._told_part or self._reading is not None
            return {name: self._get(name, stamp) for name, stamp in stamps.items()}

    def one(self, path: Path, *, wait: bool = True) -> Known:
        """What is known of one file as it is now, which is read if need be.

        Args:
            wait: for it to be read, even where others are being read.
        """
        stamp = stamp_of(path)
        with self._lock:
            facts, looking = known = self._get(path.name, stamp)
            if not looking or (not wait and self._reading is not None):
                return known
        for found in self._find({path: stamp}, {path.name: json.loads(facts)}):
            self.keep(found, {path: stamp})
        with self._lock:
            return self._get(path.name, stamp)

    def keep(self, found: Mapping[Path, Facts], stamps: Mapping[Path, Stamp]) -> None:
        """Keep what was found of files that had these stamps."""
        with self._lock:
            self._known().update({path.name: (stamps[path], json.dumps(facts)) for path, facts in found.items()})

    def _known(self) -> dict[str, tuple[Stamp, str]]:
        if self._facts is None:
            self._facts = self._load()
        return self._facts

    def _paths(self, stamps: Mapping[str, Stamp]) -> dict[Path, Stamp]:
        return {self._folder / name: stamp for name, stamp in stamps.items()}

    def _get(self, name: str, stamp: Stamp) -> Known:
        known_of, facts = self._known().get(name, _UNKNOWN)
        return facts, known_of != stamp

    def _read(self, new: Mapping[Path, Stamp], save: bool) -> None:
        """In the reader's thread."""
        self._failure = None
        told = time.monotonic()
        with self._lock:
            before = {path.name: json.loads(self._known().get(path.name, _UNKNOWN)[1]) for path in new}
        try:
            for found in self._find(new, before):
                if self.closed:
                    return
                self.keep(found, new)
                if time.monotonic() - told >= TELL_SECONDS:
                    told = time.monotonic()
                    self._end_part(save)
        except ImpsyError as error:
            self._failure = error
        finally:
            with self._lock:
                self._reading = None
        self._end_part(save)

    def _end_part(self, save: bool) -> None:
        with self._lock:
            known, part, self._told_part = dict(self._known()), self._told_part, False
        if save:
            self._save(known)
        if part and self._failure is None:
            self._changed()

    # --- on the disk -------------------------------------------------------------------------------

    def _load(self) -> dict[str, tuple[Stamp, str]]:
        try:
            content = json.loads(read_regular(self._path, _LARGEST), parse_constant=_finite, parse_float=_finite)
            files = content["files"] if content["format"] == _FORMAT else {}
            entries = list(files.items())
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return {}
        known = {}
        for name, entry in entries:
            with suppress(ValueError, TypeError, OverflowError, ValidationError):
                (changed, size), facts = entry
                known[name] = ((int(changed), int(size)), self._checked(facts))
        return known

    def _checked(self, facts: object) -> str:
        _check_range(facts)
        return self._kind.dump_json(self._kind.validate_python(facts)).decode()

    def _save(self, known: Mapping[str, tuple[Stamp, str]]) -> None:
        files = ", ".join(
            f"{json.dumps(name)}: [[{changed}, {size}], {facts}]" for name, ((changed, size), facts) in known.items()
        )
        try:
            write_whole(self._path, f'{{"format": {_FORMAT}, "files": {{{files}}}}}'.encode())
        except DeviceError as error:
            logger.warning("the facts about the files cannot be cached: %s", error)


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text[:20]} is no number")
    return value


def _check_range(value: object, depth: int = 8) -> None:
    """Raises ValueError for what no file has: numbers that count nothing, and boxes in boxes."""
    if isinstance(value, dict | list):
        if depth == 0:
            raise ValueError("nested too deeply")
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            if key != "facts":  # what a model's maker says of it may be anything
                _check_range(each, depth - 1)
    elif isinstance(value, int | float) and not 0 <= value <= _LARGEST_NUMBER:
        raise ValueError(f"{value} is out of range")


def in_batches(sizes: Mapping[Path, int], most_files: int, most_bytes: int) -> Iterator[list[Path]]:
    """Files that are read together, the small ones first: a large one keeps no other waiting."""
    batch: list[Path] = []
    total = 0
    for path in sorted(sizes, key=lambda path: sizes[path]):
        if batch and (len(batch) == most_files or total + sizes[path] > most_bytes):
            yield batch
            batch, total = [], 0
        batch.append(path)
        total += sizes[path]
    if batch:
        yield batch


def piecewise(
    look: Callable[[Sequence[Path], float], Sequence[Facts]], paths: Sequence[Path]
) -> Iterator[dict[Path, Facts]]:
    """What ``look(paths, seconds)`` finds; ``{"problem": …}`` for a file that ends its process, or takes too long.

    Such a one costs the others of its batch nothing: each is then looked at by itself.
    """
    sizes = []
    for path in paths:
        with suppress(OSError):
            sizes.append(path.stat().st_size)
    seconds = FILE_SECONDS + sum(sizes) / BYTES_A_SECOND
    try:
        yield dict(zip(paths, look(paths, seconds), strict=True))
    except DataError as error:
        if len(paths) == 1:
            yield {paths[0]: {"problem": str(error)}}
            return
        for path in paths:
            yield from piecewise(look, [path])


class DescribedFiles:
    """The files of one kind in a workspace, each with what another process finds in it. Any thread may ask.

    Args:
        workspace: theirs.
        what: dataset or model.
        folder: where they are.
        suffixes: of their names; where there are several files of one name, that with the first of these is shown.
        error_type: raised for a file that is none.
        kind: of the facts.
        changed: called when there is more to show than somebody got.
    """

    def __init__(
        self,
        workspace: Workspace,
        what: str,
        folder: Path,
        suffixes: tuple[str, ...],
        error_type: type[ImpsyError],
        kind: TypeAdapter[Any],
        changed: Callable[[], object],
    ) -> None:
        self._workspace = workspace
        self._what = what
        self._folder = folder
        self._suffixes = suffixes
        self._error_type = error_type
        self._cache = FactsCache(workspace, folder, f"{what}s", kind, self._find, changed)

    def facts(self, path: Path) -> Facts:
        """What a file is, or ``{"problem": …}``; of one that is not shown by itself, too."""
        facts: Facts = json.loads(self._cache.one(path)[0])
        return facts

    def close(self) -> None:
        """Read no further file."""
        self._cache.close()

    def _find(self, new: Mapping[Path, tuple[int, int]], _before: Mapping[str, Facts]) -> Iterator[dict[Path, Facts]]:
        sizes = {path: size for path, (_, size) in new.items()}
        for batch in in_batches(sizes, BATCH_FILES, BATCH_BYTES):
            yield from piecewise(self._describe, batch)

    def _describe(self, paths: Sequence[Path], seconds: float) -> Sequence[Facts]:
        """The result of a worker's task for each of these."""
        if self._cache.closed:
            raise DataError("the web interface has ended")
        task = f"describe_{self._what}s"
        found: list[Facts] = work(task, self._workspace.root, files=[str(path) for path in paths], seconds=seconds)
        return found

    def _stamps(self) -> dict[str, Stamp]:
        """The names of those in the folder, with their stamps."""
        there = self._workspace.listed(
            self._folder, lambda name: name.endswith(self._suffixes) and not name.startswith(".")
        )
        found: dict[str, str] = {}
        for suffix in self._suffixes:
            for name in there:
                if name.endswith(suffix):
                    found.setdefault(Path(name).stem, name)
        return {name: there[name] for name in found.values()}

    def _keep(self, name: str, upload: IO[bytes]) -> tuple[Path, Facts]:
        """Keep a file that was sent, under this name, if it is one; its path and the facts about it."""
        with received(self._workspace, name, upload) as file:
            found = next(piecewise(self._describe, [file]))
            facts = found[file]
            if "problem" in facts:
                raise self._error_type(f"{name}: {facts['problem']}")
            path = self._workspace.inside(self._folder, name)
            keep(self._workspace, file, path, self._what)
        self._cache.keep({path: facts}, {path: stamp_of(path)})
        return path, facts
