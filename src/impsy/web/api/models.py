"""Models over HTTP: list, playing with one, evaluating it, files in and out."""

from __future__ import annotations

from typing import IO, Annotated

from pydantic import Field
from starlette.responses import FileResponse

from impsy.config.document import ConfigDocument
from impsy.errors import ModelError
from impsy.perform.models import choices
from impsy.protocol.library import Model, Undo, Used
from impsy.web.api.endpoints import Body, Endpoints
from impsy.web.api.trash import NameQuery, deleted
from impsy.web.library.models import files_of
from impsy.web.site import Site
from impsy.web.workspace import Conflict, NotFound

__all__ = ["ENDPOINTS", "REPORT_POLICY", "choose"]

ENDPOINTS = Endpoints()
LIMIT = 256_000_000

REPORT_POLICY = (
    "sandbox allow-downloads; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
)
"""A report is a page of tables and pictures: it runs nothing and fetches nothing; its tables can be saved."""


class Evaluate(Body):
    """On which dataset; ``quick`` looks at 1,000 windows at most."""

    dataset: Annotated[str, Field(min_length=1, max_length=200)]
    quick: bool = True


class UseQuery(Body):
    """``set_dimension``: the configuration gets the model's dimension, instead of refusing one of another."""

    set_dimension: bool = False


@ENDPOINTS.add("GET", "/api/models", "All models, the newest first")
def list_models(site: Site) -> list[Model]:
    return site.models.all(site.evaluation.model)


def _one(site: Site, name: str) -> Model:
    return next(model for model in list_models(site) if name in model.files)


@ENDPOINTS.add("POST", "/api/models", "Add a model's file", upload_limit=LIMIT)
def upload(site: Site, query: NameQuery, upload: IO[bytes]) -> Model:
    site.models.add(query.name, upload)
    site.hub.changed("models")
    return _one(site, query.name)


@ENDPOINTS.add("GET", "/api/models/{name}/file", "Its file")
def file(site: Site, name: str) -> FileResponse:
    path = site.models.path(name)
    return FileResponse(path, media_type="application/octet-stream", filename=path.name)


@ENDPOINTS.add("GET", "/api/models/{name}/report", "The report about it")
def report(site: Site, name: str) -> FileResponse:
    path = site.models.path(name)
    if not site.models.has_report(path):
        raise NotFound(f"{path.name} has no report yet: evaluate it first")
    headers = {"Content-Security-Policy": REPORT_POLICY, "X-Content-Type-Options": "nosniff"}
    return FileResponse(site.models.report(path), media_type="text/html; charset=utf-8", headers=headers)


@ENDPOINTS.add("POST", "/api/models/{name}/report", "Evaluate it on a dataset")
def evaluate(site: Site, name: str, body: Evaluate) -> Model:
    path, dataset = site.models.path(name), site.datasets.path(body.dataset)
    facts, data = site.models.facts(path), site.datasets.facts(dataset)
    for file, known in ((path, facts), (dataset, data)):
        if "problem" in known:
            raise ModelError(f"{file.name} cannot be used: {known['problem']}")
    if facts["dimension"] != data["dimension"]:
        raise Conflict(
            f"{path.name} has dimension {facts['dimension']}, and {dataset.name} {data['dimension']}: they do not go "
            "together"
        )
    site.evaluation.start(path, dataset, site.models.report(path), quick=body.quick)
    return _one(site, path.name)


@ENDPOINTS.add("POST", "/api/models/{name}/use", "Play with it from now on")
def use(site: Site, name: str, query: UseQuery) -> Used:
    file, now = choose(site, name, set_dimension=query.set_dimension)
    if now:
        site.link.send("/impsy/model", "s", [file])
    return Used(model=file, sentence=f"“{name}” plays {'now' if now else 'from the next start on'}")


def choose(site: Site, name: str, *, set_dimension: bool = False) -> tuple[str, bool]:
    """Have the configuration name this model.

    Returns:
        The model as the configuration names it, and whether the session that plays now can play it, too.

    Raises:
        Conflict: it does not go together with the configuration or the session.
        ModelError: it cannot be played.
        NotFound: there is none of this name.
    """
    path = site.models.path(name)
    facts = site.models.facts(path)
    if "problem" in facts:
        raise ModelError(f"{path.name} cannot be played: {facts['problem']}")
    loaded, state, dimension = site.config.loaded, site.link.state, facts["dimension"]
    if loaded is not None and loaded.config.voices:
        raise Conflict(
            f"the configuration has [[voices]], each with a model of its own: name {path.name} as the model of one "
            "of them, in its file"
        )
    follows = set_dimension or (loaded is not None and loaded.dimension_from == "model")
    bound = not follows or (loaded is not None and loaded.dimension_from == "mappings")
    if loaded is not None and bound and loaded.config.model.dimension != dimension:
        own = loaded.config.model.dimension
        raise Conflict(
            f"{path.name} has dimension {dimension}, and the configuration {own}: "
            f"{choices(dimension, own, mapped=loaded.has_mappings)}"
        )
    playing = None if state is None else state.get("dimension")
    fits = not isinstance(playing, int) or playing == dimension
    if not fits and not follows:
        raise Conflict(
            f"{path.name} has dimension {dimension}, and the session {playing}: choose a model of that dimension, or "
            f"train one on takes of it"
        )
    file = f"{site.workspace.models.name}/{path.name}"

    def set_model(document: ConfigDocument) -> None:
        document.set("model.file", file)
        if follows and document.get("model.dimension") is not None:
            document.set("model.dimension", dimension)

    # First the file: a session that is started anew finds the same model, and a broken file is reported here.
    site.config.change(set_model)
    site.hub.changed("models")
    return file, state is not None and fits


@ENDPOINTS.add("DELETE", "/api/models/{name}", "Delete it; can be undone")
def delete(site: Site, name: str) -> Undo:
    path = site.models.path(name)
    if _one(site, path.name).in_use:
        raise Conflict(f"{path.name} is the model that the configuration plays with: choose another one first")
    report = site.models.report(path)
    paths = [*files_of(path), report, report.with_suffix(".json")]
    return deleted(site, site.trash.delete("model", path.name, paths))
