"""What “Make it play like me” needs to know: what is there to learn from, and what plays."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from impsy.codecs.log import date_of, dimension_of
from impsy.data.takes import read_notes
from impsy.errors import DataError
from impsy.web.config.file import ConfigFile
from impsy.web.jobs.own_record import is_ours
from impsy.web.library.takes import Takes
from impsy.web.live.link import SessionLink
from impsy.web.workspace import Conflict, Workspace

__all__ = ["DAY_BEGINS", "NowPlaying", "is_of_today"]

DAY_BEGINS = timedelta(hours=4)
"""After midnight: until then the takes of the evening before count as today's."""


def is_of_today(name: str, now: datetime) -> bool:
    """Whether a take, by the date in its name, counts as today's at this time; False without a date."""
    began = date_of(name)
    return began is not None and began >= (now - DAY_BEGINS).date()


class NowPlaying:
    """The takes of a workspace, and the session that plays in it. Any thread may ask."""

    def __init__(self, workspace: Workspace, link: SessionLink, config: ConfigFile, takes: Takes) -> None:
        self._workspace = workspace
        self._link = link
        self._config = config
        self._takes = takes

    def choices(self, dimension: int) -> list[tuple[bool, list[str]]]:
        """Names of takes that may be learned from: today's (True), and all (False), where these are others."""
        excluded = read_notes(self._workspace.logs).excluded
        every = [
            path.name
            for path in self._takes.paths()
            if dimension_of(path.name) == dimension and path.name not in excluded
        ]
        now = datetime.now()
        todays = [name for name in every if is_of_today(name, now) or self._takes.is_live(name)]
        return [(True, todays)] * bool(todays) + [(False, every)] * (todays != every)

    def dimension(self) -> int:
        """D of what is played, where one model plays it.

        Raises:
            Conflict: several do.
            DataError: nothing says it.
        """
        state, loaded = self._link.state, self._config.loaded
        if loaded is not None and loaded.config.voices:
            raise Conflict(
                "several models play here ([[voices]]), each with controls of its own: train one of them on the page "
                "Learn"
            )
        known = state.get("dimension") if state is not None else loaded and loaded.config.model.dimension
        if type(known) is not int or known < 2:
            raise DataError("nothing says how many controls there are: start the session, and play first")
        return known

    def model(self) -> str:
        """The model that plays, as a configuration names it; empty: none, or none of this workspace.

        Of one that has learnt while it played, the one before.
        """
        loaded, state = self._config.loaded, self._link.state
        configured = "" if loaded is None else loaded.config.model.file
        learning = None if state is None else state.get("learning")
        before = learning.get("base") if isinstance(learning, dict) else None
        for name in (Path(configured).name,) if state is None else (state.get("model"), before):
            for file in (configured, f"{self._workspace.models.name}/{name}"):
                if file and Path(file).name == name and is_ours(file, self._workspace.root):
                    return file
        return ""

    def plays(self, file: str) -> bool:
        """Whether this model plays now."""
        state = self._link.state
        return state is not None and state.get("model") == Path(file).name

    def play(self, file: str) -> None:
        """Have the session play with this model, if it does not yet."""
        if not self.plays(file):
            self._link.send("/impsy/model", "s", [file])
