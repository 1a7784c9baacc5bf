"""Models over HTTP: list, playing with one, evaluating it, files in and out."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from starlette.responses import FileResponse, Response

from impsy.config.document import ConfigDocument
from impsy.errors import ModelError
from impsy.perform.models import choices
from impsy.protocol.library import Model, Undo, Used
from impsy.web.config.file import ConfigFile
from impsy.web.config.mappings import loaded_config
from impsy.web.jobs.evaluating import Evaluation
from impsy.web.library.api_datasets import dataset_facts, dataset_path
from impsy.web.library.models import (
    SUFFIXES,
    files_of,
    has_report,
    list_models,
    model_facts,
    model_path,
    report_path,
)
from impsy.web.parts import NameQuery, described, keep, part, received, trash_of
from impsy.web.server.endpoints import Body, Call, Clash, Endpoint, NotThere
from impsy.web.site import Site

__all__ = ["ENDPOINTS", "REPORT_POLICY"]

LIMIT = 256 << 20

REPORT_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
"""A report is a page of tables and pictures: it runs nothing and fetches nothing."""


class Evaluate(Body):
    """On which dataset; ``quick`` looks at 1,000 windows at most."""

    dataset: Annotated[str, Field(min_length=1, max_length=200)]
    quick: bool = True


class UseQuery(Body):
    """``set_dimension``: the configuration gets the model's dimension, instead of refusing one of another."""

    set_dimension: bool = False


def _evaluation(site: Site) -> Evaluation:
    return part(site, "evaluation", lambda: Evaluation(site))


def _list(call: Call) -> list[Model]:
    return list_models(call.site, _evaluation(call.site).model)


def _one(site: Site, name: str) -> Model:
    return next(model for model in list_models(site, _evaluation(site).model) if name in model.files)


def _file(call: Call) -> Response:
    path = model_path(call.site, call.path["name"])
    return FileResponse(path, media_type="application/octet-stream", filename=path.name)


def _upload(call: Call) -> Model:
    site, name = call.site, call.query(NameQuery).name
    if not name.endswith(SUFFIXES):
        raise ModelError(f"{name[:80]}: the name of a model ends in {', '.join(SUFFIXES)}")
    with received(site, name, call.upload) as file:
        (facts,) = described(site, "describe_models", [file])
        if "problem" in facts:
            raise ModelError(f"{name}: {facts['problem']}")
        keep(file, site.workspace.inside(site.workspace.models, name), "model")
    site.hub.changed("models")
    return _one(site, name)


def _delete(call: Call) -> Undo:
    site = call.site
    path = model_path(site, call.path["name"])
    if _one(site, path.name).in_use:
        raise Clash(f"{path.name} is the model that the configuration plays with: choose another one first")
    report = report_path(site, path)
    entry = trash_of(site).delete("model", path.name, [*files_of(path), report, report.with_suffix(".json")])
    site.hub.changed("models")
    site.hub.changed("trash")
    return Undo(undo=entry.id, sentence=f"{path.name} was deleted")


def _use(call: Call) -> Used:
    site = call.site
    path = model_path(site, call.path["name"])
    facts = model_facts(site, path)
    if "problem" in facts:
        raise ModelError(f"{path.name} cannot be played: {facts['problem']}")
    loaded, state, dimension = loaded_config(site.workspace), site.link.state, facts["dimension"]
    follows = call.query(UseQuery).set_dimension or (loaded is not None and loaded.dimension_from == "model")
    bound = not follows or (loaded is not None and loaded.dimension_from == "mappings")
    if loaded is not None and bound and loaded.config.model.dimension != dimension:
        own = loaded.config.model.dimension
        raise Clash(
            f"{path.name} has dimension {dimension}, and the configuration {own}: "
            f"{choices(dimension, own, mapped=loaded.has_mappings)}"
        )
    playing = None if state is None else state.get("dimension")
    fits = not isinstance(playing, int) or playing == dimension
    if not fits and not follows:
        raise Clash(
            f"{path.name} has dimension {dimension}, and the session {playing}: choose a model of that dimension, or "
            f"train one on takes of it"
        )
    file = f"{site.workspace.models.name}/{path.name}"

    def use(document: ConfigDocument) -> None:
        document.set("model.file", file)
        if follows and document.get("model.dimension") is not None:
            document.set("model.dimension", dimension)

    # First the file: whoever starts the session anew finds the same model, and a broken one is told of here.
    ConfigFile(site.workspace).change(use)
    now = state is not None and fits
    if now:
        site.link.send("/impsy/model", "s", [file])
    site.hub.changed("config")
    site.hub.changed("models")
    return Used(model=file, sentence=f"{path.name} plays {'now' if now else 'from the next start on'}")


def _evaluate(call: Call) -> Model:
    site, wanted = call.site, call.body(Evaluate)
    path = model_path(site, call.path["name"])
    dataset = dataset_path(site, wanted.dataset)
    facts, data = model_facts(site, path), dataset_facts(site, dataset)
    for name, known in ((path.name, facts), (dataset.name, data)):
        if "problem" in known:
            raise ModelError(f"{name} cannot be used: {known['problem']}")
    if facts["dimension"] != data["dimension"]:
        raise Clash(
            f"{path.name} has dimension {facts['dimension']}, and {dataset.name} {data['dimension']}: they do not go "
            "together"
        )
    _evaluation(site).start(path, dataset, report_path(site, path), quick=wanted.quick)
    return _one(site, path.name)


def _report(call: Call) -> Response:
    path = model_path(call.site, call.path["name"])
    report = report_path(call.site, path)
    if not has_report(call.site, path):
        raise NotThere(f"{path.name} has no report yet: evaluate it first")
    headers = {"Content-Security-Policy": REPORT_POLICY, "X-Content-Type-Options": "nosniff"}
    return FileResponse(report, media_type="text/html; charset=utf-8", headers=headers)


_MODEL = "/api/models/{name}"

ENDPOINTS: tuple[Endpoint, ...] = (
    Endpoint("GET", "/api/models", _list, "All models, the newest first", returns=list[Model]),
    Endpoint(
        "POST", "/api/models", _upload, "Add a model's file", query=NameQuery, returns=Model, upload_limit=LIMIT
    ),
    Endpoint("GET", f"{_MODEL}/file", _file, "Its file"),
    Endpoint("GET", f"{_MODEL}/report", _report, "The page that says how good it is"),
    Endpoint("POST", f"{_MODEL}/report", _evaluate, "Evaluate it on a dataset", body=Evaluate, returns=Model),
    Endpoint("POST", f"{_MODEL}/use", _use, "Play with it from now on", query=UseQuery, returns=Used),
    Endpoint("DELETE", _MODEL, _delete, "Delete it; can be undone", returns=Undo),
)
