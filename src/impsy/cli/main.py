"""``impsy``: finds the command, and turns errors into messages and exit codes."""

from __future__ import annotations

import sys
from contextlib import suppress
from importlib import import_module
from io import StringIO

import click
from click.shell_completion import CompletionItem

from impsy.cli.terminal import Context, echo, finish_streams, prepare_streams, report_error
from impsy.errors import ImpsyError, refusal
from impsy.version import __version__

__all__ = ["COMMANDS", "COMPLETION", "OVERVIEW", "group", "main"]

COMPLETION = "_IMPSY_COMPLETE"
"""The environment variable by which a shell asks for completions, whatever the program file is called."""


#: Command -> what it does. Only the module of the command that is used is imported, for a fast start.
COMMANDS: dict[str, str] = {
    "demo": "Hear it at once: a simulated performer plays.",
    "webui": "All of it on one page, in your browser.",
    "workshop": "An instrument for each guest, by QR code.",
    "init": "Write a commented starter workspace.",
    "config": "Check or upgrade a configuration file.",
    "ports": "List MIDI and serial ports, and which are meant.",
    "map": "Make a mapping by moving each control in turn.",
    "monitor": "Show what arrives from your instruments.",
    "doctor": "Check that all is ready to play.",
    "run": "Play: listen, record, predict, answer.",
    "replay": "Put a recorded performance through it again.",
    "export": "Make a table or an archive of takes.",
    "export-page": "Make an instrument in one HTML file.",
    "import-midi": "Make logs of MIDI files.",
    "export-midi": "Make MIDI files of logs.",
    "dataset": "Make a dataset of what was recorded.",
    "train": "Make a model of a dataset.",
    "evaluate": "Measure what a model predicts and how it plays.",
    "search": "Look for a better size and recipe.",
    "model": "Say what a model file is.",
    "convert-tflite": "Turn any model file into a .tflite.",
    "test-mdrnn": "Step a model and time it.",
    "completion": "Let the Tab key complete commands.",
    "licences": "Show whose work this is made of.",
    "conformance": "Check this implementation against vectors.",
}

ALIASES = {"learn": "map"}
"""Earlier names of commands, which still work and are listed nowhere."""

#: What click says of a file or folder that will not do, by how it ends, and what to do about it.
_REMEDIES = {
    "is not readable.": "Change its owner or its permissions, or name another.",
    "is a directory.": "Name a file.",
    "is a file.": "Name a folder.",
}

_SCREEN = 80

#: The overview: heading -> lines of what to type and what it does. An empty text means that of the one command named.
#: With all around it, it fits a terminal of 80 by 24.
OVERVIEW: dict[str, tuple[tuple[str, str], ...]] = {
    "Start here": (("demo", ""), ("webui", "")),
    "1 Configure": (("init", ""), ("config", ""), ("ports", ""), ("map", ""), ("monitor", ""), ("doctor", "")),
    "2 Record": (
        ("run --mode useronly", "Listen and record."),
        ("import-midi, export-midi", "Logs from MIDI files, and back."),
    ),
    "3 Learn": (("dataset", ""), ("train", ""), ("evaluate", ""), ("search", "")),
    "4 Perform": (
        ("run, workshop", "Play; give each guest an instrument."),
        ("replay, export, export-page", "Play it again; give it to others."),
    ),
    "Models": (("model, convert-tflite, test-mdrnn", "Look into, convert, time one."),),
    "Tools": (("completion, licences, conformance", "The Tab key, terms, a check."),),
}


def _use_own_context(command: click.Command) -> None:
    command.context_class = Context
    for each in command.commands.values() if isinstance(command, click.Group) else ():
        _use_own_context(each)


class _Group(click.Group):
    """A group that imports a command's module when it is used, and lists commands by the steps of the work."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(f"impsy.cli.{name.replace('-', '_')}").command
        _use_own_context(command)
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The commands, without importing any of them."""
        found = [CompletionItem(name, help=about) for name, about in COMMANDS.items() if name.startswith(incomplete)]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """All on one screen."""
        formatter.width = _SCREEN
        self.format_usage(ctx, formatter)
        self.format_help_text(ctx, formatter)
        formatter.write("\n")
        widest = max(map(len, OVERVIEW))
        for heading, lines in OVERVIEW.items():
            for number, (typed, text) in enumerate(lines):
                shown = text or COMMANDS[typed]
                column = f"  {heading if not number else '':<{widest}}  "
                formatter.write(f"{column}{typed:<14}  {shown}\n")
        formatter.write("  -h, --help after a command explains it; -V, --version prints the version.\n")


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", prog_name="impsy", message="%(prog)s %(version)s")
def group() -> None:
    """An instrument that listens to how you play, learns it, and plays with you."""


def main() -> None:
    """The console script."""
    prepare_streams()
    code = _run()
    finish_streams()
    sys.exit(code)


def _run() -> int:
    """Run the command; returns the exit code."""
    try:
        code = group.main(standalone_mode=False, complete_var=COMPLETION)
        sys.stdout.flush()  # a disk that is full refuses here what it accepted before
    except ImpsyError as error:
        report_error(str(error))
        return 1
    except click.ClickException as error:
        _show(error)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        with suppress(OSError):
            echo("Stopped.", err=True)
        return 130
    except BrokenPipeError:  # the reader of our output went away: nobody is left to report it to
        return 1
    except OSError as error:  # what no command foresaw, such as a full disk behind the output
        where = f"{error.filename}: " if error.filename else ""
        remedy = "see what `impsy doctor` says of folders and ports"
        report_error(f"{where}the system refused {refusal(error, remedy)}")
        return 1
    return code if isinstance(code, int) else 0


def _show(error: click.ClickException) -> None:
    """What click says, and what to do about it where it does not say that."""
    text = StringIO()
    error.show(text)
    remedies = [remedy for end, remedy in _REMEDIES.items() if error.message.endswith(end)]
    with suppress(OSError):
        echo("\n".join([text.getvalue().rstrip("\n"), *remedies]), err=True)
