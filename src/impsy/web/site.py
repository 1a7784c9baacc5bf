"""One web process: a workspace, the pages that look at it, the session that plays it, and all other parts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any, Self

from impsy.files import leads_out
from impsy.processes import end_all_in
from impsy.protocol.pages import ServerMessage
from impsy.web.config.file import ConfigFile
from impsy.web.devices.mapping import MappingListener
from impsy.web.devices.meaning import MessageMeaning
from impsy.web.devices.watching import DevicesWatcher
from impsy.web.devices.ways import CheckUps
from impsy.web.guests.invitations import Invitations
from impsy.web.jobs.evaluating import Evaluation
from impsy.web.jobs.own_model import OwnModelJob
from impsy.web.jobs.own_playing import NowPlaying
from impsy.web.jobs.replaying import ReplayJob
from impsy.web.jobs.training import Trainings
from impsy.web.library.datasets import Datasets
from impsy.web.library.models import Models
from impsy.web.library.pictures import TakeCache
from impsy.web.library.playback import Playback
from impsy.web.library.takes import Takes
from impsy.web.library.trash import Trash
from impsy.web.live.hub import PageHub
from impsy.web.live.link import LinkMessage, SessionLink
from impsy.web.live.presence import Presence
from impsy.web.live.traffic import traffic_in_words
from impsy.web.session.performer import SimulatedPerformer
from impsy.web.session.supervisor import SessionSupervisor
from impsy.web.workshop.workshop import Workshop
from impsy.web.workspace import Workspace

__all__ = ["Site"]

logger = logging.getLogger(__name__)


class Site:
    """The parts of a web process. In a ``with`` they run; at its end, a session that they started ends too.

    Args:
        workspace: the folder; it may be empty.
        demo: whether the pages call it a demonstration.
        seed: of the simulated performer.
        arguments: more for ``impsy run``.
        hub, link, supervisor: in place of those that are made here.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        demo: bool = False,
        seed: int | None = None,
        arguments: Sequence[str] = (),
        hub: PageHub | None = None,
        link: SessionLink | None = None,
        supervisor: SessionSupervisor | None = None,
    ) -> None:
        self.workspace = workspace
        self.demo = demo
        self.config = ConfigFile(workspace)
        self.hub = hub or PageHub()
        self.presence = Presence(workspace)
        self.invitations = Invitations()
        self.invitations.came = lambda: self.hub.changed("invitations")
        self.link = link or SessionLink(
            None,
            None,
            self._receive,
            ours=self._plays_here,
            alone=lambda: not self.presence.of_another(),
            on_listening=self.presence.say,
        )
        self.supervisor = supervisor or SessionSupervisor(self.config, self.link, self._announce, arguments)
        self.performer = SimulatedPerformer(self.link, self.hub, seed)
        self.trash = Trash(workspace)
        self.pictures = TakeCache(workspace.root)
        self.takes = Takes(workspace, self.link, self.pictures, lambda: self.hub.changed("takes"))
        self.playback = Playback(self.hub, self.link)
        self.datasets = Datasets(workspace, self.takes, self.trash, lambda: self.hub.changed("datasets"))
        self.models = Models(workspace, self.config, lambda: self.hub.changed("models"))
        self.trainings = Trainings(workspace, self.hub, self.trash)
        self.evaluation = Evaluation(workspace, self.hub)
        self.replaying = ReplayJob(workspace, self.hub)
        self.own_model = OwnModelJob(
            workspace,
            self.hub,
            NowPlaying(workspace, self.link, self.config, self.takes),
            self.datasets,
            self.trainings,
        )
        self.devices = DevicesWatcher(lambda: self.hub.changed("devices"))
        self.mapping = MappingListener(self.hub.send)
        self.meaning = MessageMeaning(self.config)
        self.workshop = Workshop(workspace, self.hub.send, self.invitations, _instrument)
        self.checkups = CheckUps(workspace, self.link, self.supervisor)
        self._status: tuple[str, Any] = ("", None)
        self._running = ExitStack()
        self.config.subscribe(lambda: self.hub.changed("config"))

    def __enter__(self) -> Self:
        """Listen to the session, watch the configuration, and follow the trainings that run.

        Raises:
            DataError: what the web interface keeps in the workspace leads out of it.
        """
        self.workspace.check_private()
        self.workspace.tidy()
        self.supervisor.use_configured_ports()
        self.config.subscribe(self.supervisor.use_configured_ports)
        with ExitStack() as running:
            running.callback(self.presence.leave)
            running.enter_context(self.link)
            running.enter_context(self.config)
            running.callback(end_all_in, self.workspace.root)
            running.callback(self.supervisor.close)
            running.callback(self.close)
            running.callback(self.workshop.close)
            self.trainings.follow()
            if not self.presence.of_another():
                self.own_model.follow()
            self._running = running.pop_all()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._running.close()

    def close(self) -> None:
        """End what the parts do in threads of their own. Twice is fine."""
        parts: tuple[Callable[[], None], ...] = (
            self.performer.stop,
            self.playback.stop,
            self.mapping.stop,
            self.devices.close,
            self.own_model.close,
            self.trainings.close,
            self.evaluation.close,
            self.replaying.close,
            self.takes.close,
            self.datasets.close,
            self.models.close,
        )
        for close in parts:
            try:
                close()
            except Exception:  # the session and the other parts must end too
                logger.exception("a part of the web interface did not end in order")

    def standing(self) -> list[ServerMessage]:
        """Messages for a page that was opened just now."""
        return [
            {"type": "session", **self.supervisor.status()},
            {"type": "performer", "running": self.performer.running},
            {"type": "own_model", **self.own_model.status()},
        ]

    def _plays_here(self, state: dict[str, Any]) -> bool:
        """Whether a session plays this workspace, and not another one's, or does not say what it plays."""
        config = state.get("config")
        return not isinstance(config, str) or not config or not leads_out(config, self.workspace.root)

    # --- messages for the pages, by threads of the link and the supervisor -------------------------

    def _receive(self, message: LinkMessage) -> None:
        """Pass on a message of the link; a state becomes what it means for the session's status."""
        if message["type"] == "state":
            self._announce({"type": "session", **self.supervisor.status()})
            return
        if message["type"] == "raw_traffic":
            self.hub.send({"type": "traffic", **traffic_in_words(message["content"], self.meaning)})
            return
        self.hub.send(message)
        if message["type"] == "out":
            self.performer.ears.update(message["values"])

    def _announce(self, message: ServerMessage) -> None:
        """Pass on a message of the supervisor."""
        self.hub.send(message)
        if message["type"] == "session":
            before, self._status = self._status, (message["status"], message["pid"])
            if before != self._status:
                # A log begins or ends with a session.
                self.hub.changed("session")
                self.hub.changed("takes")


def _instrument(workspace: Workspace, hub: PageHub) -> Site:
    """The site of one guest's instrument."""
    return Site(workspace, hub=hub)
