"""``impsy completion``: the Tab key completes commands and options."""

from __future__ import annotations

import os
from pathlib import PurePath

import click
from click.shell_completion import get_completion_class

from impsy.cli.terminal import echo
from impsy.errors import ConfigError

__all__ = ["SHELLS", "command"]

SHELLS = ("bash", "zsh", "fish")


@click.command("completion")
@click.argument("shell", required=False, type=click.Choice(SHELLS))
def command(shell: str | None) -> None:
    """Print a script that lets the Tab key complete commands, options and file names in your shell.

    SHELL is bash (4.4 or later), zsh or fish; without it, the one that the environment variable SHELL names. The
    script must be read by each new shell: put one of these lines where it says.

    \b
    Examples:
      eval "$(impsy completion bash)"            at the end of ~/.bashrc
      eval "$(impsy completion zsh)"             at the end of ~/.zshrc, after compinit
      impsy completion fish | source             in ~/.config/fish/config.fish
      impsy completion bash > impsy-complete.sh  or keep it in a file, which starts faster
    """
    from impsy.cli.main import COMPLETION, group

    shell = shell or PurePath(os.environ.get("SHELL", "")).name
    completion = get_completion_class(shell) if shell in SHELLS else None
    if completion is None:
        known = (
            f"there is no script for the shell {shell!r}" if shell else "the environment variable SHELL is not set"
        )
        raise ConfigError(f"{known}; name one of {', '.join(SHELLS)}, as in: impsy completion {SHELLS[0]}")
    echo(completion(group, {}, "impsy", COMPLETION).source(), nl=False)
