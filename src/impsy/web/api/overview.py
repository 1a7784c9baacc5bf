"""What every page wants to know first: the instrument's controls, scenes and models."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from impsy.config import Config
from impsy.errors import ImpsyError
from impsy.protocol.workspace import Control, Overview, Scene
from impsy.settings import SETTINGS
from impsy.version import __version__
from impsy.web.api.endpoints import Endpoints
from impsy.web.config.labels import controls_of, unmapped
from impsy.web.site import Site

__all__ = ["ENDPOINTS"]

ENDPOINTS = Endpoints()

logger = logging.getLogger(__name__)


@ENDPOINTS.add("GET", "/api/overview", "the workspace at a glance")
def overview(site: Site) -> Overview:
    saved = site.config.read()
    values = saved.draft.values or {}
    config = saved.draft.loaded.config if saved.draft.loaded else None
    dimension = config.model.dimension if config else _whole(_table(values, "model").get("dimension"))
    mode = config.interaction.mode if config else _text(_table(values, "interaction").get("mode"))
    return Overview(
        version=__version__,
        title=_text(values.get("title")) or "",
        workspace=site.workspace.root.name,
        path=str(site.workspace.root),
        demo=site.demo,
        configured=bool(saved.stamp),
        dimension=dimension,
        mode=mode,
        controls=_controls(config, dimension),
        scenes=_scenes(values),
        models=_models(site, dimension),
    )


def _controls(config: Config | None, dimension: int | None) -> list[Control]:
    if config is not None:
        return controls_of(config)
    return unmapped(dimension - 1) if dimension else []


def _scenes(values: dict[str, Any]) -> list[Scene]:
    """The scenes of a file that need not be valid."""
    found = []
    for name, table in _table(values, "scenes").items():
        if isinstance(table, dict):
            live = {row.key: _READERS[row.kind](table.get(row.key)) for row in SETTINGS.values() if row.in_scenes}
            found.append(Scene.model_construct(name=name, model=_text(table.get("model")), **live))
    return found


def _models(site: Site, dimension: int | None) -> list[str]:
    if dimension is None:
        return []
    try:
        models = site.models.all()
    except ImpsyError as error:  # the page is of use without a list of models, too
        logger.warning("the models cannot be listed: %s", error)
        return []
    return sorted(model.name for model in models if model.dimension == dimension and not model.problem)


def _table(values: dict[str, Any], key: str) -> dict[str, Any]:
    value = values.get(key)
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 2 else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


_READERS: dict[str, Callable[[object], Any]] = {"number": _number, "choice": _text, "flag": _flag}
