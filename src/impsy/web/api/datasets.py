"""Datasets over HTTP: list, statistics, making one of takes, files in and out."""

from __future__ import annotations

from typing import IO, Annotated, cast

from pydantic import Field
from starlette.responses import FileResponse

from impsy.data.statistics import DatasetStatistics
from impsy.errors import DataError
from impsy.limits import MOST_LEARNED_DIMENSION
from impsy.protocol.library import Dataset, Made, Undo
from impsy.web.api.endpoints import Body, Endpoints
from impsy.web.api.trash import NameQuery, deleted
from impsy.web.site import Site

__all__ = ["ENDPOINTS"]

ENDPOINTS = Endpoints()
LIMIT = 512_000_000


class Make(Body):
    """Which takes a dataset is made of. None: all of the dimension that are not excluded. ``name``: of its file."""

    takes: Annotated[list[str], Field(min_length=1, max_length=100_000)] | None = None
    dimension: Annotated[int, Field(ge=2, le=int(MOST_LEARNED_DIMENSION))] | None = None
    name: Annotated[str, Field(min_length=1, max_length=150)] | None = None


@ENDPOINTS.add("GET", "/api/datasets", "All datasets")
def list_datasets(site: Site) -> list[Dataset]:
    return site.datasets.all()


@ENDPOINTS.add("POST", "/api/datasets", "Make one of takes")
def make(site: Site, body: Make) -> Made:
    made = site.datasets.make(body.takes, body.dimension, body.name)
    if made.undo is not None:
        site.hub.changed("trash")
    site.hub.changed("datasets")
    return made


@ENDPOINTS.add("POST", "/api/datasets/upload", "Add a dataset's file", upload_limit=LIMIT)
def upload(site: Site, query: NameQuery, upload: IO[bytes]) -> Dataset:
    added = site.datasets.add(query.name, upload)
    site.hub.changed("datasets")
    return added


@ENDPOINTS.add("GET", "/api/datasets/{name}", "What is in it")
def statistics(site: Site, name: str) -> DatasetStatistics:
    path = site.datasets.path(name)
    facts = site.datasets.facts(path)
    if "problem" in facts:
        raise DataError(f"{path.name}: {facts['problem']}")
    return cast("DatasetStatistics", {"name": path.name, **facts})  # as JSON, from another process


@ENDPOINTS.add("GET", "/api/datasets/{name}/file", "Its file")
def file(site: Site, name: str) -> FileResponse:
    path = site.datasets.path(name)
    return FileResponse(path, media_type="application/octet-stream", filename=path.name)


@ENDPOINTS.add("DELETE", "/api/datasets/{name}", "Delete it; can be undone")
def delete(site: Site, name: str) -> Undo:
    path = site.datasets.path(name)
    return deleted(site, site.trash.delete("dataset", path.name, [path]))
