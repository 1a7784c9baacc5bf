"""Scenes and presets: named sets of settings that are recalled all at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from impsy.config import LoadedConfig, SceneConfig
from impsy.events import EngineEvent, Report, Set
from impsy.io.adapter import SendReport
from impsy.perform.switching import ModelSwitcher, OpenModel
from impsy.presets import PRESETS
from impsy.settings import SETTINGS, Settings, Value
from impsy.text import one_line

__all__ = ["Scene", "SceneRecall", "Scenes", "preset_events", "scenes_of", "set_all"]


def set_all(values: Mapping[str, Value]) -> tuple[Set, ...]:
    """The events that set all of these, by name. The mode comes last: it begins with what the others have set."""
    return tuple(Set(name, values[name]) for name in sorted(values, key="mode".__eq__))


def preset_events(name: str, report: SendReport) -> tuple[Set, ...]:
    """The events that set what the preset of this name does; none, and a report, if there is no such preset."""
    preset = PRESETS.get(name.strip().lower())
    if preset is not None:
        return set_all(preset.values)
    text = f"there is no preset “{one_line(name, 80)}”; there are {', '.join(PRESETS)}"
    report(Report(f"unknown-preset:{one_line(name, 80)}", text))
    return ()


@dataclass(frozen=True, slots=True)
class Scene:
    """One scene, ready to be recalled.

    ``events`` set what it names. ``model`` is the file that it plays with as the configuration has it, "" if it names
    none; ``file`` where that was when the configuration was read, "" if nowhere.
    """

    events: tuple[Set, ...]
    model: str = ""
    file: str = ""

    def holds(self, settings: Settings) -> bool:
        """Whether these settings are those of the scene."""
        return all(getattr(settings, event.name) == event.value for event in self.events)


@dataclass(frozen=True, slots=True)
class Scenes:
    """The scenes of a configuration by name, in its order, and what opens the models that they name."""

    by_name: Mapping[str, Scene] = field(default_factory=dict)
    open_model: OpenModel | None = None


class SceneRecall:
    """Recalls scenes. Any thread may call it.

    Args:
        scenes: those there are; may be set anew.
        models: switches to the models that they name.
        deliver: takes the events that they are made of.
        report: receives reports of unknown names.
    """

    def __init__(
        self, scenes: Scenes, models: ModelSwitcher, deliver: Callable[[EngineEvent], None], report: SendReport
    ) -> None:
        self.scenes = scenes
        self._models = models
        self._deliver = deliver
        self._report = report
        self._name = ""

    def recall(self, name: str) -> None:
        """Set what the scene names: its settings at once, its model as soon as it is open."""
        scenes = self.scenes
        scene = scenes.by_name.get(name)
        if scene is None:
            known = ", ".join(f"“{known}”" for known in scenes.by_name)
            there_are = f"there is no scene “{one_line(name, 80)}”; there are {one_line(known, 500)}"
            text = there_are if known else "the configuration has no scenes"
            self._report(Report(f"unknown-scene:{one_line(name, 80)}", text))
            return
        self._name = name
        if scene.file and scene.file == self._models.file:
            self._models.stay()
        elif scene.model:
            self._models.switch_to(scene.model, scenes.open_model)
        for event in scene.events:
            self._deliver(event)

    def forget(self) -> None:
        """No scene is current any more: the model was changed by something else."""
        self._name = ""

    def current(self, settings: Settings) -> str:
        """The scene that was recalled last; "" if something that it set has changed since."""
        name = self._name
        scene = self.scenes.by_name.get(name)
        return name if scene is not None and scene.holds(settings) else ""


def scenes_of(loaded: LoadedConfig, open_model: OpenModel | None = None) -> Scenes:
    """The scenes of a configuration."""
    return Scenes({one_line(name): _scene(scene, loaded) for name, scene in loaded.config.scenes.items()}, open_model)


def _scene(scene: SceneConfig, loaded: LoadedConfig) -> Scene:
    named = {row.name: getattr(scene, row.key) for row in SETTINGS.values() if row.in_scenes}
    found = loaded.resolve(scene.model).found if scene.model else None
    return Scene(
        events=set_all({name: value for name, value in named.items() if value is not None}),
        model=scene.model or "",
        file=str(found.resolve()) if found is not None else "",
    )
