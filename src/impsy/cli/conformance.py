"""``impsy conformance``: check this implementation against vector files."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from impsy.cli.options import PATH
from impsy.cli.terminal import terminal
from impsy.errors import DataError

if TYPE_CHECKING:
    from impsy.conformance import Checked, Malformed, Skipped

__all__ = ["command"]


@click.command(name="conformance")
@click.argument("folder", metavar="DIR", type=PATH)
@click.pass_context
def command(context: click.Context, folder: Path) -> None:
    """Run the vector files in DIR, and show for each case whether this version of IMPSY does what it expects.

    Vector files are how front ends agree on one behaviour: midi_input.json, midi_output.json, websocket_input.json,
    websocket_output.json, pipeline.json, playback.json, dataset.json and model.json. Others are named and left out.
    Numbers may differ by the file's own tolerance.

    The exit code is 0 if every case passes, 1 if one fails, cannot be read, or none was run.

    \b
    Examples:
      impsy conformance vectors             every file of a folder
      impsy conformance vectors/model.json  one file
    """
    from impsy.conformance import Checked, Skipped, check_path

    console = terminal()
    passed = failed = 0
    for file, results in groupby(check_path(folder), key=lambda result: result.file):
        console.print(file.name, style="bold")
        for result in results:
            style, line = _line(result)
            console.print(f"  {_printable(line)}", style=style)
            if isinstance(result, Checked) and result.difference is None:
                passed += 1
            elif not isinstance(result, Skipped):
                failed += 1
    if not passed + failed:
        raise DataError(
            f"{folder}: no case was run, since no file in it is of a kind that is known here; give a folder with one "
            "of those that `impsy conformance --help` names"
        )
    if failed:
        console.print(f"{failed} of {passed + failed} cases fail", style="red")
        context.exit(1)
    console.print("1 case passes" if passed == 1 else f"all {passed} cases pass", style="green")


def _line(result: Checked | Malformed | Skipped) -> tuple[str, str]:
    """How one result is shown: its style and its text."""
    from impsy.conformance import Malformed, Skipped

    if isinstance(result, Skipped):
        return "yellow", f"skipped: {result.reason}"
    if isinstance(result, Malformed):
        return "red", f"error  {result.case}{': ' if result.case else ''}{result.problem}"
    if result.difference is not None:
        return "red", f"FAIL   {result.case}: {result.difference}"
    return "", f"pass   {result.case}"


def _printable(text: str) -> str:
    """The text without what a terminal would obey: files come from anywhere."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)
