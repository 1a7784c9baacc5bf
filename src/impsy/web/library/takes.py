"""Takes: the logs of a workspace, with what is said of them and what is in them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from impsy.codecs.log import dimension_of
from impsy.data.logs.scanning import scan_again, started_at
from impsy.data.takes import Notes, read_notes
from impsy.errors import DataError, ImpsyError
from impsy.protocol.library import Take
from impsy.web.jobs.worker import work
from impsy.web.library.cache import stamp_of
from impsy.web.parts import existing, known_of
from impsy.web.site import Site

__all__ = ["controls_of_take", "is_live", "list_takes", "take_path", "take_paths"]

_LARGE = 1 << 20
"""Bytes of logs; reading so many takes a tenth of a second, or some seconds if they are not as we write them."""


def take_paths(site: Site) -> dict[Path, tuple[int, int]]:
    """All takes with their stamps, in the order of their names, so of time."""
    return dict(sorted(_logs(site.workspace.logs), key=lambda each: each[0].name))


def _logs(folder: Path) -> Iterator[tuple[Path, tuple[int, int]]]:
    """The logs in a folder; none that leads out of the workspace, and no pipe: its reader would wait for ever."""
    if not folder.is_dir():
        return
    root = folder.parent.resolve()
    with os.scandir(folder) as entries:
        for entry in entries:
            if dimension_of(entry.name) is None:
                continue
            path = folder / entry.name
            try:
                out = entry.is_symlink() and not Path(os.path.realpath(path)).is_relative_to(root)
                if not out and (entry.is_file() or entry.is_dir()):
                    yield path, stamp_of(path)
            except OSError:  # it was taken away just now
                continue


def take_path(site: Site, name: str) -> Path:
    """The log of this name; raises NotThere if there is none, DataError if that can be no take's name."""
    if dimension_of(name) is None:
        raise DataError(f"{name[:80]} is no take: they are named like 2026-09-26T10-00-00-9d-mdrnn.log")
    return existing(site, site.workspace.logs, name, "take")


def controls_of_take(path: Path) -> int:
    """n, by the take's name.

    Raises:
        DataError: no take can have so many.
    """
    dimension = dimension_of(path.name) or 0
    if not 2 <= dimension <= 1025:
        raise DataError(f"{path.name}: a dimension of {dimension} is not possible")
    return dimension - 1


def is_live(site: Site, name: str) -> bool:
    """Whether the session writes this take now."""
    state = site.link.state or {}
    log = state.get("log")
    file = log.get("file") if isinstance(log, dict) else None
    if not isinstance(file, str) or not file:
        return False
    path = Path(file)
    if path.name != name:
        return False
    return not path.is_absolute() or path.resolve().parent == site.workspace.logs.resolve()


def list_takes(site: Site, only: Sequence[Path] | None = None) -> list[Take]:
    """All takes (or ``only`` these), the newest first."""
    paths = take_paths(site)
    live = frozenset(path.name for path in paths if is_live(site, path.name))
    known = known_of(site, "takes").of(paths, partial(_scan, site), passing=live)
    notes = read_notes(site.workspace.logs)
    chosen = paths if only is None else {path: paths[path] for path in only if path in paths}
    takes = [_take(path.name, stamp[1], known[path.name], notes, path.name in live) for path, stamp in chosen.items()]
    return takes[::-1]


def _scan(site: Site, paths: Sequence[Path], before: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """The facts about takes; those with much to read are read elsewhere, where nothing that plays waits for it."""
    answers: dict[Path, dict[str, Any]] = {}
    large: dict[Path, dict[str, Any]] = {}
    for path in paths:
        old = before.get(path.name, {}).get("scan")
        try:
            log: dict[str, Any] = {"file": str(path), "controls": controls_of_take(path), "before": old}
            if path.stat().st_size - (old["read"] if old else 0) > _LARGE:
                large[path] = log
            else:
                answers[path] = scan_again(**log)
        except (DataError, OSError, LookupError, TypeError) as error:
            answers[path] = {"problem": str(error)}
    if large:
        try:
            answers |= zip(large, work("scan_logs", site.workspace.root, logs=list(large.values())), strict=True)
        except ImpsyError as error:
            answers |= {path: {"problem": str(error)} for path in large}
    return [_facts(path, answers[path]) for path in paths]


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
