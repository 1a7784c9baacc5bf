"""The process that :func:`impsy.web.jobs.processes.work` starts: arguments and result as JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn

from impsy.errors import DataError, ImpsyError
from impsy.web.jobs.processes import REFUSED

_MEMORY = 6 << 30
"""Bytes of address space that the process may have."""


def describe_datasets(files: Sequence[str]) -> list[dict[str, Any]]:
    """For each file its statistics (see :class:`impsy.data.statistics.DatasetStatistics`), or ``{"problem": …}``."""
    from impsy.data.datasets import read_dataset
    from impsy.data.statistics import describe

    return [_or_problem(lambda path: asdict(describe(read_dataset(path))), Path(file)) for file in files]


def describe_models(files: Sequence[str]) -> list[dict[str, Any]]:
    """For each file what it is and what its maker says of it, or ``{"problem": …}``."""
    return [_or_problem(_describe_model, Path(file)) for file in files]


def _describe_model(path: Path) -> dict[str, Any]:
    from impsy.models.opening import model_facts, open_model
    from impsy.models.sizes import size_name

    model = open_model(path)
    return {
        "dimension": model.dimension,
        "size": size_name(model.units, model.layers),
        "layers": model.layers,
        "units": model.units,
        "mixtures": model.mixtures,
        "parameters": model.parameters,
        "architecture": model.architecture,
        "format": model.format,
        "runs": model.runs,
        "facts": model_facts(path),
    }


def _or_problem(look: Callable[..., dict[str, Any]], path: Path, *more: object) -> dict[str, Any]:
    try:
        return look(path, *more)
    except ImpsyError as error:
        return {"problem": str(error).replace(f"{path}: ", "").replace(str(path), path.name)}
    except MemoryError:
        return {"problem": "it needs more memory than it may have"}


def collect(logs: Sequence[str], dimension: int, target: str, config: str) -> dict[str, Any]:
    """Make a dataset of these logs and write it; its statistics, and sentences on what was left out or put right.

    ``config``: the configuration's file, which may say which controls are notes.
    """
    from impsy.config import known_notes
    from impsy.data import collecting
    from impsy.data.datasets import write_dataset
    from impsy.data.statistics import describe

    collection = collecting.collect([Path(log) for log in logs], dimension)
    notes = known_notes(Path(config), dimension)
    write_dataset(Path(target), replace(collection.dataset, notes=notes))
    return {"statistics": asdict(describe(collection.dataset)), "told": _told(collection)}


def _told(collection: Any) -> list[str]:
    told = [collection.account]
    told += [
        f"{log.name}: {log.unread:,} rows left out, malformed or of another source, the first in line "
        f"{log.problems[0].line} ({log.problems[0].text})"
        for log in collection.logs
        if log.unread
    ]
    told += [f"{copy.name} left out: it has the same rows as {copy.original}" for copy in collection.copies]
    told += [
        f"{each.name} and {each.other} have {each.rows:,} rows in common, which now count twice"
        for each in collection.overlaps
    ]
    told += [f"{log.name}: {remark}" for log in collection.logs for remark in log.remarks]
    copies = {copy.name for copy in collection.copies}
    empty = [log.name for log in collection.logs if not log.events and log.name not in copies]
    if empty:
        more = f" and {len(empty) - 3} more" if len(empty) > 3 else ""
        told.append(f"left out, with less than two rows of a performer: {', '.join(empty[:3])}{more}")
    return told


def check_log(file: str, controls: int) -> dict[str, Any]:
    """How many rows of a log are sound, and the first that is not: ``rows``, ``problem`` (a text, or empty)."""
    from impsy.data.logs.reading import read_log

    log = read_log(Path(file), controls)
    first = log.problems[0] if log.problems else None
    return {
        "rows": log.counts.performer + log.counts.model,
        "problem": f"line {first.line}: {first.text}" if first else "",
    }


def scan_logs(logs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The result of ``scan_again`` for each of these arguments, or ``{"problem": …}``."""
    from impsy.data.logs.scanning import scan_again

    return [_or_problem(lambda _, log: scan_again(**log), Path(log["file"]), log) for log in logs]


def take_to_midi(log: str, controls: int, mapping: Sequence[Any], target: str) -> dict[str, Any]:
    """Write a take as a MIDI file."""
    from impsy.mapping.entries import parse_mapping
    from impsy.perform.recording.takes import log_to_midi

    log_to_midi(Path(log), controls, parse_mapping(mapping), Path(target))
    return {}


def midi_to_take(file: str, mappings: Sequence[Sequence[Any]], started: str, target: str) -> dict[str, Any]:
    """Write a MIDI file as a log, by that mapping of several in which it has most events."""
    from impsy.mapping.entries import parse_mapping
    from impsy.perform.recording.midifile import read_midi
    from impsy.perform.recording.takes import write_log

    with Path(file).open("rb") as midi:
        reading = read_midi(midi, [parse_mapping(mapping) for mapping in mappings])
    write_log(reading, datetime.fromisoformat(started), Path(target))
    return {"events": len(reading.performer), "answers": len(reading.model), "remarks": reading.remarks}


_TASKS: Mapping[str, Callable[..., Any]] = {
    "describe_datasets": describe_datasets,
    "describe_models": describe_models,
    "collect": collect,
    "check_log": check_log,
    "scan_logs": scan_logs,
    "take_to_midi": take_to_midi,
    "midi_to_take": midi_to_take,
}


def main() -> NoReturn:
    """Do the task that the command line names, with the arguments that stand in standard input."""
    _limit()
    answer, status = "", 0
    try:
        answer = json.dumps(_TASKS[sys.argv[1]](**json.loads(sys.stdin.buffer.read())), allow_nan=False)
    except ImpsyError as error:
        answer, status = json.dumps([_kind(error), str(error)]), REFUSED
    except MemoryError:
        answer, status = json.dumps(["DataError", "it needs more memory than it may have"]), REFUSED
    sys.stdout.buffer.write(answer.encode("utf-8", "replace"))
    sys.stdout.flush()
    os._exit(status)  # native libraries that read a damaged file are not trusted to clean up


def _kind(error: ImpsyError) -> str:
    known = ("ConfigError", "DataError", "DeviceError", "ModelError")
    return next((kind.__name__ for kind in type(error).__mro__ if kind.__name__ in known), DataError.__name__)


def _limit() -> None:
    """Ask the system to keep this process from taking all memory; Windows has no such limit."""
    try:
        import resource
    except ImportError:
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    soft = _MEMORY if hard == resource.RLIM_INFINITY else min(_MEMORY, hard)
    try:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
    except (ValueError, OSError):  # macOS refuses; the time limit of the parent remains
        return


if __name__ == "__main__":
    main()
