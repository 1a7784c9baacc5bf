"""Facts about files, cached until the file changes: in memory, and in ``.impsy`` for the next start."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from impsy.errors import DataError, DeviceError, ImpsyError
from impsy.files import read_regular, write_whole
from impsy.web.library.uploads import keep, received
from impsy.web.library.worker import work
from impsy.web.workspace import Workspace

__all__ = ["DescribedFiles", "FactsCache", "stamp_of"]

logger = logging.getLogger(__name__)

_FORMAT = 2
_LARGEST = 256 << 20
Facts = dict[str, Any]


def stamp_of(path: Path) -> tuple[int, int]:
    """When a file was last changed (nanoseconds), and its size; raises OSError if there is none."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size


class FactsCache:
    """Facts about the files of a folder, by their names. Any thread may ask.

    Args:
        workspace: the cache is kept in its private folder; losing it costs only time.
        what: the kind of files, such as ``takes``.
    """

    def __init__(self, workspace: Workspace, what: str) -> None:
        self._path = workspace.private / "known" / f"{what}.json"
        self._lock = threading.Lock()
        self._facts: dict[str, tuple[tuple[int, int], Facts]] | None = None

    def of(
        self,
        paths: Mapping[Path, tuple[int, int]],
        find: Callable[[Sequence[Path], Mapping[str, Facts]], Sequence[Facts]],
        *,
        passing: frozenset[str] = frozenset(),
    ) -> dict[str, Facts]:
        """The facts about each of these files, by name.

        Args:
            paths: the files, and their stamps.
            find: finds those of files that are new or have changed; it is given their facts from before, by name.
            passing: names of files that change all the time: they alone are no reason to write.
        """
        with self._lock:
            if self._facts is None:
                self._facts = self._load()
            known = self._facts
            new = [path for path, stamp in paths.items() if path.name not in known or known[path.name][0] != stamp]
            if new:
                before = {path.name: known[path.name][1] for path in new if path.name in known}
                for path, facts in zip(new, find(new, before), strict=True):
                    known[path.name] = (paths[path], facts)
            names = {path.name for path in paths}
            gone = known.keys() - names
            for name in gone:
                del known[name]
            if gone or any(path.name not in passing for path in new):
                self._save(known)
            return {name: known[name][1] for name in names}

    def _load(self) -> dict[str, tuple[tuple[int, int], Facts]]:
        try:
            content = json.loads(read_regular(self._path, _LARGEST))
            if content["format"] != _FORMAT:
                return {}
            return {
                name: ((int(changed), int(size)), dict(facts))
                for name, ((changed, size), facts) in content["files"].items()
            }
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
            return {}

    def _save(self, known: Mapping[str, tuple[tuple[int, int], Facts]]) -> None:
        try:
            write_whole(self._path, json.dumps({"format": _FORMAT, "files": known}).encode())
        except DeviceError as error:
            logger.warning("the facts about the files cannot be cached: %s", error)


class DescribedFiles:
    """The files of one kind in a workspace, each with what another process finds in it. Any thread may ask.

    Args:
        workspace: theirs.
        what: dataset or model.
        folder: where they are.
        suffixes: of their names; where there are several files of one name, that with the first of these is shown.
        error_type: raised for a file that is none.
    """

    def __init__(
        self, workspace: Workspace, what: str, folder: Path, suffixes: tuple[str, ...], error_type: type[ImpsyError]
    ) -> None:
        self._workspace = workspace
        self._what = what
        self._folder = folder
        self._suffixes = suffixes
        self._error_type = error_type
        self._cache = FactsCache(workspace, f"{what}s")

    def facts(self, path: Path) -> Facts:
        """What a file is, or ``{"problem": …}``; of one that is not shown by itself, too."""
        return self._facts(self._paths()).get(path.name) or self._describe([path])[0]

    def _facts(self, paths: Mapping[Path, tuple[int, int]]) -> dict[str, Facts]:
        return self._cache.of(paths, lambda new, _before: self._describe(new))

    def _describe(self, paths: Sequence[Path]) -> list[Facts]:
        """The result of a worker's task for each of these; ``{"problem": …}`` for one that ends its process."""
        try:
            task = f"describe_{self._what}s"
            found: list[Facts] = work(task, self._workspace.root, files=[str(path) for path in paths])
        except DataError as error:
            if len(paths) == 1:
                return [{"problem": str(error)}]
            return [self._describe([path])[0] for path in paths]
        return found

    def _paths(self) -> dict[Path, tuple[int, int]]:
        """Those in the folder, with their stamps."""
        there = self._workspace.listed(
            self._folder, lambda name: name.endswith(self._suffixes) and not name.startswith(".")
        )
        found: dict[str, Path] = {}
        for suffix in self._suffixes:
            for path in there:
                if path.name.endswith(suffix):
                    found.setdefault(path.stem, path)
        return {path: there[path] for path in found.values()}

    def _keep(self, name: str, upload: IO[bytes]) -> tuple[Path, Facts]:
        """Keep a file that was sent, under this name, if it is one; its path and the facts about it."""
        with received(self._workspace, name, upload) as file:
            (facts,) = self._describe([file])
            if "problem" in facts:
                raise self._error_type(f"{name}: {facts['problem']}")
            path = self._workspace.inside(self._folder, name)
            keep(self._workspace, file, path, self._what)
        return path, facts
