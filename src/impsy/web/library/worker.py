"""Tasks that take long or read what others sent, in processes of low priority: arguments and results as JSON.

The web process forwards what is played as it is played, and the session may share its processors: neither must wait
for a dataset that is made, or for a file that was made to do harm.
"""

from __future__ import annotations

import json
import sys
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from impsy.errors import DataError, ImpsyError
from impsy.files import open_regular
from impsy.processes import Cancelling, ask, serve
from impsy.text import counted

__all__ = ["work"]

_MEMORY = 6 << 30
"""Bytes of address space that the process may have."""
_SECONDS = 300.0
"""After which a task is ended. They take a few seconds, with the largest files perhaps a minute."""
_WINDOWS = 200
"""By which models are compared: a second or two for each."""


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
    same = ("dimension", "layers", "units", "mixtures", "parameters", "architecture", "format", "runs")
    return {
        **{name: getattr(model, name) for name in same},
        "size": size_name(model.units, model.layers),
        "facts": model_facts(path),
    }


def _or_problem(look: Callable[..., dict[str, Any]], path: Path, *more: object) -> dict[str, Any]:
    try:
        return look(path, *more)
    except ImpsyError as error:
        return {"problem": str(error).replace(f"{path}: ", "").replace(str(path), path.name)}
    except MemoryError:
        return {"problem": "it needs more memory than it may have"}


def collect(
    logs: Sequence[str],
    dimension: int,
    target: str,
    config: str,
    trims: Mapping[str, float],
    longest_pause: float | None = None,
    least: int = 0,
) -> dict[str, Any]:
    """Make a dataset of these logs and write it; its statistics, and sentences on what was left out or put right.

    Args:
        config: the configuration's file, which may say which controls are notes.
        trims: as for :func:`impsy.data.collecting.collect`.
        longest_pause: seconds to which longer times between two events are shortened; None: they stay.
        least: events; where there are fewer, nothing is written, and the result is ``too_little``: how many there
            are, and how many seconds they take.
    """
    from impsy.config import known_notes
    from impsy.data import collecting
    from impsy.data.datasets import write_dataset
    from impsy.data.pauses import shorten_pauses
    from impsy.data.statistics import describe

    try:
        collection = collecting.collect([Path(log) for log in logs], dimension, trims)
    except collecting.NoEventsError:
        if not least:
            raise
        return {"too_little": [0, 0.0]}
    dataset = replace(collection.dataset, notes=known_notes(Path(config), dimension))
    if longest_pause is not None:
        dataset = shorten_pauses(dataset, longest_pause)
    if len(dataset) < least:
        return {"too_little": [len(dataset), float(dataset.events[:, 0].sum())]}
    write_dataset(Path(target), dataset)
    return {"statistics": asdict(describe(dataset)), "remarks": _remarks(collection)}


def foresee(dataset: str, models: Sequence[str]) -> list[float]:
    """How well each of these models foresees the last phrases of a dataset, which training holds out.

    Returns:
        The log density of an event in nats, each at the temperatures at which it is calibrated: the median over at
        most 200 windows of the mean in each, so that no single surprise decides. Higher is better.
    """
    import numpy as np

    from impsy.data.datasets import read_dataset
    from impsy.data.windows import split_windows
    from impsy.evaluation.contestants import contestant_for
    from impsy.evaluation.likelihood import evenly, score_windows
    from impsy.models.opening import open_model

    playing = read_dataset(Path(dataset))
    windows = evenly(split_windows(playing).held_out, _WINDOWS)
    no_grid = np.zeros(playing.dimension - 1)
    found = []
    for model in map(open_model, map(Path, models)):
        contestant = contestant_for(model, learnt=model.calibrated)
        likelihood = score_windows(contestant, playing.events, windows, no_grid, lambda _events: None)
        found.append(-likelihood.joint.median_of_sequences)
    return found


def _remarks(collection: Any) -> list[str]:
    remarks = [collection.account]
    remarks += [
        f"{log.name}: {counted(log.unread, 'row')} left out, malformed or of another source, the first in line "
        f"{log.problems[0].line} ({log.problems[0].text})"
        for log in collection.logs
        if log.unread
    ]
    remarks += [f"{copy.name} left out: it has the same rows as {copy.original}" for copy in collection.copies]
    remarks += [
        f"{each.name} and {each.other} have {counted(each.rows, 'row')} in common, counted twice now"
        for each in collection.overlaps
    ]
    remarks += [f"{log.name}: {remark}" for log in collection.logs for remark in log.remarks]
    copies = {copy.name for copy in collection.copies}
    empty = [log.name for log in collection.logs if not log.events and log.name not in copies]
    if empty:
        more = f" and {len(empty) - 3} more" if len(empty) > 3 else ""
        remarks.append(f"left out, with less than two rows of a performer: {', '.join(empty[:3])}{more}")
    return remarks


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
    """The result of ``scan_again`` for each of these arguments, or ``{"problem": …}``.

    With ``outlined``, it is read from its beginning, and its ``outline`` is there too, as text.
    """
    from impsy.data.logs.scanning import scan_again, scan_in_outline

    def scan(path: Path, log: Mapping[str, Any]) -> dict[str, Any]:
        if not log.get("outlined"):
            return scan_again(log["file"], log["controls"], log.get("before"))
        found, outline = scan_in_outline(path, log["controls"])
        return {**asdict(found), "outline": b64encode(outline.dump()).decode()}

    return [_or_problem(scan, Path(log["file"]), log) for log in logs]


def take_to_midi(log: str, controls: int, mapping: Sequence[Any], target: str) -> dict[str, Any]:
    """Write a take as a MIDI file."""
    from impsy.mapping.entries import parse_mapping
    from impsy.perform.recording.takes import log_to_midi

    log_to_midi(Path(log), controls, parse_mapping(mapping), Path(target))
    return {}


def midi_to_take(file: str, mappings: Sequence[Sequence[Any]], started: str, target: str) -> dict[str, Any]:
    """Write a MIDI file as a log, by that mapping of several in which it has most events."""
    from impsy.codecs.smf import MOST_BYTES
    from impsy.mapping.entries import parse_mapping
    from impsy.perform.recording.midifile import read_midi
    from impsy.perform.recording.takes import write_log

    with open_regular(file, MOST_BYTES) as midi:
        reading = read_midi(midi, [parse_mapping(mapping) for mapping in mappings])
    write_log(reading, datetime.fromisoformat(started), Path(target))
    return {"events": len(reading.performer), "answers": len(reading.model), "remarks": reading.remarks}


def export_takes(logs: Sequence[str], target: str) -> dict[str, Any]:
    """Write takes with their journals as a table, or as an archive where the file ends in .zip."""
    from impsy.files import written_whole
    from impsy.perform.exporting.paper import write_archive
    from impsy.perform.exporting.table import write_table
    from impsy.perform.exporting.takes import take_of

    takes = [take_of(Path(log)) for log in logs]
    if target.endswith(".zip"):
        write_archive(takes, Path(target))
    else:
        with written_whole(Path(target)) as file:
            write_table(file, takes)
    return {}


def marks_in_take(log: str) -> list[tuple[float, str]]:
    """The markers of a take, by its journal."""
    from impsy.perform.exporting.table import marks_of
    from impsy.perform.exporting.takes import take_of

    return marks_of(take_of(Path(log)))


def origin_of_take(log: str) -> dict[str, Any]:
    """What a take was made with, by its journal: see :class:`impsy.protocol.library.TakeOrigin`."""
    from impsy.perform.exporting.origin import origin_of
    from impsy.perform.exporting.takes import take_of

    return origin_of(take_of(Path(log)))


def replay_take(log: str, target: str) -> dict[str, Any]:
    """Play a take again by its journal, as ``impsy replay --check`` does, and write the log that it makes.

    Returns:
        Whether it is ``same``, a ``sentence`` on that, and how many ``rows`` were written.
    """
    from impsy.files import written_whole
    from impsy.perform.exporting.comparing import Comparison, verdict
    from impsy.perform.exporting.takes import followed, take_of
    from impsy.perform.replaying.exact import replay_exactly
    from impsy.perform.replaying.models import RecordedModels

    take = take_of(Path(log))
    if take.journal is None:
        raise DataError(f"{take.log.name} has no journal beside it, so it cannot be replayed exactly")
    folder = take.log.parent
    models = RecordedModels(folder, [folder.parent, folder])
    with (
        written_whole(Path(target)) as file,
        followed(take.journal) as (head, calls),
        Comparison(take.log, file.write) as compared,
    ):
        played = replay_exactly(head, calls, models.open, compared)
    same, sentence = verdict(compared, played, head, Path(take.log.name))
    return {"same": same, "sentence": sentence, "rows": played.rows}


_TASKS: Mapping[str, Callable[..., Any]] = {
    task.__name__: task
    for task in (
        describe_datasets,
        describe_models,
        collect,
        foresee,
        check_log,
        scan_logs,
        take_to_midi,
        midi_to_take,
        export_takes,
        marks_in_take,
        origin_of_take,
        replay_take,
    )
}


def work(
    task: str, folder: Path, *, seconds: float = _SECONDS, cancelling: Cancelling | None = None, **arguments: Any
) -> Any:
    """Do one of these tasks in another process, and wait; returns its result.

    Args:
        folder: the workspace.
        cancelling: can end it.
        arguments: of the task, of types that JSON has.

    Raises:
        ImpsyError: of the kind that the task raised, or DataError if its process died, took too long, or was
            cancelled.
    """
    content = json.dumps(arguments).encode()
    command = ["-m", "impsy.web.library.worker", task]
    return json.loads(ask(command, content, folder, seconds=seconds, cancelling=cancelling))


def _do(content: bytes) -> bytes:
    return json.dumps(_TASKS[sys.argv[1]](**json.loads(content)), allow_nan=False).encode("utf-8", "replace")


if __name__ == "__main__":
    serve(_do, memory=_MEMORY)
