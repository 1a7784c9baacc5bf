"""How far “Make it play like me” is, as it is kept, and what it says."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

from impsy.config.schema import Size
from impsy.errors import DataError, ImpsyError
from impsy.files import read_regular, write_whole
from impsy.names import path_within, safe_name
from impsy.protocol.own_model import Stage
from impsy.text import counted
from impsy.web.workspace import Workspace

__all__ = [
    "ENOUGH_EVENTS",
    "PLAYS_ON",
    "Kept",
    "Record",
    "as_sentence",
    "is_ours",
    "kept_words",
    "too_little",
]

logger = logging.getLogger(__name__)

ENOUGH_EVENTS = 1000
"""From which a model learns something: some minutes of playing."""

PLAYS_ON = "The present model plays on."

_FEW_EVENTS = 50
_LARGEST_FILE = 1 << 20


@dataclass(frozen=True)
class Record:
    """How far it is.

    sentence, failed: as in :class:`impsy.protocol.own_model.OwnModel`. dimension: of what is learned. today:
    only today's takes are learned from, else all of them; ``events`` in all. run: the training. before, now: the
    models, as a configuration names them; empty: none. gain: by how many nats an event ``now`` foresees the last
    phrases better than ``before``; None: not known. size, options: of the training.
    """

    stage: Stage = "idle"
    sentence: str = ""
    failed: bool = False
    dimension: int = 0
    today: bool = True
    events: int = 0
    run: str = ""
    before: str = ""
    now: str = ""
    gain: float | None = None
    size: Size = "s"
    options: dict[str, int | float] = field(default_factory=dict)

    @property
    def dataset(self) -> str:
        """The name of its dataset."""
        return f"like-me-{self.dimension}d.npz"

    @property
    def source(self) -> str:
        """What it learns from, in words."""
        whence = "that you played today" if self.today else "of all takes, as there are too few of today"
        return f"{counted(self.events, 'event')} {whence}"


_RECORD = TypeAdapter(Record)


class Kept:
    """The record of a workspace, in a file of its private folder."""

    def __init__(self, workspace: Workspace) -> None:
        self._root = workspace.root
        self._file = workspace.private / "own-model.json"

    def write(self, record: Record) -> None:
        """Keep it. On a full disk it is not kept: it goes on as long as this process does."""
        try:
            write_whole(self._file, json.dumps(asdict(record), indent=1).encode())
        except ImpsyError as error:
            logger.warning("%s", error)

    def read(self) -> Record | None:
        """What is kept; None: nothing, or something else than we write, as a workspace may have come from anyone."""
        try:
            record = _RECORD.validate_json(read_regular(self._file, _LARGEST_FILE))
            if record.run:
                safe_name(record.run)
        except (OSError, ValueError, ImpsyError):
            return None
        files = [file for file in (record.before, record.now) if file]
        return record if all(is_ours(file, self._root) for file in files) else None


def is_ours(file: str, root: Path) -> bool:
    """Whether a model, as a configuration names it, is a file of this workspace."""
    try:
        path = path_within(file, root)
    except DataError:
        return False
    return path is not None and path.is_file() and path.resolve().is_relative_to(root)


def kept_words(model: str) -> str:
    """The end of a text: where a model is that is not played."""
    return f" What it had learned so far is on the page Models: {Path(model).name}." if model else ""


def too_little(events: int, seconds: float) -> str:
    """How much more is to be played, where there are ``events``, which took ``seconds``."""
    more = ENOUGH_EVENTS - events
    minutes = "a few minutes" if events < _FEW_EVENTS or seconds <= 0 else _about(more * seconds / events)
    return (
        f"There is too little playing to learn from yet: {counted(events, 'event')}, and it takes {ENOUGH_EVENTS:,}. "
        f"Play for {minutes} more, and try again."
    )


def _about(seconds: float) -> str:
    minutes = max(1, round(seconds / 60))
    return "about a minute" if minutes == 1 else f"about {minutes} minutes"


def as_sentence(text: str) -> str:
    """An error's text as a sentence of its own."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?")) else ".")
