"""``impsy replay``: a recorded performance, once more."""

from __future__ import annotations

import itertools
import math
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from numpy.random import default_rng
from rich.progress import Progress

from impsy.cli.following import follow, follow_archive, why_not
from impsy.cli.options import FILE, FOLDER, PATH, config_option, override_options, seed_option
from impsy.cli.run import load, log_folder, perform_script, sum_up
from impsy.cli.stopping import Ending
from impsy.cli.terminal import echo, echo_left_out, terminal
from impsy.codecs.log import LogRow
from impsy.config import LoadedConfig
from impsy.data.logs.performances import events_of
from impsy.errors import ConfigError, DataError
from impsy.files import leads_out, written_whole
from impsy.perform import ScriptedPerformer, engine_settings, open_configured_models, read_performance, replay
from impsy.perform.exporting.takes import head_of, take_of
from impsy.text import counted

__all__ = ["command"]

LONGEST_TAIL = 86_400


@click.command("replay")
@click.argument("log", type=PATH)
@config_option
@override_options
@seed_option("Of the model's choices.")
@click.option(
    "--tail",
    type=click.FloatRange(min=0, max=LONGEST_TAIL),
    default=5.0,
    show_default=True,
    help="Seconds after the last row.",
)
@click.option("-o", "--output", type=FILE, help="The log to write.")
@click.option("--realtime", is_flag=True, help="Through the live system and its outputs, in the recording's time.")
@click.option("--check", is_flag=True, help="Fail if the log is not the recorded one, byte for byte.")
@click.option("--no-journal", is_flag=True, help="Only the performer's rows, with the configuration as it is now.")
@click.option(
    "--models", type=FOLDER, multiple=True, help="A folder that has models of the journal; may be repeated."
)
def command(
    log: Path,
    config_file: Path,
    seed: int,
    tail: float,
    output: Path | None,
    realtime: bool,
    check: bool,
    no_journal: bool,
    models: tuple[Path, ...],
    **overrides: Any,
) -> None:
    """Play the performance of LOG again, and write the log that it makes.

    Where its journal (.jsonl) lies beside it, all that happened is played again, with the models of then: the log is
    the same, byte for byte. LOG may be an archive (.zip) that `impsy export` made, which has all of it.

    Without a journal, or with options that ask for something else, the performer's rows are put through the system
    again, on a clock made of the log's own times: the same log, configuration and seed give the same bytes. The
    model's events are written too, unless --no-log-predictions says otherwise.

    \b
    impsy replay logs/2026-09-26T10-00-00-9d-mdrnn.log --check
    impsy replay paper.zip
    impsy replay logs/2026-09-26T10-00-00-9d-mdrnn.log --seed 1
    impsy replay old.log -c other.toml --mode polyphony -o answer.log
    impsy replay old.log --realtime          hear it, through the configured outputs
    """
    if math.isnan(tail):  # which lies in every range
        raise ConfigError("--tail is not a number; give the seconds that go on after the last row, such as 5")
    if log.suffix.lower() == ".zip":
        follow_archive(log, output, models, check=check)
        return
    take = take_of(log)
    others = "--no-journal" if no_journal else ""
    if take.journal is not None and not no_journal:
        others = why_not(click.get_current_context(), head_of(take.journal), seed)
        if not others:
            follow(take, output, models, check=check)
            return
        echo(f"The journal {take.journal} is left aside, as {others} asks for another performance.")
    if check:
        why = f"leave out {others}" if others else f"there is none beside {log}"
        raise ConfigError(f"--check compares what the journal of the performance makes: {why}")
    loaded = load(config_file, overrides)
    controls = loaded.config.model.dimension - 1
    rows, found = read_performance(log, controls)
    echo_left_out(found, events_of(found)[1])
    if realtime:
        if output is not None:
            raise ConfigError(
                "--output is for replays on a scripted clock; a --realtime one writes a log in logs/: leave out one"
            )
        _live(loaded, config_file, rows, seed, tail, quiet=overrides["verbose"] is False)
        return
    target = output or Path("replays") / f"{log.stem}-seed{seed}.log"
    if output is None and leads_out(target.parent, Path.cwd()):
        raise ConfigError(f"{target.parent} leads out of this folder by a link: name the file to write with --output")
    if target.exists() and target.resolve() == log.resolve():
        raise ConfigError(f"{target} is the recording itself; name another file with --output")
    written = _scripted(loaded, rows, seed, tail, target, overrides)
    echo(f"Replayed {counted(len(rows), 'event')}; {counted(written, 'row')} in {target}")


def _scripted(
    loaded: LoadedConfig, rows: Sequence[LogRow], seed: int, tail: float, target: Path, overrides: dict[str, Any]
) -> int:
    make_engine, _ = open_configured_models(loaded)
    settings = engine_settings(loaded.config)
    written = 0
    ended_early = None
    with (
        written_whole(target, "name another file with --output") as file,
        Progress(console=terminal(soft_wrap=False), transient=True) as progress,
    ):
        task = progress.add_task("replaying", total=len(rows))

        def write(line: str) -> None:
            nonlocal written
            file.write(line.encode())
            written += 1
            if ",interface," in line:
                progress.advance(task)

        try:
            replay(
                rows,
                lambda now: make_engine(settings, default_rng(seed), now),
                log_input=loaded.config.log_input,
                log_predictions=overrides["log_predictions"] is not False,
                tail=tail,
                write=write,
            )
        except DataError as error:
            ended_early = DataError(f"{error}. The {written:,} rows until then are in {target}")
    if ended_early is not None:
        raise ended_early
    return written


def _live(
    loaded: LoadedConfig, config_file: Path, rows: Sequence[LogRow], seed: int, tail: float, *, quiet: bool
) -> None:
    ending = Ending()
    steps = ((later.time - earlier.time).total_seconds() for earlier, later in itertools.pairwise(rows))
    script = zip(itertools.chain([1.0], steps), (row.values for row in rows), strict=True)

    def finished() -> None:
        threading.Timer(tail, ending.request).start()

    performer = ScriptedPerformer("replay", script, finished)
    logs, verbose = log_folder(config_file), loaded.config.verbose
    sum_up(perform_script(loaded, performer, logs, seed, ending, verbose=verbose, quiet=quiet))
