"""Writing files so that a crash leaves either the old one or the new one, and the old one is kept."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from impsy.errors import DeviceError, refusal

__all__ = ["backup_of", "write_keeping_previous"]


def backup_of(path: Path) -> Path:
    """Where the previous version of ``path`` is kept: ``config.toml.bak`` beside it."""
    return path.with_name(path.name + ".bak")


def write_keeping_previous(path: Path, content: bytes, *, keep_all: bool = False) -> None:
    """Replace ``path`` in one step; what stood there before is kept beside it as ``.bak``.

    An older ``.bak`` is replaced; with ``keep_all`` it stays, as ``.bak.1`` or the next number that is free.

    A symbolic link stays one (its target is replaced); permissions stay as they were.

    Raises:
        DeviceError: if the disk refuses; ``path`` is then as it was.
    """
    path = path.resolve()
    try:
        if path.exists():
            if keep_all:
                _set_aside(backup_of(path), path.read_bytes())
            _replace(backup_of(path), path.read_bytes(), like=path)
        _replace(path, content, like=path)
    except OSError as error:
        raise DeviceError(f"{path} cannot be written {refusal(error, 'choose another folder')}") from error


def _set_aside(backup: Path, content: bytes) -> None:
    """Rename a backup that holds anything but ``content``, so that it is not replaced."""
    if not backup.exists() or backup.read_bytes() == content:
        return
    number = 1
    while (aside := backup.with_name(f"{backup.name}.{number}")).exists():
        number += 1
    backup.rename(aside)


def _replace(path: Path, content: bytes, like: Path) -> None:
    """Write beside ``path`` and rename, with the permissions of ``like`` where that exists."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if like.exists():
            shutil.copymode(like, temporary)
        else:
            temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    """The process's mask for new files; the only way to read it is to set it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
