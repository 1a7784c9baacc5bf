"""Takes: the logs of a workspace, with their titles and tags and what is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from impsy.codecs.log import dimension_of
from impsy.data.logs.scanning import scan_again, started_at
from impsy.data.takes import Notes, read_notes
from impsy.errors import DataError, ImpsyError
from impsy.protocol.library import Take
from impsy.web.library.facts import FactsCache, stamp_of
from impsy.web.library.pictures import LONG, TakeCache
from impsy.web.library.worker import work
from impsy.web.live.link import SessionLink
from impsy.web.workspace import Workspace

__all__ = ["Takes", "count_controls"]

_LARGE = 1 << 20
"""Bytes of logs; reading so many takes a tenth of a second, or some seconds if they are not as we write them."""


class Takes:
    """The takes of a workspace. Any thread may ask.

    Args:
        workspace: whose ``logs`` they are.
        link: to the session, whose state names the log that it writes.
        pictures: get the outlines of long takes, which are made on the way.
    """

    def __init__(self, workspace: Workspace, link: SessionLink, pictures: TakeCache) -> None:
        self._workspace = workspace
        self._pictures = pictures
        self._link = link
        self._cache = FactsCache(workspace, "takes")
        self._reported: set[str] = set()

    def paths(self) -> dict[Path, tuple[int, int]]:
        """All takes with their stamps, in the order of their names, so of time."""
        return self._workspace.listed(self._workspace.logs, lambda name: dimension_of(name) is not None)

    def path(self, name: str) -> Path:
        """The log of this name; raises NotFound if there is none, DataError if that can be no take's name."""
        if dimension_of(name) is None:
            raise DataError(f"{name[:80]} is no take: they are named like 2026-09-26T10-00-00-9d-mdrnn.log")
        return self._workspace.existing(self._workspace.logs, name, "take")

    def is_live(self, name: str) -> bool:
        """Whether the session writes this take now."""
        state = self._link.state or {}
        log = state.get("log")
        file = log.get("file") if isinstance(log, dict) else None
        if not isinstance(file, str) or not file:
            return False
        path = Path(file)
        if path.name != name:
            return False
        return not path.is_absolute() or path.resolve().parent == self._workspace.logs.resolve()

    def new_problems(self) -> list[str]:
        """What could not be understood of the titles and tags, each once."""
        fresh = [each for each in read_notes(self._workspace.logs).problems if each not in self._reported]
        self._reported.update(fresh)
        return fresh

    def all(self) -> list[Take]:
        """All takes, the newest first."""
        paths = self.paths()
        live = frozenset(path.name for path in paths if self.is_live(path.name))
        known = self._cache.of(paths, self._scan, passing=live)
        notes = read_notes(self._workspace.logs)
        return [
            _take(path.name, size, known[path.name], notes, path.name in live)
            for path, (_, size) in reversed(paths.items())
        ]

    def one(self, path: Path) -> Take:
        """The take in this log."""
        return next(take for take in self.all() if take.name == path.name)

    def _scan(self, paths: Sequence[Path], before: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
        """The facts about takes; large ones are read in another process, so that nothing that plays waits."""
        answers: dict[Path, dict[str, Any]] = {}
        large: dict[Path, dict[str, Any]] = {}
        stamps: dict[Path, tuple[int, int]] = {}
        for path in paths:
            old = before.get(path.name, {}).get("scan")
            try:
                log: dict[str, Any] = {"file": str(path), "controls": count_controls(path), "before": old}
                changed, size = stamp_of(path)
                new = size - (old["read"] if old else 0)
                if new > _LARGE:
                    stamps[path] = changed, size
                    large[path] = {**log, "outlined": new > LONG}
                else:
                    answers[path] = scan_again(**log)
            except (DataError, OSError, LookupError, TypeError) as error:
                answers[path] = {"problem": str(error)}
        if large:
            try:
                found = work("scan_logs", self._workspace.root, logs=list(large.values()))
                answers |= zip(large, found, strict=True)
                for path, answer in zip(large, found, strict=True):
                    if outline := answer.pop("outline", ""):
                        self._pictures.keep_outline(path, stamps[path], outline)
            except ImpsyError as error:
                answers |= {path: {"problem": str(error)} for path in large}
        return [_facts(path, answers[path]) for path in paths]


def count_controls(path: Path) -> int:
    """n, by the take's name.

    Raises:
        DataError: no take can have so many.
    """
    dimension = dimension_of(path.name) or 0
    if not 2 <= dimension <= 1025:
        raise DataError(f"{path.name}: a dimension of {dimension} is not possible")
    return dimension - 1


def _facts(path: Path, scan: dict[str, Any]) -> dict[str, Any]:
    if "problem" in scan:
        return {"problem": scan["problem"].replace(f"{path}: ", "it ")}
    started = started_at(scan["first"])
    return {
        "scan": scan,
        "started": started.isoformat(timespec="milliseconds") if started else None,
        "seconds": round(scan["seconds"], 3),
        "problem": _problem(scan["counts"], "; ".join(scan["problems"])),
    }


def _problem(counts: dict[str, int], found: str) -> str:
    left_out = counts["malformed"] + counts["others"]
    if not counts["performer"] + counts["model"]:
        return f"there is nothing in it that is a row of a take{found and f' ({found})'}"
    if left_out:
        rows = left_out + counts["performer"] + counts["model"]
        return f"{left_out:,} of its {rows:,} rows are left out: {found}"
    return found


def _take(name: str, size: int, facts: Mapping[str, Any], notes: Notes, live: bool) -> Take:
    note = notes.of(name)
    scan = facts.get("scan", {})
    return Take(
        name=name,
        title=note.title,
        started=facts.get("started") or _started_by_name(name),
        seconds=facts.get("seconds", 0.0),
        events=scan.get("counts", {}).get("performer", 0),
        answers=scan.get("counts", {}).get("model", 0),
        dimension=dimension_of(name) or 0,
        tags=list(note.tags),
        excluded=note.excluded,
        size=size,
        live=live,
        problem=facts.get("problem", ""),
    )


def _started_by_name(name: str) -> str | None:
    """2026-09-26T10-00-00-… as ISO 8601."""
    date, _, time = name[:19].partition("T")
    hours = time.replace("-", ":")
    return f"{date}T{hours}" if len(date) == 10 and len(hours) == 8 and hours.count(":") == 2 else None
