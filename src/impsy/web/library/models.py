"""Models: the model files of a workspace, with what is known of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from impsy.config import Config
from impsy.errors import DataError
from impsy.protocol.library import Model
from impsy.web.config.mappings import configured
from impsy.web.jobs.evaluating import read_verdict
from impsy.web.library.cache import stamp_of
from impsy.web.parts import described, existing, known_of
from impsy.web.site import Site

__all__ = ["SUFFIXES", "files_of", "has_report", "list_models", "model_facts", "model_path", "report_path"]

SUFFIXES = (".tflite", ".keras", ".h5")
"""Of files that can be played, the one that is shown first where a model has several."""
_BESIDE = (*SUFFIXES, ".json")


def model_path(site: Site, name: str) -> Path:
    """The file of this name; raises NotThere if there is none, DataError if that can be no model's name."""
    if not name.endswith(_BESIDE):
        raise DataError(f"{name[:80]} is no model: their names end in {', '.join(SUFFIXES)}")
    return existing(site, site.workspace.models, name, "model")


def files_of(path: Path) -> list[Path]:
    """All files of the model that this file is one of."""
    return [each for suffix in _BESIDE if (each := path.with_suffix(suffix)).is_file()]


def report_path(site: Site, path: Path) -> Path:
    """Where the page is that says how good this model is, if there is one."""
    return site.workspace.private / "reports" / f"{path.name}.html"


def has_report(site: Site, path: Path) -> bool:
    """Whether there is such a page about the model as it is now: one of the same name may have taken its place."""
    try:
        return report_path(site, path).stat().st_mtime_ns >= path.stat().st_mtime_ns
    except OSError:
        return False


def _paths(site: Site) -> dict[Path, tuple[int, int]]:
    folder = site.workspace.models
    found: dict[str, Path] = {}
    for suffix in SUFFIXES:
        for path in sorted(folder.glob(f"*{suffix}")) if folder.is_dir() else ():
            if path.is_file() and not path.name.startswith("."):
                found.setdefault(path.stem, path)
    return {path: stamp_of(path) for path in found.values()}


def model_facts(site: Site, path: Path) -> Mapping[str, Any]:
    """What a model is, or ``{"problem": …}``; of a file that is not shown by itself too."""
    known = _facts(site, _paths(site))
    if path.name in known:
        return known[path.name]
    return described(site, "describe_models", [path])[0]


def _facts(site: Site, paths: Mapping[Path, tuple[int, int]]) -> dict[str, dict[str, Any]]:
    def find(new: Sequence[Path], _before: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
        return described(site, "describe_models", new)

    return known_of(site, "models").of(paths, find)


def list_models(site: Site, evaluating: str | None = None) -> list[Model]:
    """All models, the newest first. ``evaluating``: the one that is being evaluated."""
    paths = _paths(site)
    known = _facts(site, paths)
    used = _in_use(site, configured(site.workspace))
    newest = sorted(paths, key=lambda path: paths[path][0], reverse=True)
    return [_model(site, path, paths[path], known[path.name], used, evaluating) for path in newest]


def _in_use(site: Site, config: Config | None) -> Path | None:
    """The file that the configuration names, if it is in the workspace."""
    return (site.workspace.root / config.model.file).resolve() if config and config.model.file else None


def _model(
    site: Site,
    path: Path,
    stamp: tuple[int, int],
    facts: Mapping[str, Any],
    used: Path | None,
    evaluating: str | None,
) -> Model:
    files = files_of(path)
    numbers = ("dimension", "size", "layers", "units", "mixtures", "parameters", "architecture")
    return Model(
        name=path.name,
        **{key: facts.get(key) for key in numbers},
        format=facts.get("format", ""),
        runs=facts.get("runs", ""),
        bytes=stamp[1],
        made=datetime.fromtimestamp(stamp[0] / 1e9).isoformat(timespec="seconds"),
        in_use=used is not None and used in [file.resolve() for file in files],
        report=has_report(site, path),
        verdict=read_verdict(report_path(site, path)) if has_report(site, path) else [],
        evaluating=evaluating == path.name,
        files=[file.name for file in files],
        facts=facts.get("facts", {}),
        problem=facts.get("problem", ""),
    )
