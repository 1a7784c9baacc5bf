"""Says in the workspace that its page is served here, and finds out whether another process serves it already."""

from __future__ import annotations

import json
import logging
import os
from contextlib import suppress

import psutil

from impsy.config.localports import PAGE_FILE, page_says
from impsy.errors import DeviceError
from impsy.files import write_whole
from impsy.web.workspace import Workspace

__all__ = ["Presence"]

logger = logging.getLogger(__name__)


class Presence:
    """The file by which sessions of a workspace find its page."""

    def __init__(self, workspace: Workspace) -> None:
        self._root = workspace.root

    def of_another(self) -> bool:
        """Whether another process serves this workspace's page now."""
        said = page_says(self._root)
        pid, made = said.get("pid", 0), said.get("made", 0)
        if pid <= 0 or pid == os.getpid():
            return False
        try:
            # Another process may have got its number since; the file may have come with the workspace, and name any.
            process = psutil.Process(pid)
            return abs(process.create_time() - made) < 2 and any("impsy" in word for word in process.cmdline())
        except (psutil.Error, OSError, ValueError, OverflowError):
            return False

    def say(self, monitor_port: int) -> None:
        """Sessions are heard at this port from now on."""
        said = {"pid": os.getpid(), "made": int(psutil.Process().create_time()), "monitor_port": monitor_port}
        try:
            write_whole(self._root / PAGE_FILE, json.dumps(said).encode())
        except DeviceError as error:  # sessions that are started elsewhere do not find the page then
            logger.warning("%s", error)

    def leave(self) -> None:
        """The page ends."""
        if page_says(self._root).get("pid") == os.getpid():
            with suppress(OSError):
                (self._root / PAGE_FILE).unlink()
                (self._root / PAGE_FILE).parent.rmdir()  # an empty workspace stays empty
