"""``impsy export-midi``: logs become MIDI files."""

from __future__ import annotations

from pathlib import Path

import click

from impsy.cli.options import FILE, PATH, config_option, mapped_by
from impsy.cli.terminal import echo, echo_left_out
from impsy.codecs.log import dimension_of
from impsy.config import Config
from impsy.errors import ConfigError, DataError
from impsy.files import check_writable
from impsy.limits import MOST_LEARNED_DIMENSION
from impsy.perform.recording.takes import log_to_midi, output_for
from impsy.text import counted

__all__ = ["command"]


@click.command("export-midi")
@click.argument("logs", nargs=-1, required=True, metavar="LOG...", type=PATH)
@config_option
@click.option(
    "-o",
    "--output",
    type=FILE,
    help="The file to write, of one LOG.  [default: beside the log, with .mid as its ending]",
)
@click.option(
    "-d",
    "--dimension",
    type=click.IntRange(2, MOST_LEARNED_DIMENSION),
    help="1 (time) + the number of controls, where the log's name does not say it.",
)
@click.pass_context
def command(
    context: click.Context, logs: tuple[Path, ...], config_file: Path, output: Path | None, dimension: int | None
) -> None:
    """Write each LOG as a Standard MIDI File, with a track for the performer and one for the model.

    The configuration's output says by which message each control is played. Where there is no configuration, or none
    of its mappings has as many controls as the log, these are the controllers 20, 21, … of channel 1.

    \b
    Examples:
      impsy export-midi logs/2026-09-26T10-00-00-9d-mdrnn.log
      impsy export-midi logs/*.log -c gigs/friday.toml
      impsy export-midi logs/2026-09-26T10-00-00-9d-mdrnn.log -o tune.mid
    """
    if output is not None and len(logs) > 1:
        raise ConfigError(f"-o names one file, and there are {len(logs)} logs: leave it out, or name one log")
    config = mapped_by(context, config_file, 0)
    refused: list[str] = []
    for log in logs:
        try:
            _export(log, config, dimension, output)
        except DataError as error:
            refused.append(str(error))
    if refused:
        raise DataError("\n".join(refused))


def _export(log: Path, config: Config | None, dimension: int | None, output: Path | None) -> None:
    named = dimension_of(log.name)
    if dimension is not None and named not in (None, dimension):
        raise DataError(f"{log}: its name says dimension {named}, not {dimension}: leave out --dimension")
    dimension = dimension or named or (config.model.dimension if config else None)
    if dimension is None:
        raise DataError(f"{log}: its name does not tell its dimension: give --dimension")
    target = output or log.with_suffix(".mid")
    if target.exists():
        if target.resolve() == log.resolve():
            raise ConfigError(f"{target} is the log itself: name another file with -o")
        if output is None:
            raise DataError(f"{target} is there already: move it away, or name it with -o to replace it")
    check_writable(target.parent, "name another file with -o")
    read = log_to_midi(log, dimension - 1, output_for(config, dimension - 1), target)
    echo(f"{target} written, of {log}: {counted(len(read.times), 'event')}")
    echo_left_out(read, read.remarks)
