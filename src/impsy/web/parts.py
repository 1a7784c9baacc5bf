"""Parts of a site that several API modules use, each made when it is first wanted."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import IO, Annotated, Any, TypeVar

from pydantic import Field

from impsy.errors import DataError
from impsy.web.jobs.worker import work
from impsy.web.library.cache import Known
from impsy.web.library.trash import Trash
from impsy.web.server.endpoints import Body, Clash, NotThere
from impsy.web.site import Site
from impsy.web.workspace import safe_name

__all__ = ["NameQuery", "described", "existing", "keep", "known_of", "part", "received", "trash_of"]

Part = TypeVar("Part")
_lock = threading.RLock()


class NameQuery(Body):
    """The name of a file that is sent."""

    name: Annotated[str, Field(min_length=1, max_length=200)]


def part(site: Site, name: str, make: Callable[[], Part]) -> Part:
    """The part of this name; made by ``make`` if there is none yet."""
    with _lock:
        if name not in site.parts:
            site.parts[name] = make()
        found: Part = site.parts[name]
        return found


def trash_of(site: Site) -> Trash:
    """What was deleted."""
    return part(site, "trash", lambda: Trash(site.workspace))


def known_of(site: Site, what: str) -> Known:
    """What is known of the files of a kind."""
    return part(site, f"known {what}", lambda: Known(site.workspace.private / "known" / f"{what}.json"))


def described(site: Site, task: str, paths: Sequence[Path]) -> list[dict[str, Any]]:
    """The result of a task of the worker for each of these files; ``{"problem": …}`` of one that ends it."""
    try:
        found: list[dict[str, Any]] = work(task, site.workspace.root, files=[str(path) for path in paths])
    except DataError as error:
        if len(paths) == 1:
            return [{"problem": str(error)}]
        return [described(site, task, [path])[0] for path in paths]
    return found


def existing(site: Site, folder: Path, name: str, what: str) -> Path:
    """The path of a file that is there.

    Raises:
        NotThere: there is none of this name.
        DataError: that can be no file's name, or it leads out of the workspace.
    """
    path = site.workspace.inside(folder, name)
    if not path.is_file():
        raise NotThere(f"there is no {what} {name} (any more)")
    return path


@contextmanager
def received(site: Site, name: str, upload: IO[bytes]) -> Iterator[Path]:
    """What was sent, as a file of this name in a folder of its own, gone afterwards unless it is moved away.

    Raises:
        DataError: that can be no file's name.
    """
    safe_name(name)
    site.workspace.private.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix="received-", dir=site.workspace.private))
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


def keep(received_file: Path, target: Path, what: str) -> None:
    """Move what was received and found good where it belongs, whole, and never over something else.

    Raises:
        Clash: there is something of this name already.
        OSError: the disk refuses.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(received_file, target)  # fails where the name is taken, which a rename does not
    except FileExistsError as error:
        raise Clash(
            f"there is a {what} {target.name} already: delete it first, or give the file another name"
        ) from error
    except OSError:  # no hard links on this disk
        if target.exists():
            raise Clash(
                f"there is a {what} {target.name} already: delete it first, or give the file another name"
            ) from None
        received_file.replace(target)
