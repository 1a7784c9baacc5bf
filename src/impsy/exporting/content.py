"""What of a configuration goes into an exported page: settings, controls, scenes, and the models that they name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from impsy.config import LoadedConfig
from impsy.config.hands import hands_of
from impsy.config.workspace import OTHER_MODEL, STARTER_MODEL, template_file
from impsy.errors import ConfigError, ImpsyError
from impsy.exporting.packed import pack
from impsy.exporting.page import PackedModel
from impsy.mapping.hands import Hand
from impsy.models.opening import open_model
from impsy.perform.models import open_fitting
from impsy.protocol.instrument import ExportedHand, Instrument
from impsy.protocol.workspace import Scene
from impsy.text import one_line
from impsy.version import __version__
from impsy.web.config.labels import controls_of

__all__ = ["Exported", "export"]

TITLE = "IMPSY"
"""Of a configuration that has none."""

_LEFT_OUT = ("while_playing",)
"""Live settings that a page has no use for: it does not learn."""


@dataclass(frozen=True, slots=True)
class Exported:
    """What goes into the page; ``remarks`` are sentences on what of the configuration it cannot do."""

    instrument: Instrument
    models: tuple[PackedModel, ...]
    remarks: tuple[str, ...]


def export(loaded: LoadedConfig, model: Path, others: Sequence[Path] = ()) -> Exported:
    """The content of a page that plays as a configuration says.

    Args:
        loaded: sized.
        model: the file that plays first.
        others: more model files, which can be chosen in the page.

    Raises:
        ConfigError: the model has another dimension, or the configuration has ``[[voices]]``.
        ModelError: a model cannot be opened.
    """
    config = loaded.config
    if config.voices:
        raise ConfigError(
            "an exported page plays one model, and this configuration has [[voices]]: name another with -c"
        )
    remarks: list[str] = []
    open_fitting(loaded, model)
    files, scenes = [model, *others], []
    for name, scene in config.scenes.items():
        file = _scene_model(loaded, name, scene.model, remarks) if scene.model else None
        if file is not None and file.resolve() not in [each.resolve() for each in files]:
            files.append(file)
        kept = scene.model_copy(update={"model": None if file is None else f"models/{one_line(file.name)}"})
        scenes.append(Scene.model_construct(name=one_line(name), **kept.model_dump()))
    settings: dict[str, Any] = {name: value for name, value in config.live.items() if name not in _LEFT_OUT}
    settings["clock_send"] = list(config.clock.send)
    if settings["clock_source"] == "link":
        settings["clock_source"] = "internal"
        remarks.append("a page has no Ableton Link: its tempo is its own")
    if config.learning.while_playing:
        remarks.append("the page does not learn while playing")
    instrument = Instrument(
        version=__version__,
        title=one_line(config.title) or TITLE,
        dimension=config.model.dimension,
        settings=settings,
        hands=[_hand(hand) for hand in hands_of(config)],
        log_input=config.log_input,
        log_predictions=config.log_predictions,
        controls=controls_of(config),
        scenes=scenes,
        models=[],
        site=False,
    )
    return Exported(instrument, tuple([_packed(file) for file in files]), tuple(remarks))


def _scene_model(loaded: LoadedConfig, scene: str, name: str, remarks: list[str]) -> Path | None:
    """The file of a scene's model; None where it cannot be played, which ``remarks`` tells then."""
    resolved = loaded.resolve(name)
    if resolved.found is None:
        remarks.append(f"the scene {one_line(scene)} keeps the model that plays: {resolved.why}")
        return None
    try:
        open_fitting(loaded, resolved.found)
    except ImpsyError as error:
        remarks.append(f"the scene {one_line(scene)} keeps the model that plays: {error}")
        return None
    return resolved.found


def _packed(path: Path) -> PackedModel:
    opened = open_model(path, "numpy")
    facts = dict(opened.facts) | ({"licence": "MIT"} if _comes_with_impsy(path, opened.bytes) else {})
    return PackedModel(one_line(path.name), opened.dimension, pack(opened), facts)


def _comes_with_impsy(path: Path, size: int) -> bool:
    ours = [template_file(name) for name in (STARTER_MODEL, OTHER_MODEL)]
    return any(each.stat().st_size == size and each.read_bytes() == path.read_bytes() for each in ours)


def _hand(hand: Hand) -> ExportedHand:
    own = {each.name: getattr(hand, each.name) for each in fields(Hand)}
    return ExportedHand(**{**own, "notes": list(hand.notes)})
