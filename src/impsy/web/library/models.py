"""Models: the model files of a workspace, with what is known of each."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from impsy.errors import DataError, ModelError
from impsy.files import leads_out, read_regular
from impsy.protocol.library import Model, VerdictSentence
from impsy.web.config.file import ConfigFile
from impsy.web.library.facts import DescribedFiles, Known, Stamp, Unusable
from impsy.web.workspace import Workspace

__all__ = ["Models", "files_of", "read_verdict"]

SUFFIXES = (".tflite", ".keras", ".h5")
"""Of files that can be played, the one that is shown first where a model has several."""
_BESIDE = (*SUFFIXES, ".json")


class ModelFacts(TypedDict):
    """What is known of a model that can be used."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    dimension: int
    layers: int | None
    units: int | None
    mixtures: int
    parameters: int | None
    architecture: str
    format: str
    runs: str
    size: str | None
    facts: dict[str, Any]


_KIND: TypeAdapter[Any] = TypeAdapter(ModelFacts | Unusable)
_LARGEST_FIGURES = 8 << 20
_LONGEST_SENTENCE = 300
_SENTENCES = TypeAdapter(list[VerdictSentence])


class Models(DescribedFiles):
    """The models of a workspace. Any thread may ask.

    Args:
        workspace: whose ``models`` they are.
        config: names the one in use.
        changed: called when there is more to show than somebody got.
    """

    def __init__(
        self, workspace: Workspace, config: ConfigFile, changed: Callable[[], object] = lambda: None
    ) -> None:
        super().__init__(workspace, "model", workspace.models, SUFFIXES, ModelError, _KIND, changed)
        self._config = config

    def path(self, name: str) -> Path:
        """The file of this name; raises NotFound if there is none, DataError if that can be no model's name."""
        if not name.endswith(_BESIDE):
            raise DataError(f"{name[:80]} is no model: their names end in {', '.join(SUFFIXES)}")
        return self._workspace.existing(self._workspace.models, name, "model")

    def all(self, evaluating: str | None = None, *, wait: float | None = None) -> list[Model]:
        """All models, the newest first. ``evaluating``: the one that is being evaluated. ``wait``: seconds."""
        stamps = self._stamps()
        known = self._cache.of(stamps, wait=wait)
        used = {(self._workspace.root / name).resolve() for name in self._config.models()}
        newest = sorted(stamps, key=lambda name: stamps[name][0], reverse=True)
        return [self._model(self._folder / name, stamps[name], known[name], used, evaluating) for name in newest]

    def add(self, name: str, upload: IO[bytes]) -> None:
        """Keep a file that was sent as a model of this name.

        Raises:
            ModelError: it is none.
            Conflict: there is one of its name.
        """
        if not name.endswith(SUFFIXES):
            raise ModelError(f"{name[:80]}: the name of a model ends in {', '.join(SUFFIXES)}")
        self._keep(name, upload)

    def report(self, path: Path) -> Path:
        """Where the report about this model is, if it has been evaluated."""
        return self._workspace.private / "reports" / f"{path.name}.html"

    def has_report(self, path: Path) -> bool:
        """Whether there is a report about the model as it is now: another may have taken its name since."""
        try:
            return self.report(path).stat().st_mtime_ns >= path.stat().st_mtime_ns
        except OSError:
            return False

    def _model(self, path: Path, stamp: Stamp, known: Known, used: set[Path], evaluating: str | None) -> Model:
        text, looking = known
        facts = json.loads(text)
        files = files_of(path)
        report = self.has_report(path)
        numbers = ("dimension", "size", "layers", "units", "mixtures", "parameters", "architecture")
        return Model(
            name=path.name,
            **{key: facts.get(key) for key in numbers},
            format=facts.get("format", ""),
            runs=facts.get("runs", ""),
            bytes=stamp[1],
            made=_created(facts.get("facts")),
            changed=datetime.fromtimestamp(stamp[0] / 1e9).isoformat(timespec="seconds"),
            in_use=not used.isdisjoint(file.resolve() for file in files),
            report=report,
            verdict=read_verdict(self.report(path)) if report else [],
            evaluating=evaluating == path.name,
            files=[file.name for file in files],
            facts=facts.get("facts", {}),
            looking=looking,
            problem=facts.get("problem", ""),
        )


def _created(facts: object) -> str:
    """When the model was trained, as its file says: the file itself may have been copied since."""
    said = facts.get("created") if isinstance(facts, dict) else None
    try:
        return datetime.fromisoformat(said).isoformat(timespec="seconds") if isinstance(said, str) else ""
    except ValueError:
        return ""


def files_of(path: Path) -> list[Path]:
    """All files of the model that this file is one of."""
    around = path.parent.resolve().parent
    beside = (path.with_suffix(suffix) for suffix in _BESIDE)
    return [each for each in beside if each.is_file() and not leads_out(each, around)]


def read_verdict(report: Path) -> list[VerdictSentence]:
    """The verdict on the model that this report is about; empty where its figures are missing or not complete."""
    figures = report.with_suffix(".json")
    try:
        found = json.loads(read_regular(figures, _LARGEST_FIGURES))["results"][0]["verdict"]
        sentences = _SENTENCES.validate_python(found[:3])
    except (OSError, ValueError, ValidationError, LookupError, TypeError, RecursionError):
        return []
    return [VerdictSentence(each.text[:_LONGEST_SENTENCE], each.evidence[:_LONGEST_SENTENCE]) for each in sentences]
