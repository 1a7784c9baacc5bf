"""Training over HTTP: start, stop, resume, forget; how it goes comes by WebSocket."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from impsy.config.schema import Size
from impsy.errors import DataError
from impsy.protocol.library import Run, Undo
from impsy.web.api.endpoints import Body, Endpoints
from impsy.web.site import Site

__all__ = ["ENDPOINTS"]

ENDPOINTS = Endpoints()


class Start(Body):
    """What is to be learned, and how; what is left out is automatic."""

    dataset: Annotated[str, Field(min_length=1, max_length=200)]
    size: Size = "s"
    epochs: Annotated[int, Field(ge=1, le=10_000)] | None = None
    minutes: Annotated[float, Field(gt=0, le=60 * 24 * 7)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] | None = None
    architecture: Literal["gestures", "plain"] | None = None
    batch: Annotated[int, Field(ge=1, le=4096)] | None = None
    patience: Annotated[int, Field(ge=1, le=10_000)] | None = None


@ENDPOINTS.add("GET", "/api/training", "All training runs, the latest first")
def list_runs(site: Site) -> list[Run]:
    return site.trainings.all()


@ENDPOINTS.add("POST", "/api/training", "Start one")
def start(site: Site, body: Start) -> Run:
    path = site.datasets.path(body.dataset)
    facts = site.datasets.facts(path)
    if "problem" in facts:
        raise DataError(f"{path.name} cannot be learned from: {facts['problem']}")
    options = body.model_dump(exclude={"dataset", "size"})
    return site.trainings.start(path, facts["dimension"], body.size, options)


@ENDPOINTS.add("GET", "/api/training/{id}", "A run with all of its curve")
def run(site: Site, id: str) -> Run:
    return site.trainings.one(id)


@ENDPOINTS.add("POST", "/api/training/{id}/stop", "End it, and keep the best so far")
def stop(site: Site, id: str) -> Run:
    return site.trainings.stop(id)


@ENDPOINTS.add("POST", "/api/training/{id}/resume", "Go on where it stopped")
def resume(site: Site, id: str) -> Run:
    return site.trainings.resume(id)


@ENDPOINTS.add("DELETE", "/api/training/{id}", "Forget a run that has ended; can be undone")
def delete(site: Site, id: str) -> Undo:
    entry = site.trainings.delete(id)
    site.hub.changed("trash")
    return Undo(undo=entry.id, sentence=f"{entry.name} was deleted; its model stays")
