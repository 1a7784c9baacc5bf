"""The one folder that the web interface works in. Nothing outside it is read, written or named."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import psutil

from impsy.errors import DataError, ImpsyError
from impsy.files import leads_out, locked
from impsy.names import safe_name

__all__ = ["Conflict", "NotFound", "Workspace"]


class NotFound(ImpsyError):
    """What was asked for does not exist (any more)."""


class Conflict(ImpsyError):
    """It cannot be done in the present state of something else."""


_SCRATCH = "scratch"


class Workspace:
    """Paths in a workspace, all of them inside ``root``, links resolved."""

    def __init__(self, root: Path, config: str = "config.toml") -> None:
        self.root = root.resolve()
        self.config = self.root / config
        self.logs = self.root / "logs"
        """Where takes are."""
        self.datasets = self.root / "datasets"
        self.models = self.root / "models"
        self._held = threading.local()
        self.private = self.root / ".impsy"
        """What the web interface itself keeps: deleted files, previous configurations, training runs."""

    def check_private(self) -> None:
        """See that what is written in :attr:`private` stays there: a workspace may have come from anyone.

        Raises:
            DataError: something in it leads out of the workspace, or is neither a file nor a folder.
        """
        for path in _all_in(self.private):
            kind = path.lstat().st_mode
            out = stat.S_ISLNK(kind) and leads_out(path, self.root)
            if out or not (stat.S_ISLNK(kind) or stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
                what = "leads out of the workspace" if out else "is neither a file nor a folder"
                raise DataError(f"{path.relative_to(self.root)} {what}: nothing that IMPSY made is so; delete it")

    def scratch(self) -> Path:
        """A new folder for what is not finished; who asks for it removes it."""
        folder = self.private / _SCRATCH / f"{os.getpid()}-{uuid4().hex}"
        folder.mkdir(parents=True)
        return folder

    def tidy(self) -> None:
        """Remove what processes that were killed had not finished."""
        with suppress(OSError):
            for left in (self.private / _SCRATCH).iterdir():
                pid = left.name.partition("-")[0]
                if not (pid.isdecimal() and len(pid) < 12 and psutil.pid_exists(int(pid))):
                    shutil.rmtree(left, ignore_errors=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one, of all web processes of this workspace, who changes it; a thread may take it twice.

        Raises:
            DeviceError: as :func:`impsy.files.locked`.
        """
        if getattr(self._held, "held", False):
            yield
            return
        with locked(self.root):
            self._held.held = True
            try:
                yield
            finally:
                self._held.held = False

    def folder(self, folder: Path) -> Path:
        """This folder, which need not be there.

        Raises:
            DataError: it is a link out of the workspace, or no folder.
        """
        if leads_out(folder, self.root):
            raise DataError(
                f"{folder.name} leads out of the workspace by a link: nothing is read or written there. Put a folder "
                "in its place, or start impsy webui where it leads to"
            )
        if os.path.lexists(folder) and not folder.is_dir():
            raise DataError(f"{folder.name} is no folder: move it away, so that one can be made")
        return folder

    def listed(self, folder: Path, wanted: Callable[[str], bool]) -> dict[str, tuple[int, int]]:
        """The names in a folder that are wanted, in order, with when each was changed and its size.

        No link that leads out is among them, and no pipe, socket or device.

        Raises:
            DataError: as :meth:`folder`.
        """
        found = {}
        try:
            with os.scandir(self.folder(folder)) as entries:
                for entry in entries:
                    if not wanted(entry.name):
                        continue
                    with suppress(OSError):  # it was taken away just now
                        now = os.stat(entry)
                        shown = stat.S_ISREG(now.st_mode) or stat.S_ISDIR(now.st_mode)  # a folder: a problem
                        if shown and not (entry.is_symlink() and leads_out(entry, self.root)):
                            found[entry.name] = (now.st_mtime_ns, now.st_size)
        except FileNotFoundError:
            return {}
        return {name: found[name] for name in sorted(found)}

    def inside(self, folder: Path, name: str) -> Path:
        """The path of ``name`` directly in ``folder``, which is one of the above.

        Raises:
            DataError: the name is not safe, or what lies there leads out of the workspace.
        """
        path = self.folder(folder) / safe_name(name)
        if leads_out(path, self.root):
            raise DataError(f"{name} leads out of the workspace: it is left alone")
        return path

    def existing(self, folder: Path, name: str, what: str) -> Path:
        """The path of a file that is there; ``what`` it is, for the message.

        Raises:
            NotFound: there is none of this name.
            DataError: that can be no file's name, or it leads out of the workspace.
        """
        path = self.inside(folder, name)
        if not path.is_file():
            raise NotFound(f"there is no {what} {name} (any more)")
        return path


def _all_in(folder: Path) -> Iterator[Path]:
    """The folder, if it is there, and all that is in it; links are not followed."""
    if os.path.lexists(folder):
        yield folder
    for parent, folders, files in [] if folder.is_symlink() else os.walk(folder):
        yield from (Path(parent, name) for name in (*folders, *files))
