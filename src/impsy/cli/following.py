"""``impsy replay`` where there is a journal: what was played, exactly."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from impsy.cli.options import from_command_line
from impsy.cli.terminal import echo
from impsy.codecs.journal import Head
from impsy.errors import ConfigError, DataError
from impsy.files import leads_out, written_whole
from impsy.perform.exporting.comparing import Comparison, verdict
from impsy.perform.exporting.paper import unpacked
from impsy.perform.exporting.takes import RecordedTake, followed, take_of
from impsy.perform.replaying.exact import replay_exactly
from impsy.perform.replaying.models import RecordedModels

__all__ = ["follow", "follow_archive", "why_not"]

_OWN = ("log", "output", "check", "models", "no_journal", "verbose")
"""Parameters that go with a journal."""


def why_not(context: click.Context, head: Head, seed: int) -> str:
    """Which options ask for another performance than the journal's, as they are typed; "" if none."""
    asked = []
    for parameter in context.command.params:
        name = parameter.name or ""
        if name in _OWN or not from_command_line(context, name):
            continue
        if name == "seed" and seed == head.seed:
            continue
        asked.append(next((each for each in parameter.opts if each.startswith("--")), name))
    return ", ".join(asked)


def follow(
    take: RecordedTake, output: Path | None, models: Sequence[Path], *, check: bool, own_only: bool = False
) -> None:
    """Replay a take by its journal, and say whether the log is the same.

    Args:
        take: has a journal.
        output: where the log is written; None: to ``replays/``, or with ``check`` nowhere.
        models: folders that may hold its models, beside the workspace's.
        check: whether a log that is not the same is an error.
        own_only: models are taken from the take's own folder alone.

    Raises:
        DataError: the journal or a model is not what it should be, or with ``check`` the log is not the same.
    """
    assert take.journal is not None
    folder = take.log.absolute().parent
    workspace = folder.parent if folder.name == "logs" else folder
    roots = [workspace, *models] if own_only else [workspace, folder, Path.cwd(), *models]
    target = output or (None if check else _target(take.log))
    if target is not None and target.exists() and target.resolve() == take.log.resolve():
        raise ConfigError(f"{target} is the recording itself; name another file with --output")
    opened = RecordedModels(folder, roots)
    with (
        followed(take.journal) as (head, calls),
        _written(target) as write,
        Comparison(take.log, write) as compared,
    ):
        played = replay_exactly(head, calls, opened.open, compared)
    same, text = verdict(compared, played, head, Path(take.log.name) if own_only else take.log)
    if check and not same:
        raise DataError(f"{take.log.name}: {text}")
    place = "" if target is None else f"{target}: "
    echo(f"Replayed exactly, by its journal: {place}{text}" if same else f"Replayed by its journal: {place}{text}")


def follow_archive(archive: Path, output: Path | None, models: Sequence[Path], *, check: bool) -> None:
    """Replay all takes of an archive that ``impsy export`` made, from it alone."""
    with tempfile.TemporaryDirectory(prefix="impsy-replay-") as place:
        logs = unpacked(archive, Path(place))
        if output is not None and len(logs) > 1:
            raise ConfigError(f"-o names one file, and {archive} holds {len(logs)} takes: leave it out")
        for log in logs:
            take = take_of(log)
            if take.journal is None:
                raise DataError(f"{archive}: {log.name} has no journal in it, so it cannot be replayed from it alone")
            follow(take, output, models, check=check, own_only=True)


def _target(log: Path) -> Path:
    target = Path("replays") / log.name
    if leads_out(target.parent, Path.cwd()):
        raise ConfigError(
            f"{target.parent} leads out of this folder by a link (to {os.path.realpath(target.parent)}): name the "
            "file to write with --output"
        )
    return target


@contextmanager
def _written(target: Path | None) -> Iterator[Callable[[bytes], object]]:
    if target is None:
        yield lambda _line: None
        return
    with written_whole(target, "name another file with --output") as file:
        yield file.write
