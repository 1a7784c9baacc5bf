"""Writing files so that at every moment the old one or the whole new one is there: the only writer of such files.

That holds for a power cut, too: content is on the disk before its name is, and the name before the writer returns.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from impsy.errors import DeviceError, ImpsyError, refusal

__all__ = [
    "ANOTHER_FOLDER",
    "backup_of",
    "check_writable",
    "make_folder",
    "sync",
    "sync_folder",
    "write_keeping_previous",
    "write_whole",
    "written_whole",
]

ANOTHER_FOLDER = "choose another folder (-O on the command line)"


def check_writable(folder: Path, remedy: str = ANOTHER_FOLDER) -> None:
    """Find out whether files can be written in a folder, before there is anything to lose.

    A folder that does not exist counts as the one that it would be made in, and is not made.

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


def sync(file: int) -> None:
    """Wait until the content of an open file is on the disk, and its length.

    Raises:
        OSError: the disk refuses.
    """
    if sys.platform == "darwin":  # where fsync only brings it to the disk's own cache
        import fcntl

        with contextlib.suppress(OSError):  # not every file system can do it
            fcntl.fcntl(file, fcntl.F_FULLFSYNC)
            return
    getattr(os, "fdatasync", os.fsync)(file)


def sync_folder(folder: Path) -> None:
    """Wait until the names in a folder are on the disk, where the system has that; others are left alone."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def make_folder(folder: Path) -> None:
    """Make a folder, with those that it lies in, so that a power cut does not take it away.

    Raises:
        OSError: the disk refuses.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for path in missing:
        sync_folder(path.parent)


@contextlib.contextmanager
def written_whole(
    path: Path,
    remedy: str = ANOTHER_FOLDER,
    *,
    permissions: int | None = None,
    error_type: type[ImpsyError] = DeviceError,
) -> Iterator[IO[bytes]]:
    """A file to write in, which replaces ``path`` at the end; until then ``path`` stays as it is.

    Its folder is made if it does not exist.

    Args:
        path: the file.
        remedy: what to do if it cannot be written, for the message.
        permissions: None: those of the file that is replaced, or for a new one what the process's mask leaves.
        error_type: raised instead of DeviceError.

    Raises:
        DeviceError: the disk refuses.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        make_folder(path.parent)
        if permissions is None and path.exists():
            permissions = path.stat().st_mode & 0o777
        created_with = 0o666 if permissions is None else permissions | 0o200
        with open(temporary, "xb", opener=lambda name, flags: os.open(name, flags, created_with)) as file:
            yield file
            file.flush()
            sync(file.fileno())
        if permissions is not None:  # the mask may have taken some
            temporary.chmod(permissions)
        temporary.replace(path)
        sync_folder(path.parent)
    except OSError as error:
        raise error_type(f"{path} cannot be written {refusal(error, remedy)}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_whole(
    path: Path,
    content: bytes | memoryview,
    remedy: str = ANOTHER_FOLDER,
    *,
    permissions: int | None = None,
    error_type: type[ImpsyError] = DeviceError,
) -> None:
    """Write a file as :func:`written_whole` does."""
    with written_whole(path, remedy, permissions=permissions, error_type=error_type) as file:
        file.write(content)


def backup_of(path: Path) -> Path:
    """Where the previous version of ``path`` is kept: ``config.toml.bak`` beside it."""
    return path.with_name(path.name + ".bak")


def write_keeping_previous(path: Path, content: bytes, *, keep_all: bool = False) -> None:
    """Replace ``path`` in one step; the previous version is kept beside it as ``.bak``, with its permissions.

    An older ``.bak`` is replaced; with ``keep_all`` it stays, as ``.bak.1`` or the next number that is free.

    A symbolic link stays one (its target is replaced). The folder must exist.

    Raises:
        DeviceError: the disk refuses; ``path`` is then as it was.
    """
    path = path.resolve()
    remedy = "choose another folder"
    try:
        path.parent.stat()
        if path.exists():
            backup, previous = backup_of(path), path.read_bytes()
            if keep_all and backup.exists() and backup.read_bytes() != previous:
                _set_aside(backup)
            write_whole(backup, previous, remedy, permissions=path.stat().st_mode & 0o777)
    except OSError as error:
        raise DeviceError(f"{path} cannot be written {refusal(error, remedy)}") from error
    write_whole(path, content, remedy)


def _set_aside(backup: Path) -> None:
    """Rename a backup to the next number that is free."""
    number = 1
    while (aside := backup.with_name(f"{backup.name}.{number}")).exists():
        number += 1
    backup.rename(aside)
