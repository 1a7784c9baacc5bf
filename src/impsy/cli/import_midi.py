"""``impsy import-midi``: MIDI files become logs."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import click

from impsy.cli.options import FOLDER, PATH, config_option, mapped_by
from impsy.cli.run import log_folder
from impsy.cli.terminal import echo
from impsy.codecs.log import log_name
from impsy.codecs.smf import MOST_BYTES
from impsy.data.takes import LONGEST_TITLE, TakeNote, annotate
from impsy.errors import ConfigError, DataError, DeviceError, refusal
from impsy.files import check_writable, open_regular
from impsy.limits import MOST_LEARNED_DIMENSION
from impsy.perform.recording.midifile import Reading, read_midi
from impsy.perform.recording.takes import inputs_for, write_log
from impsy.text import counted, visible

__all__ = ["command"]

_FOLDER = "choose another folder with -o"


@click.command("import-midi")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=PATH)
@config_option
@click.option(
    "-o",
    "--output",
    type=FOLDER,
    help="The folder to write the logs in.  [default: logs/ beside the configuration file]",
)
@click.option(
    "-d", "--dimension", type=click.IntRange(2, MOST_LEARNED_DIMENSION), help="1 (time) + the number of controls."
)
@click.pass_context
def command(
    context: click.Context, files: tuple[Path, ...], config_file: Path, output: Path | None, dimension: int | None
) -> None:
    """Write each MIDI FILE as the log of a performance, from which `impsy dataset` makes a dataset.

    The mappings of the configuration's inputs and outputs say which message is which control; of several, the one
    that has most of a file is taken. Where there is no configuration, --dimension says how many controls there are:
    the controllers 20, 21, … of channel 1.

    Damaged files are read as far as possible; what was left out is reported.

    \b
    Examples:
      impsy import-midi tune.mid
      impsy import-midi takes/*.mid -c gigs/friday.toml -o logs
      impsy import-midi tune.mid -d 9       by the controllers 20 to 27
    """
    config = mapped_by(context, config_file, dimension)
    dimension = dimension or (config.model.dimension if config else None)
    if dimension is None:
        raise ConfigError("there is no configuration to tell the number of controls: give --dimension")
    mappings = inputs_for(config, dimension - 1)
    folder = output or log_folder(config_file)
    check_writable(folder, _FOLDER)
    refused: list[str] = []
    for file in files:
        try:
            with open_regular(file, MOST_BYTES) as midi:
                reading = read_midi(midi, mappings)
        except OSError as error:
            refused.append(f"{file} cannot be read {refusal(error, 'name a .mid file')}")
        except DataError as error:
            refused.append(f"{file}: {error}")
        else:
            log = _keep(reading, file, folder, dimension)
            answers = f" and {len(reading.model):,} of the model" if len(reading.model) else ""
            echo(f"{log} written, of {file}: {counted(len(reading.performer), 'event')} of the performer{answers}")
            for remark in reading.remarks:
                echo(f"{file}: {remark}", err=True)
    if refused:
        raise DataError("\n".join(refused))


def _keep(reading: Reading, file: Path, folder: Path, dimension: int) -> Path:
    """Write the log under the first free second, with the file's name as its title."""
    started = datetime.now().replace(microsecond=0)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        while True:
            path = folder / log_name(started, dimension)
            try:
                path.touch(exist_ok=False)
                break
            except FileExistsError:
                started += timedelta(seconds=1)
    except OSError as error:
        raise DeviceError(f"{folder} cannot be written {refusal(error, _FOLDER)}") from error
    try:
        write_log(reading, started, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    title = visible(file.stem).encode("utf-8", "backslashreplace").decode()[:LONGEST_TITLE]
    annotate(folder, {path.name: TakeNote(title, ("MIDI file",))})
    return path
