"""What every page wants to know first: the instrument's controls, scenes and models."""

from __future__ import annotations

import logging
from typing import Any

from impsy.errors import ImpsyError
from impsy.protocol.workspace import Overview, Scene
from impsy.settings import SETTINGS
from impsy.version import __version__
from impsy.web.api.endpoints import Endpoints
from impsy.web.config.drafts import Draft
from impsy.web.config.labels import controls_of, unmapped
from impsy.web.site import Site

__all__ = ["ENDPOINTS"]

ENDPOINTS = Endpoints()

_WAIT_SECONDS = 2.0
"""How long the first page waits for the models to be read; it is told when they are."""

logger = logging.getLogger(__name__)


@ENDPOINTS.add("GET", "/api/overview", "the workspace at a glance")
def overview(site: Site) -> Overview:
    try:
        saved = site.config.read()
    except OSError:  # the page for the configuration says why; the others are of use all the same
        saved = Draft(stamp="unreadable")
    values = site.config.tables(saved)
    config = saved.loaded.config if saved.loaded else None
    dimension = config.model.dimension if config else _dimension(values)
    mode = config.interaction.mode if config else _value(_table(values, "interaction"), "mode", "choice")
    return Overview(
        version=__version__,
        title=_value(values, "title", "choice") or "",
        workspace=site.workspace.root.name,
        demo=site.demo,
        configured=bool(saved.stamp),
        dimension=dimension,
        mode=mode,
        controls=controls_of(config) if config else unmapped((dimension or 1) - 1),
        scenes=_scenes(values),
        models=_models(site, dimension),
    )


def _scenes(values: dict[str, Any]) -> list[Scene]:
    """The scenes of a file that need not be valid."""
    found = []
    for name, table in _table(values, "scenes").items():
        if isinstance(table, dict):
            live = {row.key: _value(table, row.key, row.kind) for row in SETTINGS.values() if row.in_scenes}
            found.append(Scene.model_construct(name=name, model=_value(table, "model", "choice"), **live))
    return found


def _models(site: Site, dimension: int | None) -> list[str]:
    if dimension is None:
        return []
    try:
        models = site.models.all(wait=_WAIT_SECONDS)
    except ImpsyError as error:  # the page is of use without a list of models, too
        logger.warning("the models cannot be listed: %s", error)
        return []
    return sorted(model.name for model in models if model.dimension == dimension and not model.problem)


def _table(values: dict[str, Any], key: str) -> dict[str, Any]:
    value = values.get(key)
    return value if isinstance(value, dict) else {}


_KINDS: dict[str, type] = {"number": float, "whole": int, "choice": str, "flag": bool}


def _value(table: dict[str, Any], key: str, kind: str) -> Any:
    """The value of a key as the kind of its setting has it; None where it is of another kind."""
    value = table.get(key)
    if kind == "number" and type(value) is int:
        return float(value)
    return value if type(value) is _KINDS[kind] else None


def _dimension(values: dict[str, Any]) -> int | None:
    found = _value(_table(values, "model"), "dimension", "whole")
    return found if found is not None and found >= 2 else None
