"""``impsy export``: takes for others, as a table or an archive."""

from __future__ import annotations

from pathlib import Path

import click

from impsy.cli.options import FILE, FOLDER, PATH
from impsy.cli.terminal import echo
from impsy.errors import ConfigError
from impsy.files import written_whole
from impsy.perform.exporting.paper import write_archive
from impsy.perform.exporting.table import write_table
from impsy.perform.exporting.takes import take_of
from impsy.text import counted

__all__ = ["command"]


@click.command("export")
@click.argument("logs", nargs=-1, required=True, metavar="LOG...", type=PATH)
@click.option("-o", "--output", type=FILE, required=True, help="The file to write: .csv or .zip.")
@click.option("--models", type=FOLDER, multiple=True, help="A folder that has models of the takes; may be repeated.")
def command(logs: tuple[Path, ...], output: Path, models: tuple[Path, ...]) -> None:
    """Write takes with their journals as a table (.csv), or as an archive for a paper (.zip).

    The table has a row for each event and for each change and marker between them. The archive has the logs, their
    journals, configurations and models, the table, and a README: `impsy replay` plays the takes again from it alone.

    \b
    impsy export logs/2026-09-26T10-00-00-9d-mdrnn.log -o take.csv
    impsy export logs/*.log -o paper.zip
    """
    suffix = output.suffix.lower()
    if suffix not in (".csv", ".zip"):
        raise ConfigError(f"{output} ends in neither .csv, for a table, nor .zip, for an archive: name it so with -o")
    takes = [take_of(log) for log in dict.fromkeys(logs)]
    if any(output.exists() and output.resolve() == log.resolve() for log in logs):
        raise ConfigError(f"{output} is a log itself: name another file with -o")
    count = counted(len(takes), "take")
    if suffix == ".zip":
        write_archive(takes, output, models)
        echo(f"{output} written, of {count}: `impsy replay {output}` plays from it alone")
        return
    with written_whole(output, "name another file with -o") as file:
        rows = write_table(file, takes)
    without = sum(take.journal is None for take in takes)
    lacks = f"; {without} without a journal, so without modes, models and markers" if without else ""
    echo(f"{output} written, of {count}: {counted(rows, 'row')}{lacks}")
