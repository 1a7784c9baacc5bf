"""“Replay exactly”: a take is played again by its journal, in a process of its own, and compared with its log."""

from __future__ import annotations

import shutil
import threading
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from impsy.codecs.log import dimension_of, log_name
from impsy.data.takes import LONGEST_TITLE, TakeNote, annotate, read_notes
from impsy.errors import ImpsyError
from impsy.processes import Cancelling
from impsy.protocol.library import ExactReplay
from impsy.threads import once
from impsy.web.library.uploads import keep
from impsy.web.library.worker import work
from impsy.web.live.hub import PageHub
from impsy.web.workspace import Conflict, Workspace

__all__ = ["ReplayJob"]

SECONDS = 3600.0
"""How long a replay may take: a performance of hours, with a large model."""

CANCELLED = "The replay was cancelled"

NOTHING = ExactReplay(name=None, running=False, same=None, sentence="", kept=False)


class ReplayJob:
    """The one such job of a workspace. Any thread may call it."""

    def __init__(self, workspace: Workspace, hub: PageHub) -> None:
        self._workspace = workspace
        self._hub = hub
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._scratch: Path | None = None
        self._cancelling = Cancelling()
        self._closed = False
        self._now = NOTHING

    def status(self) -> ExactReplay:
        """How far it is."""
        with self._lock:
            return self._now

    def start(self, log: Path) -> ExactReplay:
        """Begin; what came of an earlier one is forgotten. Raises Conflict if one is going on."""
        with self._lock:
            if self._now.running:
                raise Conflict(f"{self._now.name} is being replayed: wait until that is done, then try again")
            self._forget()
            self._scratch = self._workspace.scratch()
            self._cancelling = Cancelling()
            self._now = now = ExactReplay(
                name=log.name, running=True, same=None, sentence="It is being played again", kept=False
            )
            target = self._scratch / "replay.log"
            self._thread = once("impsy replay", partial(self._run, log, target, self._cancelling))
            self._thread.start()
        self._hub.changed("replay")
        return now

    def cancel(self) -> ExactReplay:
        """End it; nothing of it stays. Raises Conflict if none is going on."""
        with self._lock:
            if not self._now.running:
                raise Conflict("nothing is being replayed: there is nothing to cancel")
            self._cancelling.cancel()
            return self._now

    def keep(self) -> str:
        """Keep the log as a take of its own, which is not learned from; returns its name.

        Raises:
            Conflict: there is none to keep.
        """
        with self._lock:
            now, scratch = self._now, self._scratch
            if not now.kept or now.name is None or scratch is None:
                raise Conflict("there is no replay to keep: replay a take first")
            dimension = dimension_of(now.name)
            assert dimension is not None
            title = read_notes(self._workspace.logs).of(now.name).title or now.name.removesuffix("-mdrnn.log")
            path = self._free(dimension)
            keep(self._workspace, scratch / "replay.log", path, "take")
            note = TakeNote(f"Replay of {title}"[:LONGEST_TITLE], ("replay",), excluded=True)
            annotate(self._workspace.logs, {path.name: note})
            self._forget()
            self._now = NOTHING
        self._hub.changed("takes")
        self._hub.changed("replay")
        return path.name

    def close(self) -> None:
        """Nothing is told any more, and what was not kept is removed; its process ends with the others."""
        with self._lock:
            self._closed = True
            if not self._now.running:
                self._forget()

    def _free(self, dimension: int) -> Path:
        when = datetime.now()
        while (path := self._workspace.inside(self._workspace.logs, log_name(when, dimension))).exists():
            when += timedelta(seconds=1)
        return path

    def _forget(self) -> None:
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)
        self._scratch = None

    def _run(self, log: Path, target: Path, cancelling: Cancelling) -> None:
        same: bool | None = None
        rows = 0
        try:
            found = work(
                "replay_take",
                self._workspace.root,
                seconds=SECONDS,
                cancelling=cancelling,
                log=str(log),
                target=str(target),
            )
            same, sentence, rows = found["same"], found["sentence"], found["rows"]
        except ImpsyError as error:
            sentence = CANCELLED if cancelling.requested else str(error).replace(f"{log.parent}/", "")
        except Exception as error:  # noqa: BLE001 - the page must not wait for ever
            sentence = f"It could not be replayed: {error}"
        with self._lock:
            if self._closed:
                self._forget()
                return
            self._now = ExactReplay(
                name=log.name, running=False, same=same, sentence=sentence, kept=rows > 0 and target.is_file()
            )
        self._hub.changed("replay")
