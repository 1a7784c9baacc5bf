"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from impsy.settings import SETTINGS, Setting

if TYPE_CHECKING:
    from impsy.config import Config

__all__ = ["config_option", "mapped_by", "override_options"]

Function = TypeVar("Function", bound=Callable[..., Any])


def config_option(function: Function) -> Function:
    """``-c/--config``."""
    return click.option(
        "-c",
        "--config",
        "config_file",
        type=click.Path(path_type=Path, dir_okay=False),
        default=Path("config.toml"),
        show_default=True,
        help="The configuration file.",
    )(function)


def mapped_by(context: click.Context, config_file: Path, dimension: int | None) -> Config | None:
    """The configuration whose mappings are meant; None if there is none, and the dimension does not take it.

    Raises:
        ConfigError: it was named, or is wanted for its dimension, and is not there; or it is not valid.
    """
    from impsy.config import load_config
    from impsy.perform.models import sized

    named = context.get_parameter_source("config_file") is click.core.ParameterSource.COMMANDLINE
    if dimension is None or named or config_file.exists():
        return sized(load_config(config_file)).config
    return None


def override_options(function: Function) -> Function:
    """Options that take precedence over the configuration, named as ``impsy.config.with_overrides`` takes them."""
    options = [
        click.option("-d", "--dimension", type=int, help="1 (time) + the number of controls."),
        *(_option(row) for row in SETTINGS.values() if row.option),
        click.option("--verbose/--quiet", default=None, help="Print every event, or only warnings and errors."),
        click.option("--log-input/--no-log-input", default=None, help="Write the performer's events to the log."),
        click.option("--log-predictions/--no-log-predictions", default=None, help="Write the model's too."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def _option(row: Setting) -> Callable[[Function], Function]:
    """The option of a live setting. Numbers are checked with the configuration, which says where one is wrong."""
    kinds: dict[str, Any] = {"number": float, "choice": click.Choice(row.choices), "flag": None}
    return click.option(row.option, row.key, type=kinds[row.kind], default=None, help=row.help)
