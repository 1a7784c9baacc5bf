"""Takes with all that they were played with, as an archive for a paper: it can be replayed from itself alone."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from impsy.archives import DamagedArchive, ZipArchive
from impsy.codecs.journal import Head, ModelFacts
from impsy.codecs.log import dimension_of
from impsy.errors import DataError, DeviceError, refusal
from impsy.files import open_regular, written_whole
from impsy.limits import EXPORT_BYTES, JOURNAL_BYTES, Budget
from impsy.names import path_within
from impsy.perform.exporting.table import write_table
from impsy.perform.exporting.takes import RecordedTake, followed
from impsy.perform.replaying.models import SUFFIXES, RecordedModels
from impsy.text import counted
from impsy.version import __version__

__all__ = ["unpacked", "write_archive"]

LOGS, MODELS = "logs", "models"
_READ = (".log", ".jsonl", ".json", *SUFFIXES)
"""Endings of the parts that are read again."""
_WHEN = (1980, 1, 1, 0, 0, 0)
"""Of all parts: the same takes give the same archive."""

README = """\
Performances with IMPSY, the Interactive Musical Prediction SYstem, version {version}: {count}

To play {them} again, exactly, in any folder:

    pip install impsy=={version}
    impsy replay {archive} --check

which compares each new log with the recorded one, byte for byte. Without --check the new logs are written to
replays/. Models compute the same numbers with the same versions of NumPy and LiteRT on the same kind of processor;
those of the performance are in versions.json.

takes.csv              all events of all takes, a row each, with what was changed and marked between them
logs/*.log             what was played: local time, interface (the performer) or rnn (the model), values from 0 to 1
logs/*.jsonl           the journals: all that happened in a performance, with its exact time, an object a line
logs/*.toml            the configurations that were in force
logs/learnt/           weights that a model had learnt while it played
models/                the models, by the first figures of their SHA-256

{takes}
"""


def write_archive(takes: Sequence[RecordedTake], target: Path, models: Sequence[Path] = ()) -> None:
    """Write an archive of takes with their journals, configurations and models.

    Args:
        takes: each has a journal.
        target: the file.
        models: folders that may hold models, beside the workspaces of the takes.

    Raises:
        DataError: a take has no journal, or a model is not there as it was played.
        DeviceError: the disk refuses.
    """
    lacking = [str(take.log) for take in takes if take.journal is None]
    if lacking:
        raise DataError(
            f"{lacking[0]} has no journal (.jsonl) beside it, so an archive could not replay it: sessions of earlier "
            "versions wrote none. Export it as .csv, or leave it out"
        )
    with written_whole(target, "name another file with -o") as file, zipfile.ZipFile(file, "w") as archive:
        _write(archive, takes, target, models)


def _write(archive: zipfile.ZipFile, takes: Sequence[RecordedTake], target: Path, models: Sequence[Path]) -> None:
    lines: list[str] = []
    found: dict[str, object] = {}
    names: set[str] = set()
    for take in takes:
        assert take.journal is not None
        if take.log.name in names:
            raise DataError(f"two of the takes are called {take.log.name}: export them one by one")
        names.add(take.log.name)
        head, used = _models_of(take.journal)
        for part, path in _paths_of(take, used, models).items():
            if part not in found:
                found[part] = None
                _add(archive, part, path)
        _add(archive, f"{LOGS}/{take.log.name}", take.log)
        _add(archive, f"{LOGS}/{take.journal.name}", take.journal)
        _add_text(archive, f"{LOGS}/{take.log.stem}.toml", head.config)
        found.setdefault("versions", {})
        lines.append(_line_of(take, head))
        versions = found["versions"]
        if isinstance(versions, dict):
            versions[take.log.name] = dict(head.versions)
    with archive.open(_part("takes.csv"), "w") as raw:
        write_table(raw, takes)
    _add_text(archive, "versions.json", json.dumps(found.get("versions", {}), indent=1))
    one = len(takes) == 1
    text = README.format(
        version=__version__, count=counted(len(takes), "take"), them="it" if one else "them",
        archive=target.name, takes="\n".join(lines),
    )  # fmt: skip
    _add_text(archive, "README.txt", text)


def _models_of(journal: Path) -> tuple[Head, list[ModelFacts]]:
    with followed(journal) as (head, calls):
        used = [*head.models, *(call.detail for call in calls if call.what == "model")]
    return head, used


def _paths_of(take: RecordedTake, used: Sequence[ModelFacts], models: Sequence[Path]) -> dict[str, Path]:
    """The files of a take's models, by their places in the archive."""
    folder = take.log.absolute().parent
    workspace = folder.parent if folder.name == LOGS else folder
    recorded = RecordedModels(folder, [workspace, folder, Path.cwd(), *models])
    paths: dict[str, Path] = {}
    for facts in used:
        if facts.stand_in or not facts.sha256:
            continue
        path = recorded.find(facts)
        if facts.saved:
            paths[f"{LOGS}/{facts.saved}"] = path
            continue
        place = f"{MODELS}/{facts.sha256[:16]}"
        paths[f"{place}/{path.name}"] = path
        beside = path.with_suffix(".json")
        if path.suffix.lower() != ".tflite" and beside.is_file():
            paths[f"{place}/{beside.name}"] = beside
    return paths


def _line_of(take: RecordedTake, head: Head) -> str:
    facts = [take.log.name]
    facts += [f"participant {head.participant}"] * bool(head.participant)
    facts += [f"condition {head.condition}"] * bool(head.condition)
    return f"{', '.join(facts)}, seed {head.seed}, IMPSY {head.version}"


def _part(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, _WHEN)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o644 << 16
    return info


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    try:
        with open_regular(path, EXPORT_BYTES) as file, archive.open(_part(name), "w") as part:
            shutil.copyfileobj(file, part, 1 << 20)
    except OSError as error:
        raise DeviceError(f"{path} cannot be put into the archive {refusal(error, 'leave the take out')}") from error


def _add_text(archive: zipfile.ZipFile, name: str, text: str) -> None:
    archive.writestr(_part(name), text.encode("utf-8", "replace"))


def unpacked(archive: Path, folder: Path) -> list[Path]:
    """Write the takes of an archive, with their journals and models, into an empty folder; returns the logs.

    Raises:
        DataError: it is no archive of takes, is damaged, or holds more than one does.
        DeviceError: the disk refuses.
    """
    logs: list[Path] = []
    try:
        with open_regular(archive, EXPORT_BYTES) as file:
            budget = Budget.of_file(archive.stat().st_size, DataError)
            with ZipArchive(file, budget) as parts:
                for name in parts.names:
                    path = _place(name, folder)
                    if path is None:
                        continue
                    if parts.size(name)[0] > JOURNAL_BYTES:
                        raise DataError(f"{name[:80]} says that it has {parts.size(name)[0]:,} bytes")
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(parts.read(name))
                    if path.suffix == ".log":
                        logs.append(path)
    except (DamagedArchive, DataError) as error:
        raise DataError(f"{archive}: this archive cannot be replayed: {error}. Get it again") from error
    except OSError as error:
        raise DeviceError(
            f"{archive} cannot be unpacked {refusal(error, 'name a .zip that impsy export made')}"
        ) from error
    if not logs:
        raise DataError(f"{archive}: there is no take in it: name a .zip that `impsy export` made")
    return sorted(logs)


def _place(name: str, folder: Path) -> Path | None:
    """Where a part of an archive belongs; None: it is not wanted, or would lead elsewhere."""
    pure = PurePosixPath(name)
    if pure.suffix.lower() not in _READ or pure.parts[0] not in (LOGS, MODELS) or len(pure.parts) > 3:
        return None
    if "\\" in name or (pure.suffix == ".log" and dimension_of(pure.name) is None):
        return None
    return path_within(name, folder)
