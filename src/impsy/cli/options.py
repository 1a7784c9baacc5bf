"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from impsy.events import MODE_NAMES

if TYPE_CHECKING:
    from impsy.config import Config

__all__ = ["OVERRIDES", "config_option", "mapped_by", "override_options"]

Function = TypeVar("Function", bound=Callable[..., Any])

OVERRIDES = (
    "dimension",
    "mode",
    "threshold",
    "input_thru",
    "sigmatemp",
    "pitemp",
    "timescale",
    "verbose",
    "log_input",
    "log_predictions",
)
"""The names of what ``override_options`` adds, as ``impsy.config.with_overrides`` takes them."""


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
    """Options that stand above what the configuration says."""
    options = [
        click.option("-d", "--dimension", type=int, help="1 (time) + the number of controls."),
        click.option("--mode", type=click.Choice(MODE_NAMES), help="Who plays when."),
        click.option("--threshold", type=float, help="Seconds of silence before the answer (callresponse)."),
        click.option("--input-thru/--no-input-thru", default=None, help="Send inputs to the outputs too."),
        click.option("--sigma-temp", "sigmatemp", type=float, help="Width of the mixture's components (0.01)."),
        click.option("--pi-temp", "pitemp", type=float, help="Evenness of the choice between them (1)."),
        click.option("--timescale", type=float, help="2 plays at half speed, 0.5 at double."),
        click.option("--verbose/--quiet", default=None, help="Tell every event, or only what went wrong."),
        click.option("--log-input/--no-log-input", default=None, help="Write the performer's events to the log."),
        click.option("--log-predictions/--no-log-predictions", default=None, help="Write the model's too."),
    ]
    for option in reversed(options):
        function = option(function)
    return function
