"""Training over HTTP: start, stop, resume, forget; how it goes comes by WebSocket."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from impsy.config.schema import Size
from impsy.errors import DataError
from impsy.protocol.library import Run, Undo
from impsy.web.jobs.training import Trainings
from impsy.web.library.api_datasets import dataset_facts, dataset_path
from impsy.web.parts import part, trash_of
from impsy.web.server.endpoints import Body, Call, Endpoint
from impsy.web.site import Site

__all__ = ["ENDPOINTS", "trainings_of"]


class Begin(Body):
    """What is to be learned, and how; what is left out is as usual."""

    dataset: Annotated[str, Field(min_length=1, max_length=200)]
    size: Size = "s"
    epochs: Annotated[int, Field(ge=1, le=10_000)] | None = None
    minutes: Annotated[float, Field(gt=0, le=60 * 24 * 7)] | None = None
    seed: Annotated[int, Field(ge=0, lt=2**32)] | None = None
    architecture: Literal["gestures", "plain"] | None = None
    batch: Annotated[int, Field(ge=1, le=4096)] | None = None
    patience: Annotated[int, Field(ge=1, le=10_000)] | None = None


def trainings_of(site: Site) -> Trainings:
    """The runs of a workspace. Asked for once at the start, those that still run are looked at again."""
    return part(site, "training", lambda: Trainings(site, trash_of(site)))


def _list(call: Call) -> list[Run]:
    return trainings_of(call.site).all()


def _one(call: Call) -> Run:
    return trainings_of(call.site).one(call.path["id"])


def _start(call: Call) -> Run:
    site, begin = call.site, call.body(Begin)
    path = dataset_path(site, begin.dataset)
    facts = dataset_facts(site, path)
    if "problem" in facts:
        raise DataError(f"{path.name} cannot be learned from: {facts['problem']}")
    options = begin.model_dump(exclude={"dataset", "size"})
    return trainings_of(site).start(path, facts["dimension"], begin.size, options)


def _stop(call: Call) -> Run:
    return trainings_of(call.site).stop(call.path["id"])


def _resume(call: Call) -> Run:
    return trainings_of(call.site).resume(call.path["id"])


def _delete(call: Call) -> Undo:
    entry = trainings_of(call.site).delete(call.path["id"])
    call.site.hub.changed("trash")
    return Undo(undo=entry.id, sentence=f"{entry.name} was deleted; its model stays")


_RUN = "/api/training/{id}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/api/training", _list, "All training runs, the latest first", returns=list[Run]),
    Endpoint("POST", "/api/training", _start, "Start one", body=Begin, returns=Run),
    Endpoint("GET", _RUN, _one, "A run with all of its curve", returns=Run),
    Endpoint("POST", f"{_RUN}/stop", _stop, "End it, and keep the best so far", returns=Run),
    Endpoint("POST", f"{_RUN}/resume", _resume, "Go on where it stopped", returns=Run),
    Endpoint("DELETE", _RUN, _delete, "Forget a run that has ended; can be undone", returns=Undo),
)
