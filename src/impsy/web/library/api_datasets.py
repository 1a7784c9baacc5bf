"""Datasets over HTTP: list, statistics, making one of takes, files in and out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Annotated, Any

from pydantic import Field
from starlette.responses import FileResponse, Response

from impsy.codecs.log import dimension_of
from impsy.data.statistics import DatasetStatistics
from impsy.data.takes import read_notes
from impsy.errors import DataError
from impsy.protocol.library import Dataset, Made, Undo
from impsy.web.jobs.worker import work
from impsy.web.library.cache import stamp_of
from impsy.web.library.takes import is_live, take_path, take_paths
from impsy.web.parts import NameQuery, described, existing, keep, known_of, part, received, trash_of
from impsy.web.server.endpoints import Body, Call, Endpoint
from impsy.web.site import Site

__all__ = ["ENDPOINTS", "dataset_facts", "dataset_path"]

LIMIT = 512 << 20
SUFFIX = ".npz"


class Make(Body):
    """Which takes a dataset is made of. None: all of the dimension that are not excluded. ``name``: of its file."""

    takes: Annotated[list[str], Field(min_length=1, max_length=100_000)] | None = None
    dimension: Annotated[int, Field(ge=2, le=1025)] | None = None
    name: Annotated[str, Field(min_length=1, max_length=150)] | None = None


def dataset_path(site: Site, name: str) -> Path:
    """The dataset of this name; raises NotThere if there is none, DataError if that can be no dataset's name."""
    return existing(site, site.workspace.datasets, _checked(name), "dataset")


def dataset_facts(site: Site, path: Path) -> Mapping[str, Any]:
    """Its statistics as :func:`impsy.data.statistics.describe` gives them, or ``{"problem": …}``."""
    return _facts(site)[path.name]


def _facts(site: Site) -> dict[str, dict[str, Any]]:
    def find(paths: Sequence[Path], _before: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
        return described(site, "describe_datasets", paths)

    return known_of(site, "datasets").of(_paths(site), find)


def _paths(site: Site) -> dict[Path, tuple[int, int]]:
    folder = site.workspace.datasets
    found: dict[Path, tuple[int, int]] = {}
    for path in sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else ():
        if path.is_file() and not path.name.startswith("."):
            found[path] = stamp_of(path)
    return found


def _checked(name: str) -> str:
    if not name.endswith(SUFFIX):
        raise DataError(f"{name[:80]} is no dataset: their names end in {SUFFIX}")
    return name


def _dataset(path: Path, facts: Mapping[str, Any]) -> Dataset:
    found = path.stat()
    return Dataset(
        name=path.name,
        dimension=facts.get("dimension"),
        performances=facts.get("performances", 0),
        events=facts.get("events", 0),
        seconds=round(facts.get("seconds", 0.0), 3),
        size=found.st_size,
        made=datetime.fromtimestamp(found.st_mtime).isoformat(timespec="seconds"),
        problem=facts.get("problem", ""),
    )


def _list(call: Call) -> list[Dataset]:
    known = _facts(call.site)
    return [_dataset(path, known[path.name]) for path in _paths(call.site) if path.name in known]


def _statistics(call: Call) -> dict[str, Any]:
    path = dataset_path(call.site, call.path["name"])
    facts = dict(dataset_facts(call.site, path))
    if "problem" in facts:
        raise DataError(f"{path.name}: {facts['problem']}")
    return {"name": path.name, **facts}


def _file(call: Call) -> Response:
    path = dataset_path(call.site, call.path["name"])
    return FileResponse(path, media_type="application/octet-stream", filename=path.name)


# --- making ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Chosen:
    dimension: int
    logs: list[Path]
    told: list[str]


def _choose(site: Site, wanted: Make) -> _Chosen:
    """The logs that are meant.

    Raises:
        DataError: there is none, or they are of several dimensions and none is asked for.
        NotThere: one that was named is not there.
    """
    told = []
    notes = read_notes(site.workspace.logs)
    if wanted.takes is not None:
        logs = sorted({take_path(site, name) for name in wanted.takes})
        named = [path.name for path in logs if path.name in notes.excluded]
        if named:
            told.append(f"{_counted(len(named))} marked as not to be learned from, but chosen: used all the same")
    else:
        logs = [path for path in take_paths(site) if path.name not in notes.excluded]
        told += notes.problems
    counts = Counter(dimension_of(path.name) for path in logs)
    dimension = wanted.dimension
    if dimension is None and len(counts) > 1:
        listed = ", ".join(f"{count} of dimension {width}" for width, count in sorted(counts.items()) if width)
        raise DataError(f"these takes are of several dimensions ({listed}): say which")
    if dimension is None:
        dimension = next(iter(counts), None)
    chosen = [path for path in logs if dimension_of(path.name) == dimension]
    if dimension is None or not chosen:
        of = f" of dimension {dimension}" if dimension else ""
        raise DataError(f"there are no takes{of} to make a dataset of: play to record some, or add logs")
    if wanted.takes is None:
        left_out = sum(
            dimension_of(path.name) == dimension for path in take_paths(site) if path.name in notes.excluded
        )
        if left_out:
            told.append(f"{_counted(left_out)} left out: marked as not to be learned from")
    elif len(chosen) < len(logs):
        told.append(f"{_counted(len(logs) - len(chosen))} left out: of another dimension than {dimension}")
    live = [path.name for path in chosen if is_live(site, path.name)]
    told += [f"{name} is still being recorded: what it held so far is in" for name in live]
    return _Chosen(dimension, chosen, told)


def _counted(number: int) -> str:
    return "1 take" if number == 1 else f"{number:,} takes"


def _make(call: Call) -> Made:
    site, wanted = call.site, call.body(Make)
    chosen = _choose(site, wanted)
    name = wanted.name or f"training-dataset-{chosen.dimension}d{SUFFIX}"
    name = name if name.endswith(SUFFIX) else name + SUFFIX
    path = site.workspace.inside(site.workspace.datasets, name)
    with part(site, "making a dataset", Lock):
        fresh = site.workspace.private / "making" / name
        try:
            made = work(
                "collect",
                site.workspace.root,
                logs=[str(log) for log in chosen.logs],
                dimension=chosen.dimension,
                target=str(fresh),
                config=str(site.workspace.config),
            )
            undo, told = None, [*chosen.told, *made["told"]]
            if path.exists():
                undo = trash_of(site).delete("dataset", name, [path], {"replaced": True}).id
                told.insert(0, f"the dataset {name} that there was before can be brought back from the trash")
                site.hub.changed("trash")
            keep(fresh, path, "dataset")
        finally:
            fresh.unlink(missing_ok=True)
    site.hub.changed("datasets")
    facts = made["statistics"]
    return Made(dataset=_dataset(path, facts), told=told, statistics=facts, undo=undo)


# --- files that are sent, and deleting -------------------------------------------------------------


def _upload(call: Call) -> Dataset:
    site, name = call.site, _checked(call.query(NameQuery).name)
    with received(site, name, call.upload) as file:
        (facts,) = described(site, "describe_datasets", [file])
        if "problem" in facts:
            raise DataError(f"{name}: {facts['problem']}")
        path = site.workspace.inside(site.workspace.datasets, name)
        keep(file, path, "dataset")
    site.hub.changed("datasets")
    return _dataset(path, facts)


def _delete(call: Call) -> Undo:
    path = dataset_path(call.site, call.path["name"])
    entry = trash_of(call.site).delete("dataset", path.name, [path])
    call.site.hub.changed("datasets")
    call.site.hub.changed("trash")
    return Undo(undo=entry.id, sentence=f"{path.name} was deleted")


_DATASET = "/api/datasets/{name}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/api/datasets", _list, "All datasets", returns=list[Dataset]),
    Endpoint("POST", "/api/datasets", _make, "Make one of takes", body=Make, returns=Made),
    Endpoint(
        "POST",
        "/api/datasets/upload",
        _upload,
        "Add a dataset's file",
        query=NameQuery,
        returns=Dataset,
        upload_limit=LIMIT,
    ),
    Endpoint("GET", _DATASET, _statistics, "What is in it", returns=DatasetStatistics),
    Endpoint("GET", f"{_DATASET}/file", _file, "Its file"),
    Endpoint("DELETE", _DATASET, _delete, "Delete it; can be undone", returns=Undo),
)
