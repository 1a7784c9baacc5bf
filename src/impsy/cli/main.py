"""``impsy``: finds the command, and turns errors into words and exit codes."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import NamedTuple

import click

from impsy import __version__
from impsy.errors import ImpsyError

__all__ = ["COMMANDS", "group", "main"]


class _Row(NamedTuple):
    module: str
    step: str
    help: str


#: Command -> where it is, under which heading it is listed, and what it does. The module is only imported when the
#: command is used, so that each starts as fast as it can.
COMMANDS: dict[str, _Row] = {
    "demo": _Row("demo", "Start here", "Hear what this is: a simulated performer plays, the system answers."),
    "webui": _Row("webui", "Start here", "All of it on one page, in your browser."),
    "init": _Row("init", "1. Configure", "Write a commented starter workspace."),
    "config": _Row("config", "1. Configure", "Check a configuration file."),
    "ports": _Row("ports", "1. Configure", "List MIDI and serial ports, and which of them the configuration means."),
    "learn": _Row("learn", "1. Configure", "Make a mapping by moving each control in turn."),
    "monitor": _Row("monitor", "1. Configure", "Show what arrives from your instruments, decoded."),
    "doctor": _Row("doctor", "1. Configure", "Check that all is ready to play."),
    "run": _Row("run", "2. Record and perform", "Play: listen, log, predict, answer."),
    "replay": _Row("replay", "2. Record and perform", "Put a recorded performance through the system again."),
    "dataset": _Row("dataset", "3. Learn", "Make a dataset of what was recorded, and say what is in it."),
    "train": _Row("train", "3. Learn", "Make a model of a dataset."),
    "search": _Row("search", "3. Learn", "Look for a better size and recipe for a dataset."),
    "evaluate": _Row("evaluate", "3. Learn", "Measure what a model foresees, and how it plays."),
    "model": _Row("model", "3. Models", "Say what a model file is."),
    "convert-tflite": _Row("convert_tflite", "3. Models", "Turn any model file into a .tflite."),
    "test-mdrnn": _Row("test_mdrnn", "3. Models", "Step a model and time it."),
    "conformance": _Row("conformance", "For developers", "Check this implementation against published vectors."),
}


class _Group(click.Group):
    """A group that imports its commands when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        row = COMMANDS.get(cmd_name)
        if row is None:
            return None
        command: click.Command = import_module(f"impsy.cli.{row.module}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        for step in dict.fromkeys(row.step for row in COMMANDS.values()):
            with formatter.section(step):
                formatter.write_dl([(name, row.help) for name, row in COMMANDS.items() if row.step == step])


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="impsy", message="%(prog)s %(version)s")
def group() -> None:
    """An intelligent instrument: it listens to how you play, learns it, and plays with you.

    \b
    impsy demo                 hear it at once, in your browser, without any hardware
    impsy webui                start your own, in an empty folder
    """


def main() -> None:
    """The console script."""
    try:
        code = group.main(standalone_mode=False)
    except ImpsyError as error:
        click.echo(f"{click.style('Error', fg='red', bold=True)}: {error}", err=True)
        code = 1
    except click.ClickException as error:
        error.show()
        code = error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        code = 130
    except BrokenPipeError:  # the reader of our output went away: nobody is left to tell
        sys.stderr.close()
        code = 1
    sys.exit(code if isinstance(code, int) else 0)
