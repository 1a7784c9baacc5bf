"""Files that anyone may have put there: opened only if they are files, and written whole.

Reading never waits: what is a pipe, a device, a socket or a folder, or larger than it can be, is refused at once.
Writing leaves at every moment the old file or the whole new one, after a power cut too: content is on the disk before
its name is, and the name before the writer returns.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

from impsy.errors import DeviceError, ImpsyError, refusal

__all__ = [
    "ANOTHER_FOLDER",
    "append_regular",
    "backup_of",
    "check_writable",
    "leads_out",
    "locked",
    "make_folder",
    "open_regular",
    "read_regular",
    "sync",
    "sync_folder",
    "write_keeping_previous",
    "write_whole",
    "written_whole",
]

ANOTHER_FOLDER = "choose another folder (-O on the command line)"

LOCK_SECONDS, LOCK_LOOK_SECONDS = 10.0, 0.01
"""How long a lock is waited for, and how often it is tried. What is done under one takes a few milliseconds."""

_LARGEST_KEPT = 1 << 30
"""Bytes of a previous version."""

_SAFE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
"""Opening a pipe does not wait for its other end, and a terminal does not become ours."""

_KINDS = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def open_regular(path: str | os.PathLike[str], most: int, *, root: Path | None = None) -> IO[bytes]:
    """Open a file for reading, if it is a regular one of ``most`` bytes at most. Never waits for another program.

    Args:
        path: the file; links are followed.
        most: bytes, far more than any real file of its kind has.
        root: a folder out of which no link may lead.

    Raises:
        OSError: it is something else, too large, gone, or may not be read; ``strerror`` is the reason as a phrase.
    """
    if root is not None and leads_out(path, root):
        raise _refused(errno.ELOOP, f"it leads out of {root.name or root}", path)
    file = os.fdopen(_open(path, os.O_RDONLY), "rb")
    try:
        size = os.fstat(file.fileno()).st_size
        if size > most:
            raise _refused(errno.EFBIG, f"it has {_size(size)}, and {_size(most)} are read at most", path)
    except BaseException:
        file.close()
        raise
    return file


def read_regular(path: str | os.PathLike[str], most: int, *, root: Path | None = None) -> bytes:
    """The bytes of a file that :func:`open_regular` opens; raises OSError as it does."""
    with open_regular(path, most, root=root) as file:
        size = os.fstat(file.fileno()).st_size
        content = file.read(size + 1)
        if len(content) > size:  # it grows
            content += file.read(max(0, most + 1 - len(content)))
    if len(content) > most:
        raise _refused(errno.EFBIG, f"it has more than {_size(most)}", path)
    return content


def append_regular(path: str | os.PathLike[str]) -> IO[bytes]:
    """Open a file to write at its end, made if it is not there; raises OSError as :func:`open_regular` does.

    A link is refused: what IMPSY appends to, it has made itself.
    """
    return os.fdopen(_open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, follow=False), "ab")


def leads_out(path: str | os.PathLike[str], root: Path) -> bool:
    """Whether a path ends outside of a folder, once all links are resolved; also where that cannot be known."""
    try:
        return not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))
    except (OSError, ValueError):
        return True


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Be the only one who changes what is in a folder, among all threads and processes that use this.

    The system frees the lock of a process that ends, however it does. The folder itself is locked, so no file that
    lies in the way keeps anyone from it. Windows locks no folders; there a file in it is locked.

    Raises:
        DeviceError: another one does not let go of it within ``LOCK_SECONDS``, or the system refuses.
    """
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(_lock_of(folder))
        except TimeoutError as error:
            raise DeviceError(
                f"{folder.name} is being changed by another program, not finished after {LOCK_SECONDS:g} s. "
                "Nothing was changed: look what else works in this folder, and try again"
            ) from error
        yield


if sys.platform == "win32":

    def _lock_of(folder: Path) -> contextlib.AbstractContextManager[object]:
        from filelock import FileLock

        return FileLock(folder / ".lock", LOCK_SECONDS)

else:
    import fcntl

    @contextlib.contextmanager
    def _lock_of(folder: Path) -> Iterator[None]:
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise DeviceError(f"{folder} cannot be changed {refusal(error, ANOTHER_FOLDER)}") from error
        try:
            end = time.monotonic() + LOCK_SECONDS
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() > end:
                        raise TimeoutError from None
                    time.sleep(LOCK_LOOK_SECONDS)
                except OSError:  # a disk that has no locks; what changed meanwhile is still noticed
                    break
            yield
        finally:
            os.close(descriptor)


def _open(path: str | os.PathLike[str], flags: int, *, follow: bool = True) -> int:
    """The descriptor of a regular file, looked at before it is opened too: opening a device may do something."""
    try:
        with contextlib.suppress(FileNotFoundError):
            _check_kind(os.stat(path, follow_symlinks=follow).st_mode, path)
        descriptor = os.open(path, flags | _SAFE | (0 if follow else getattr(os, "O_NOFOLLOW", 0)), 0o666)
    except ValueError as error:  # a zero byte, half a surrogate pair
        raise _refused(errno.EINVAL, "no file can have this name", path) from error
    try:
        _check_kind(os.fstat(descriptor).st_mode, path)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check_kind(mode: int, path: str | os.PathLike[str]) -> None:
    if stat.S_ISDIR(mode):
        raise _refused(errno.EISDIR, "it is a folder", path)
    if not stat.S_ISREG(mode):
        raise _refused(errno.EINVAL, f"it is {_KINDS.get(stat.S_IFMT(mode), 'a link')}, not a file", path)


def _refused(number: int, why: str, path: str | os.PathLike[str]) -> OSError:
    return OSError(number, why, os.fspath(path))


def _size(count: int) -> str:
    return f"{count / 1e6:,.0f} MB" if count >= 10_000_000 else f"{count:,} bytes"


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
    """Wait until the names in a folder are on the disk, where the system and the disk can do that."""
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
    check: Callable[[], object] = lambda: None,
) -> Iterator[IO[bytes]]:
    """A file to write in, which replaces ``path`` at the end; until then ``path`` stays as it is.

    Its folder is made if it does not exist.

    Args:
        path: the file.
        remedy: what to do if it cannot be written, for the message.
        permissions: None: those of the file that is replaced, or for a new one what the process's mask leaves.
        error_type: raised instead of DeviceError.
        check: called when all is written, just before ``path`` is replaced; what it raises leaves ``path`` as it is.

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
        check()
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
    check: Callable[[], object] = lambda: None,
) -> None:
    """Write a file as :func:`written_whole` does."""
    with written_whole(path, remedy, permissions=permissions, error_type=error_type, check=check) as file:
        file.write(content)


def backup_of(path: Path) -> Path:
    """Where the previous version of ``path`` is kept: ``config.toml.bak`` beside it."""
    return path.with_name(path.name + ".bak")


def write_keeping_previous(
    path: Path, content: bytes, *, keep_all: bool = False, check: Callable[[], object] = lambda: None
) -> None:
    """Replace ``path`` in one step; the previous version is kept beside it as ``.bak``, with its permissions.

    An older ``.bak`` is replaced; with ``keep_all`` it stays, as ``.bak.1`` or the next number that is free.

    A symbolic link stays one (its target is replaced). The folder must exist. ``check`` as for :func:`written_whole`.

    Raises:
        DeviceError: the disk refuses; ``path`` is then as it was.
    """
    path = path.resolve()
    remedy = "choose another folder"
    try:
        path.parent.stat()
        if path.exists():
            backup, previous = backup_of(path), read_regular(path, _LARGEST_KEPT)
            if keep_all and backup.exists() and read_regular(backup, _LARGEST_KEPT) != previous:
                _set_aside(backup)
            write_whole(backup, previous, remedy, permissions=path.stat().st_mode & 0o777)
    except OSError as error:
        raise DeviceError(f"{path} cannot be written {refusal(error, remedy)}") from error
    write_whole(path, content, remedy, check=check)


def _set_aside(backup: Path) -> None:
    """Rename a backup to the next number that is free."""
    number = 1
    while (aside := backup.with_name(f"{backup.name}.{number}")).exists():
        number += 1
    backup.rename(aside)
