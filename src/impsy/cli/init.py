"""``impsy init``: a new workspace."""

from __future__ import annotations

from pathlib import Path

import click

from impsy.cli.options import FOLDER
from impsy.cli.terminal import terminal

__all__ = ["command"]


@click.command(name="init")
@click.argument("folder", metavar="[DIR]", default=".", type=FOLDER)
@click.option("-f", "--force", is_flag=True, help="Replace a config that is there; it is kept as config.toml.bak.")
def command(folder: Path, force: bool) -> None:
    """Start a workspace in DIR (here, if not given): a commented config and folders for what you play.

    \b
    Examples:
      impsy init                 start in this folder
      impsy init my-instrument   make a folder and start there
      impsy init -f              begin again with a fresh config
    """
    from impsy.config.workspace import create_workspace

    done = create_workspace(folder, force)
    console = terminal()
    console.print(f"A workspace in {folder.resolve()}:")
    for line in done:
        console.print(f"  {line}")
    steps = [] if folder.resolve() == Path.cwd() else [(f"cd {folder}", "")]
    steps += [
        ("edit config.toml", "what you play with; it starts with OSC on ports 6000 and 6001"),
        ("impsy config check", "is it in order?"),
        ("impsy run", "play"),
    ]
    console.print("Next:")
    for step, why in steps:
        console.print(f"  {step:<20} {why}".rstrip())
