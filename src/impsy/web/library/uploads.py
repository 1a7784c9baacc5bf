"""Files that are sent: received into a folder of their own, checked there, and moved to their place.

A log becomes a take, and so does a MIDI file, by the mapping of the instrument.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import IO

from impsy.codecs.log import MODEL, PERFORMER, LogForm, LogRow, decode_row, dimension_of, log_name
from impsy.config import Config
from impsy.data.logs.reading import log_lines
from impsy.data.takes import LONGEST_TITLE, TakeNote, annotate
from impsy.errors import DataError, PeerError
from impsy.files import make_folder, sync, sync_folder
from impsy.limits import MOST_LEARNED_DIMENSION
from impsy.mapping.entries import entry_to_list
from impsy.names import safe_name
from impsy.perform.recording.takes import inputs_for
from impsy.web.library.worker import work
from impsy.web.workspace import Conflict, Workspace

__all__ = ["add_log", "add_midi", "keep", "received"]


@contextmanager
def received(workspace: Workspace, name: str, upload: IO[bytes]) -> Iterator[Path]:
    """What was sent, as a file of this name in a folder of its own, removed afterwards unless it was moved.

    Raises:
        DataError: that can be no file's name.
    """
    safe_name(name)
    folder = workspace.scratch()
    path = folder / name
    try:
        with path.open("wb") as file:
            shutil.copyfileobj(upload, file, 1 << 20)
            file.flush()
            sync(file.fileno())
        yield path
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep(workspace: Workspace, file: Path, target: Path, what: str) -> None:
    """Move a file that was received and checked to its place, whole, and never over another.

    Raises:
        Conflict: there is something of this name already; ``what`` it is, for the message.
        OSError: the disk refuses.
    """
    make_folder(target.parent)
    taken = Conflict(f"there is a {what} {target.name} already: delete it first, or give the file another name")
    with workspace.locked():
        try:
            os.link(file, target)  # fails where the name is taken, which a rename does not
        except FileExistsError as error:
            raise taken from error
        except OSError:  # no hard links on this disk
            if target.exists():
                raise taken from None
            file.replace(target)
    sync_folder(target.parent)


def add_log(workspace: Workspace, given: str, upload: IO[bytes]) -> Path:
    """Keep a log that was sent as a take; where ``given`` is no take's name, it becomes the title.

    Raises:
        DataError: it is no log, or no row of it is sound.
        Conflict: there is a take of its name.
    """
    with received(workspace, given, upload) as file:
        first = _first_row(file)
        dimension = dimension_of(given)
        if dimension is None:
            dimension = len(first.values) + 1
        if not 2 <= dimension <= MOST_LEARNED_DIMENSION:
            raise DataError(f"{given}: a take has 1 to {MOST_LEARNED_DIMENSION - 1:,} values in a row")
        log = work("check_log", workspace.root, file=str(file), controls=dimension - 1)
        if not log["rows"]:
            why = f" ({log['problem']})" if log["problem"] else ""
            raise DataError(f"{given}: no row of it is one of a take with {dimension - 1} values{why}")
        name = given if dimension_of(given) is not None else log_name(first.time, dimension)
        path = workspace.inside(workspace.logs, name)
        keep(workspace, file, path, "take")
    if name != given:
        with suppress(DataError):  # the name is too long for a title
            annotate(workspace.logs, {name: TakeNote(Path(given).stem[:LONGEST_TITLE])})
    return path


def _first_row(file: Path) -> LogRow:
    """The first row that can be read, whatever its number of values; raises DataError if there is none."""
    for line in islice(log_lines(file), 10_000):
        with suppress(PeerError):
            row = decode_row(line, None, LogForm(day_first=True))
            if row is not None and row.source in (PERFORMER, MODEL):
                return row
    raise DataError(
        f"{file.name}: this is no log of a performance: no line is like “2026-09-26T10:00:00.5,interface,0.5”"
    )


def add_midi(workspace: Workspace, config: Config, given: str, upload: IO[bytes]) -> tuple[Path, list[str]]:
    """Keep a MIDI file that was sent as a take; also returns remarks about it.

    Raises:
        DataError: it is no MIDI file, or holds nothing that is mapped.
    """
    dimension = config.model.dimension
    mappings = [[entry_to_list(entry) for entry in each] for each in inputs_for(config, dimension - 1)]
    with received(workspace, given, upload) as file:
        started = datetime.now().replace(microsecond=0)
        target = file.with_name("take.log")
        try:
            found = work(
                "midi_to_take",
                workspace.root,
                file=str(file),
                mappings=mappings,
                started=started.isoformat(),
                target=str(target),
            )
            path = _keep_at_free_second(workspace, target, started, dimension)
        finally:
            target.unlink(missing_ok=True)
    annotate(workspace.logs, {path.name: TakeNote(Path(given).stem[:LONGEST_TITLE], ("MIDI file",))})
    return path, found["remarks"]


def _keep_at_free_second(workspace: Workspace, file: Path, started: datetime, dimension: int) -> Path:
    while True:
        path = workspace.inside(workspace.logs, log_name(started, dimension))
        try:
            keep(workspace, file, path, "take")
        except Conflict:
            started += timedelta(seconds=1)
        else:
            return path
