"""Files that are sent: received into a folder of their own, checked there, and moved to their place."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import IO

from impsy.web.errors import Conflict
from impsy.web.workspace import Workspace, safe_name

__all__ = ["keep", "received"]


@contextmanager
def received(workspace: Workspace, name: str, upload: IO[bytes]) -> Iterator[Path]:
    """What was sent, as a file of this name in a folder of its own, removed afterwards unless it was moved.

    Raises:
        DataError: that can be no file's name.
    """
    safe_name(name)
    workspace.private.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix="received-", dir=workspace.private))
    path = folder / name
    try:
        with path.open("wb") as file:
            while chunk := upload.read(1 << 20):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        yield path
    finally:
        path.unlink(missing_ok=True)
        folder.rmdir()


def keep(file: Path, target: Path, what: str) -> None:
    """Move a file that was received and checked to its place, whole, and never over another.

    Raises:
        Conflict: there is something of this name already; ``what`` it is, for the message.
        OSError: the disk refuses.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    taken = Conflict(f"there is a {what} {target.name} already: delete it first, or give the file another name")
    try:
        os.link(file, target)  # fails where the name is taken, which a rename does not
    except FileExistsError as error:
        raise taken from error
    except OSError:  # no hard links on this disk
        if target.exists():
            raise taken from None
        file.replace(target)
