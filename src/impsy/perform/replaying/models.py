"""The models that a journal names: found by their names or their SHA-256, and compared with it before they play."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from impsy.codecs.journal import ModelFacts
from impsy.engine.nobody import Nobody
from impsy.errors import DataError
from impsy.events import Predictor
from impsy.files import leads_out, read_regular
from impsy.limits import MODEL_BYTES
from impsy.models.opening import open_model
from impsy.models.untrained import RandomGestures
from impsy.names import path_within
from impsy.text import one_line

__all__ = ["RecordedModels"]

SUFFIXES = (".tflite", ".keras", ".h5", ".hdf5")
MOST_LOOKED_AT = 2_000
"""Model files that are looked at for one that has another name or place than the journal says."""


class RecordedModels:
    """Opens the models of journals. A file counts only if its SHA-256 is the one that the journal has.

    Args:
        logs: the folder of the journal, in which learnt weights are.
        roots: folders that may hold the other files; nothing outside of them is read.
    """

    def __init__(self, logs: Path, roots: Sequence[Path]) -> None:
        self._logs = logs
        self._roots = [root.resolve() for root in roots]
        self._digests: dict[Path, str] = {}
        self._all: list[Path] | None = None

    def open(self, facts: ModelFacts) -> Predictor:
        """The model, ready to play.

        Raises:
            DataError: there is no file with its SHA-256; the message has that, and that of the file of its name.
            ModelError: the file cannot be opened.
        """
        if facts.nobody:
            return Nobody(facts.dimension)
        if facts.stand_in:
            return RandomGestures(facts.dimension)
        return open_model(self.find(facts)).predictor

    def find(self, facts: ModelFacts) -> Path:
        """The file of a model that is no stand-in; raises DataError as :meth:`open` does."""
        name = one_line(facts.name or facts.file or f"number {facts.number}")
        if not facts.sha256:
            raise DataError(
                f"the model {name} came from a program, not from a file, so it cannot be played again: replay the "
                "performer's rows alone with --no-journal"
            )
        changed = ""
        for path in self._named(facts):
            found = self._digest(path)
            if found == facts.sha256:
                return path
            changed = changed or (found and f"{path} has {found}, so it is another now")
        for path in self._others():
            if self._digest(path) == facts.sha256:
                return path
        raise DataError(
            f"the model {name} is not there as it was: its SHA-256 was {facts.sha256}, and "
            f"{changed or f'there is no {facts.file or facts.saved or name}'}. Put the file of then into models/, or "
            "give the folder that has it with --models; or replay the performer's rows alone with --no-journal"
        )

    def _named(self, facts: ModelFacts) -> Iterator[Path]:
        """Where the file is by its name."""
        for name, folders in ((facts.saved, [self._logs.resolve()]), (facts.file, self._roots)):
            for folder in folders if name else ():
                path = path_within(name, folder)
                if path is not None and path.suffix.lower() in SUFFIXES:
                    yield path

    def _others(self) -> list[Path]:
        """All model files in folders called models, and in the folders themselves."""
        if self._all is None:
            found: list[Path] = []
            for root in self._roots:
                for path in (*_files(root, "*"), *_files(root / "models", "**/*")):
                    if len(found) < MOST_LOOKED_AT and path.suffix.lower() in SUFFIXES and not leads_out(path, root):
                        found.append(path)
            self._all = list(dict.fromkeys(found))
        return self._all

    def _digest(self, path: Path) -> str:
        """The SHA-256 of a file's content; "" if it cannot be read."""
        if path not in self._digests:
            root = next((root for root in (*self._roots, self._logs.resolve()) if path.is_relative_to(root)), None)
            try:
                content = read_regular(path, MODEL_BYTES, root=root)
            except OSError:
                return ""
            self._digests[path] = hashlib.sha256(content).hexdigest()
        return self._digests[path]


def _files(folder: Path, pattern: str) -> Iterator[Path]:
    try:
        yield from sorted(folder.glob(pattern))
    except OSError:
        return
