"""Takes: the logs of a workspace, with their titles and tags and what is in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NotRequired

from pydantic import ConfigDict, TypeAdapter
from typing_extensions import TypedDict

from impsy.codecs.log import dimension_of
from impsy.data.logs.scanning import Scan, scan_again, started_at
from impsy.data.takes import TakeNote, read_notes
from impsy.errors import DataError
from impsy.limits import MOST_LEARNED_DIMENSION
from impsy.perform.exporting.takes import head_of, take_of
from impsy.protocol.library import Take
from impsy.text import counted
from impsy.web.library.facts import (
    BATCH_BYTES,
    Facts,
    FactsCache,
    Known,
    Stamp,
    Unusable,
    in_batches,
    piecewise,
)
from impsy.web.library.pictures import LONG, TakeCache
from impsy.web.library.worker import work
from impsy.web.live.link import SessionLink
from impsy.web.workspace import Workspace

__all__ = ["Takes", "count_controls"]

_FEW, _LARGE = 64, 1 << 20
"""Logs, and bytes of them; reading so many takes a tenth of a second, or some seconds if they are not as we write
them."""

_MANY = 1000
"""Logs that one process reads, if they are small."""


class TakeFacts(TypedDict):
    """What is known of a take, beside what its name and the notes say."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    scan: Scan
    started: str | None
    seconds: float
    problem: str
    journal: NotRequired[bool]
    participant: NotRequired[str]
    condition: NotRequired[str]


_KIND: TypeAdapter[Any] = TypeAdapter(TakeFacts | Unusable)


class Takes:
    """The takes of a workspace. Any thread may ask.

    Args:
        workspace: whose ``logs`` they are.
        link: to the session, whose state names the log that it writes.
        pictures: get the outlines of long takes, which are made on the way.
        changed: called when there is more to show than somebody got.
    """

    def __init__(
        self,
        workspace: Workspace,
        link: SessionLink,
        pictures: TakeCache,
        changed: Callable[[], object] = lambda: None,
    ) -> None:
        self._workspace = workspace
        self._pictures = pictures
        self._link = link
        self._cache = FactsCache(workspace, workspace.logs, "takes", _KIND, self._find, changed)
        self._reported: set[str] = set()
        self._shown: dict[str, tuple[Any, str]] = {}

    def paths(self) -> dict[Path, tuple[int, int]]:
        """All takes with their stamps, in the order of their names, so of time."""
        return {self._workspace.logs / name: stamp for name, stamp in self._stamps().items()}

    def _stamps(self) -> dict[str, Stamp]:
        return self._workspace.listed(self._workspace.logs, _is_take)

    def path(self, name: str) -> Path:
        """The log of this name; raises NotFound if there is none, DataError if that can be no take's name."""
        if dimension_of(name) is None:
            raise DataError(f"{name[:80]} is no take: they are named like 2026-09-26T10-00-00-9d-mdrnn.log")
        return self._workspace.existing(self._workspace.logs, name, "take")

    def is_live(self, name: str) -> bool:
        """Whether the session writes this take now."""
        return name == self._live()

    def _live(self) -> str | None:
        """The name of the take that the session writes now."""
        state = self._link.state or {}
        log = state.get("log")
        file = log.get("file") if isinstance(log, dict) else None
        if not isinstance(file, str) or not file:
            return None
        path = Path(file)
        ours = not path.is_absolute() or path.resolve().parent == self._workspace.logs.resolve()
        return path.name if ours else None

    def new_problems(self) -> list[str]:
        """What could not be understood of the titles and tags, each once."""
        fresh = [each for each in read_notes(self._workspace.logs).problems if each not in self._reported]
        self._reported.update(fresh)
        return fresh

    def all_as_json(self) -> str:
        """All takes, the newest first; of those that are being looked at, what is known.

        As text, which is kept while nothing of a take has changed: there may be tens of thousands.
        """
        stamps, live = self._stamps(), self._live()
        known = self._cache.of(stamps, passing=frozenset() if live is None else frozenset({live}))
        notes = read_notes(self._workspace.logs)
        shown: dict[str, tuple[Any, str]] = {}
        for name in reversed(stamps):
            now = (stamps[name][1], *known[name], notes.takes.get(name), name == live)
            before, text = self._shown.get(name, (None, ""))
            if before != now:
                text = json.dumps(asdict(self._take(name, stamps[name][1], known[name], notes.of(name))))
            shown[name] = now, text
        self._shown = shown
        return f"[{', '.join([text for _, text in shown.values()])}]"

    def one(self, path: Path) -> Take:
        """The take in this log."""
        known = self._cache.one(path, wait=False)
        note = read_notes(self._workspace.logs).of(path.name)
        return self._take(path.name, path.stat().st_size, known, note)

    def _take(self, name: str, size: int, known: Known, note: TakeNote) -> Take:
        return _take(name, size, known, note, self.is_live(name))

    def close(self) -> None:
        """Read no further log."""
        self._cache.close()

    def _find(self, new: Mapping[Path, Stamp], before: Mapping[str, Facts]) -> Iterator[dict[Path, Facts]]:
        """The facts about takes; many, and large ones, are read in other processes, so that nothing waits."""
        logs: dict[Path, dict[str, Any]] = {}
        grown: dict[Path, int] = {}
        for path, (_, size) in new.items():
            try:
                controls = count_controls(path)
            except DataError as error:
                yield {path: {"problem": str(error)}}
                continue
            old = before.get(path.name, {}).get("scan")
            grown[path] = size - (old["read"] if old else 0)
            logs[path] = {"file": str(path), "controls": controls, "before": old}
        if len(logs) <= _FEW and sum(grown.values()) <= _LARGE:
            for path, log in logs.items():
                try:
                    yield {path: _facts(path, scan_again(**log))}
                except (DataError, OSError) as error:
                    yield {path: _facts(path, {"problem": str(error)})}
            return
        for batch in in_batches(grown, _MANY, BATCH_BYTES):
            yield from piecewise(partial(self._scan, logs, grown, new), batch)

    def _scan(
        self,
        logs: Mapping[Path, dict[str, Any]],
        grown: Mapping[Path, int],
        stamps: Mapping[Path, Stamp],
        paths: Sequence[Path],
        seconds: float,
    ) -> list[Facts]:
        """Read these in another process, which makes the outlines of long ones on the way."""
        if self._cache.closed:
            raise DataError("the web interface has ended")
        wanted = [{**logs[path], "outlined": grown[path] > LONG} for path in paths]
        long = [path.name for path in paths if grown[path] > LONG]
        with self._pictures.outlining(long[0]) if long else nullcontext():
            found = work("scan_logs", self._workspace.root, logs=wanted, seconds=seconds)
            for path, answer in zip(paths, found, strict=True):
                if outline := answer.pop("outline", ""):
                    self._pictures.keep_outline(path, stamps[path], outline)
        return [_facts(path, answer) for path, answer in zip(paths, found, strict=True)]


def count_controls(path: Path) -> int:
    """n, by the take's name.

    Raises:
        DataError: no take can have so many.
    """
    dimension = dimension_of(path.name) or 0
    if not 2 <= dimension <= MOST_LEARNED_DIMENSION:
        raise DataError(f"{path.name}: a dimension of {dimension} is not possible")
    return dimension - 1


def _facts(path: Path, scan: dict[str, Any]) -> Facts:
    if "problem" in scan:
        return {"problem": scan["problem"].replace(f"{path}: ", "it ")}
    started = started_at(scan["first"])
    return {
        "scan": scan,
        "started": started.isoformat(timespec="milliseconds") if started else None,
        "seconds": round(scan["seconds"], 3),
        "problem": _problem(scan["counts"], "; ".join(scan["problems"])),
        **_study(path),
    }


def _study(path: Path) -> Facts:
    """The participant and the condition of a take, from the head of its journal."""
    journal = take_of(path).journal
    if journal is None:
        return {"journal": False}
    try:
        head = head_of(journal)
    except DataError:
        return {"journal": True}
    return {"journal": True, "participant": head.participant, "condition": head.condition}


def _problem(counts: dict[str, int], found: str) -> str:
    left_out = counts["malformed"] + counts["others"]
    if not counts["performer"] + counts["model"]:
        return f"there is nothing in it that is a row of a take{found and f' ({found})'}"
    if left_out:
        rows = left_out + counts["performer"] + counts["model"]
        return f"{left_out:,} of its {counted(rows, 'row')} left out: {found}"
    return found


@lru_cache(1 << 16)
def _is_take(name: str) -> bool:
    return dimension_of(name) is not None


def _take(name: str, size: int, known: Known, note: TakeNote, live: bool) -> Take:
    text, looking = known
    facts = json.loads(text)
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
        pauses=scan.get("pauses", 0),
        paused=round(scan.get("paused", 0.0), 3),
        trim_pauses=note.trim_pauses,
        journal=facts.get("journal", False),
        participant=facts.get("participant", ""),
        condition=facts.get("condition", ""),
        size=size,
        live=live,
        looking=looking and not live,
        problem=facts.get("problem", ""),
    )


def _started_by_name(name: str) -> str | None:
    """2026-09-26T10-00-00-… as ISO 8601."""
    date, _, time = name[:19].partition("T")
    hours = time.replace("-", ":")
    return f"{date}T{hours}" if len(date) == 10 and len(hours) == 8 and hours.count(":") == 2 else None
