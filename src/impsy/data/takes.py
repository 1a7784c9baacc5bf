"""What people say of takes: titles, tags, which are not to be learned from, and whose long pauses are not.

It is kept in ``takes.json`` beside the logs, whose names never change::

    {"format": 1, "takes": {"2026-09-26T10-00-00-9d-mdrnn.log": {"title": "Slow", "tags": ["duo"], "excluded": true,
    "trim_pauses": 30}}}

The file may be edited by hand, and a newer version may write more into it: what is not understood is not lost. Keys
that are unknown stay; a file in which something is wrong is set aside whole before it is written again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from impsy.errors import DataError, DeviceError, refusal
from impsy.files import ANOTHER_FOLDER, locked, read_regular, write_whole

__all__ = [
    "LONGEST_TITLE",
    "MOST_TAGS",
    "NOTES_FILE",
    "TRIMS",
    "Notes",
    "TakeNote",
    "annotate",
    "read_notes",
    "without_excluded",
]

logger = logging.getLogger(__name__)

NOTES_FILE = "takes.json"
LONGEST_TITLE, LONGEST_TAG, MOST_TAGS = 200, 40, 20
"""Characters of a title and of a tag, and tags of a take, at most."""
TRIMS = (1.0, 86_400.0)
"""Seconds from which on pauses may be trimmed: from the least to the most."""

_FORMAT = 1
_LARGEST = 16 << 20
_TRIES = 5


@dataclass(frozen=True, slots=True)
class TakeNote:
    """What is said of one take.

    title: "" if it has none. tags: words, each once, in the order given. excluded: whether no dataset is made of it.
    trim_pauses: seconds, within ``TRIMS``; longer pauses are not learned. 0: all are.
    """

    title: str = ""
    tags: tuple[str, ...] = ()
    excluded: bool = False
    trim_pauses: float = 0.0


NOTHING_SAID = TakeNote()


@dataclass(frozen=True)
class Notes:
    """What is said of the takes of a folder.

    takes: by the log's name; those of which nothing is said are not in it.
    problems: sentences on what of the file could not be understood, and is left out here.
    """

    takes: Mapping[str, TakeNote] = field(default_factory=dict)
    problems: tuple[str, ...] = ()

    def of(self, name: str) -> TakeNote:
        """What is said of the log of this name."""
        return self.takes.get(name, NOTHING_SAID)

    @property
    def excluded(self) -> frozenset[str]:
        """The names of logs that are not to be learned from."""
        return frozenset(name for name, note in self.takes.items() if note.excluded)

    @property
    def trims(self) -> dict[str, float]:
        """By the names of logs, the seconds from which on a pause is not learned."""
        return {name: note.trim_pauses for name, note in self.takes.items() if note.trim_pauses}


def read_notes(folder: Path) -> Notes:
    """What is said of the takes in ``folder``; nothing if there is no such file. Changes nothing, never raises."""
    raw, problems = _read(folder / NOTES_FILE)
    takes: dict[str, TakeNote] = {}
    for name, entry in raw.items():
        takes[name], wrong = _note(entry)
        if wrong:
            problems.append(f"{folder / NOTES_FILE}: what it says of {name[:80]} is not understood ({wrong})")
    return Notes(takes, tuple(problems))


def without_excluded(folder: Path, logs: Sequence[Path]) -> tuple[list[Path], list[str], list[str]]:
    """The logs that are to be learned from, the names of the others, and what of the notes could not be understood.

    Raises:
        DataError: all of them are marked as not to be learned from.
    """
    notes = read_notes(folder)
    excluded = [path.name for path in logs if path.name in notes.excluded]
    if logs and len(excluded) == len(logs):
        raise DataError(
            f"{folder}: all {len(logs)} logs are marked as not to be learned from; change that in the web interface "
            f"(“impsy webui”), or in {folder / NOTES_FILE}"
        )
    return [path for path in logs if path.name not in notes.excluded], excluded, list(notes.problems)


def annotate(folder: Path, changes: Mapping[str, TakeNote | None]) -> None:
    """Say this of some takes, by their names; None: nothing any more. Any thread may call it.

    If something in the file is not understood, the whole of it is first set aside as ``takes.broken-1.json`` (or
    the next free number), so that it can be fixed by hand.

    Raises:
        DataError: a title or a tag is too long, there are too many tags, or pauses are trimmed outside of ``TRIMS``.
        DeviceError: the disk refuses; the file is then as it was.
    """
    for name, note in changes.items():
        _check(name, note)
    path = folder / NOTES_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DeviceError(f"{path} cannot be written {refusal(error, ANOTHER_FOLDER)}") from error
    with locked(folder):
        for _ in range(_TRIES):
            with suppress(_OvertakenError):
                _annotate(path, changes)
                return
    raise DeviceError(f"{path} is changed by another program all the time: nothing was changed. Try again")


class _OvertakenError(Exception):
    """The file was changed, by an editor, while it was about to be replaced."""


def _annotate(path: Path, changes: Mapping[str, TakeNote | None]) -> None:
    seen = _stamp(path)
    raw, problems = _read(path)
    if problems or any(_note(entry)[1] for entry in raw.values()):
        _set_aside(path)
        seen = _stamp(path)
        # All of it is kept there; here it would be found wrong, and set aside, each time again.
        raw = {other: sound for other, entry in raw.items() if (sound := _sound(entry))}
    for name, note in changes.items():
        before = raw.get(name)
        others = before if isinstance(before, dict) else {}
        said = {key: value for key, value in others.items() if key not in _KEYS} | _entry(note or NOTHING_SAID)
        raw.pop(name, None)
        if said and note is not None:
            raw[name] = said
    content = json.dumps({"format": _FORMAT, "takes": raw}, indent=1, ensure_ascii=False) + "\n"

    def check() -> None:
        if _stamp(path) != seen:
            raise _OvertakenError

    write_whole(path, content.encode("utf-8", "replace"), check=check)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


_KEYS = ("title", "tags", "excluded", "trim_pauses")


def _read(path: Path) -> tuple[dict[str, Any], list[str]]:
    """The file's entries as they stand, and what is wrong with the file as a whole."""
    try:
        content = json.loads(read_regular(path, _LARGEST, root=path.parent.resolve().parent))
    except FileNotFoundError:
        return {}, []
    except OSError as error:
        return {}, [f"{path}: it cannot be read ({error.strerror or error}), so titles and tags are not shown"]
    except (ValueError, RecursionError) as error:
        return {}, [f"{path}: it is damaged ({str(error)[:80]}), so titles and tags are not shown; fix it by hand"]
    takes = content.get("takes") if isinstance(content, dict) else None
    if not isinstance(takes, dict):
        return {}, [f"{path}: there are no takes in it, so titles and tags are not shown; fix it by hand"]
    return takes, []


def _note(entry: object) -> tuple[TakeNote, str]:
    """An entry as far as it is understood, and what is not."""
    if not isinstance(entry, dict):
        return NOTHING_SAID, "it is no object"
    title, tags, excluded, trim = (
        entry.get(key, value) for key, value in zip(_KEYS, ("", [], False, 0), strict=True)
    )
    wrong: list[str] = []
    if not isinstance(title, str):
        title, wrong = "", [*wrong, "title"]
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        tags, wrong = [], [*wrong, "tags"]
    if not isinstance(excluded, bool):
        excluded, wrong = False, [*wrong, "excluded"]
    if isinstance(trim, bool) or not isinstance(trim, int | float) or not _is_trim(trim):
        trim, wrong = 0.0, [*wrong, "trim_pauses"]
    return TakeNote(title[:LONGEST_TITLE], tuple(dict.fromkeys(tags)), excluded, float(trim)), ", ".join(wrong)


def _is_trim(seconds: float) -> bool:
    return not seconds or TRIMS[0] <= seconds <= TRIMS[1]


def _sound(entry: object) -> dict[str, Any]:
    """An entry without what of it is not understood."""
    note, wrong = _note(entry)
    if not isinstance(entry, dict) or not wrong:
        return entry if isinstance(entry, dict) else {}
    return {key: value for key, value in entry.items() if key not in _KEYS} | _entry(note)


def _entry(note: TakeNote) -> dict[str, Any]:
    """An entry as it is written: only what says something."""
    entry = {
        "title": note.title,
        "tags": list(note.tags),
        "excluded": note.excluded,
        "trim_pauses": note.trim_pauses,
    }
    return {key: value for key, value in entry.items() if value}


def _check(name: str, note: TakeNote | None) -> None:
    if note is None:
        return
    if len(note.title) > LONGEST_TITLE:
        raise DataError(f"{name}: a title may have {LONGEST_TITLE} characters, and this one has {len(note.title)}")
    if len(note.tags) > MOST_TAGS or any(not tag or len(tag) > LONGEST_TAG for tag in note.tags):
        raise DataError(f"{name}: a take may have {MOST_TAGS} tags, each of 1 to {LONGEST_TAG} characters")
    if not _is_trim(note.trim_pauses):
        raise DataError(f"{name}: pauses are trimmed from {TRIMS[0]:g} to {TRIMS[1]:,.0f} s on, or with 0 not at all")


def _set_aside(path: Path) -> None:
    number = 1
    while (aside := path.with_name(f"{path.stem}.broken-{number}{path.suffix}")).exists():
        number += 1
    try:
        path.rename(aside)
    except OSError as error:
        raise DeviceError(f"{path} cannot be set aside: {error.strerror or error}") from error
    logger.warning("%s was not understood, and is kept as %s", path, aside.name)
