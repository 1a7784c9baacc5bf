"""A configuration that is saved while playing takes effect while playing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from impsy.config import Config, LoadedConfig, load_config
from impsy.errors import ImpsyError
from impsy.events import Report, Set
from impsy.io.adapter import SendReport
from impsy.perform.building.journal import journalled_text
from impsy.perform.building.models import configured_model
from impsy.perform.building.ports import Ports
from impsy.perform.building.session import configured_scenes, engine_settings
from impsy.perform.models import sized
from impsy.perform.scenes import set_all
from impsy.perform.session import Session
from impsy.settings import SETTINGS

__all__ = ["Reloader", "changes_of_settings"]


def changes_of_settings(before: Config, after: Config) -> tuple[Set, ...]:
    """What to change in the engine when the one configuration takes the other's place. The dimension stays."""
    old, new = engine_settings(before), engine_settings(after)
    # What a live command set stays set, unless its key in the file changed.
    return set_all({name: getattr(new, name) for name in SETTINGS if getattr(old, name) != getattr(new, name)})


class Reloader:
    """Applies configurations to a performance, one after the other.

    Args:
        session: the performance.
        ports: its ports.
        loaded: the configuration that it plays.
        overrides: puts the command line's options above a newly read configuration.
        report: receives reports.
    """

    def __init__(
        self,
        session: Session,
        ports: Ports,
        loaded: LoadedConfig,
        overrides: Callable[[LoadedConfig], LoadedConfig],
        report: SendReport,
    ) -> None:
        self._session = session
        self._ports = ports
        self._loaded = loaded
        self._overrides = overrides
        self._report = report

    def reload(self, path: Path) -> None:
        """Read the file and apply what changed; if anything is wrong with it, report that and change nothing."""
        try:
            self._apply(sized(self._overrides(load_config(path))))
        except ImpsyError as error:
            text = f"the configuration was saved, but is not used: {error}"
            self._report(Report("config-unusable", text, "error", always=True))

    def _apply(self, fresh: LoadedConfig) -> None:
        before, after = self._loaded.config, fresh.config
        if before == after:
            return
        if before.model.dimension != after.model.dimension:
            text = (
                f"the configuration now says dimension {after.model.dimension}, which takes a restart; "
                f"until then it plays on with {before.model.dimension}"
            )
            self._report(Report("config-dimension", text, always=True))
            return
        if before.voices != after.voices:
            text = "the configuration has other [[voices]] now, which takes a restart; until then it plays as before"
            self._report(Report("config-voices", text, always=True))
            return
        if before.learning.take != after.learning.take:
            text = (
                "[learning] take has changed, which takes a restart; until then it learns from what it named before"
            )
            self._report(Report("config-learning", text, always=True))
        # The model first: it is what can still go wrong, and then nothing has changed.
        if not after.voices and before.model.file != after.model.file and not self._plays(fresh):
            self._session.deliver(configured_model(fresh), "configuration")
        for event in changes_of_settings(before, after):
            self._session.deliver(event, "configuration")
        self._session.set_scenes(configured_scenes(fresh))
        self._session.set_logging(after.log_input, after.log_predictions)
        self._session.set_adapters(self._ports.apply(after))
        self._session.configured(journalled_text(fresh))
        self._loaded = fresh
        for problem in (*fresh.conflicts, *fresh.warnings):
            self._report(Report(f"config:{problem.key}", str(problem)))
        self._report(Report("config-applied", "the saved configuration is in use", "info", always=True))

    def _plays(self, fresh: LoadedConfig) -> bool:
        """Whether a live command has loaded the configuration's model already; it keeps its state."""
        path = fresh.model_file()
        return path is not None and str(path.resolve()) == self._session.model_file
