"""Files that are there whole, or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from impsy.errors import DeviceError, refusal

__all__ = ["ANOTHER_FOLDER", "check_writable", "written_whole"]


ANOTHER_FOLDER = "choose another folder (-O on the command line)"


def check_writable(folder: Path, remedy: str = ANOTHER_FOLDER) -> None:
    """Find out whether files can be written in a folder, before there is anything to lose.

    A folder that is not there counts as what it would be made in, and is not made.

    Args:
        folder: the folder.
        remedy: what to do if it cannot be written, for the message.

    Raises:
        DeviceError: the disk refuses.
    """
    try:
        place = next(path for path in (folder, *folder.parents) if path.exists())
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise DeviceError(f"{folder} cannot be written {refusal(error, remedy)}") from error


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """A file to write in, which takes the place of ``path`` at the end; until then ``path`` stays as it is.

    The folder is made if it is not there.

    Raises:
        DeviceError: the disk refuses.
    """
    temporary: Path | None = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        temporary.replace(path)
    except OSError as error:
        raise DeviceError(f"{path} cannot be written {refusal(error, ANOTHER_FOLDER)}") from error
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _umask() -> int:
    """The process's mask for new files; the only way to read it is to set it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
