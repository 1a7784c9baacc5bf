"""Arguments and options that several commands share, and what they mean."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from impsy.errors import ConfigError, DataError
from impsy.files import leads_out
from impsy.settings import SETTINGS, Setting, Value

if TYPE_CHECKING:
    from impsy.config import Config
    from impsy.data.datasets import Dataset

__all__ = [
    "FILE", "FOLDER", "PATH", "check_dimension", "config_option", "dataset_options", "find_dataset",
    "folder_option", "from_command_line", "json_option", "mapped_by", "override_options", "own", "seed_option",
    "setting_option",
]  # fmt: skip

PATH = click.Path(path_type=Path)
FILE = click.Path(path_type=Path, dir_okay=False)
FOLDER = click.Path(path_type=Path, file_okay=False)

Function = TypeVar("Function", bound=Callable[..., Any])


def _together(function: Function, *options: Callable[[Function], Function]) -> Function:
    """The function with these options, in this order in its help."""
    for option in reversed(options):
        function = option(function)
    return function


def config_option(function: Function) -> Function:
    """``-c/--config``."""
    default, about = Path("config.toml"), "The configuration file."
    names = ("-c", "--config", "config_file")
    option = click.option(*names, type=FILE, default=default, show_default=True, callback=own, help=about)
    return option(function)


def own(context: click.Context, parameter: click.Parameter, path: Path) -> Path:
    """A default place in this folder, which no link may lead out of; one that was given may be anywhere.

    Raises:
        ConfigError: it does: what is there by default may have come with the folder, from anyone.
    """
    if not from_command_line(context, parameter.name or "") and leads_out(path, Path.cwd()):
        name = next((f"with {each}" for each in parameter.opts if each.startswith("-")), "on the command line")
        raise ConfigError(
            f"{path} leads out of this folder by a link (to {os.path.realpath(path)}): "
            f"if that is meant, name it {name}"
        )
    return path


def json_option(about: str) -> Callable[[Function], Function]:
    """``--json``, which prints for programs instead of for people."""
    return click.option("--json", "as_json", is_flag=True, help=about)


def folder_option(flag: str, name: str, default: str, about: str) -> Callable[[Function], Function]:
    """``-S/--source`` or ``-O/--destination``: a folder that a command reads from or writes to."""
    return click.option(flag, name, type=PATH, default=Path(default), show_default=True, callback=own, help=about)


def seed_option(about: str, default: int | None = 0) -> Callable[[Function], Function]:
    """``--seed``; ``default`` None: another one each time."""
    shown = default is not None
    return click.option("--seed", type=click.IntRange(min=0), default=default, show_default=shown, help=about)


def from_command_line(context: click.Context, name: str) -> bool:
    """Whether the parameter was given, and does not have its default."""
    return context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE


def mapped_by(context: click.Context, config_file: Path, dimension: int | None) -> Config | None:
    """The configuration whose mappings are meant; None if there is none, and the dimension does not take it.

    Raises:
        ConfigError: it was named, or is wanted for its dimension, and is not there; or it is not valid.
    """
    from impsy.config import load_config
    from impsy.perform.models import sized

    if dimension is None or from_command_line(context, "config_file") or config_file.exists():
        return sized(load_config(config_file)).config
    return None


def override_options(function: Function) -> Function:
    """Options that take precedence over the configuration, named as ``impsy.config.with_overrides`` takes them."""
    return _together(
        function,
        click.option("-d", "--dimension", type=int, help="1 (time) + the number of controls."),
        *(setting_option(row) for row in SETTINGS.values() if row.option),
        click.option("--verbose/--quiet", default=None, help="Print every event, or only warnings and errors."),
        click.option("--log-input/--no-log-input", default=None, help="Write the performer's events to the log."),
        click.option("--log-predictions/--no-log-predictions", default=None, help="Write the model's too."),
    )


def setting_option(row: Setting, *, default: Value | None = None) -> Callable[[Function], Function]:
    """The option of a live setting. Numbers are checked with the configuration, which says where one is wrong."""
    kind = {"number": float, "choice": click.Choice(row.choices), "flag": None}[row.kind]
    shown = default is not None
    return click.option(row.option, row.key, type=kind, default=default, show_default=shown, help=row.help)


def dataset_options(function: Function) -> Function:
    """The dataset to train with: DATASET, or ``-D`` and ``-S`` to find it, as :func:`find_dataset` takes them."""
    dimension = "Which dataset of the source folder; 1 + the number of controls."
    return _together(
        function,
        click.argument("dataset", type=PATH, required=False),
        click.option("-D", "--dimension", type=int, help=dimension),
        folder_option("-S", "--source", "datasets", "The folder that holds the datasets."),
    )


def find_dataset(given: Path | None, source: Path, dimension: int | None) -> Path:
    """The dataset that is meant: the one given, or that of ``dimension`` (or the only one) in ``source``.

    Raises:
        DataError: there is none, or more than one could be meant.
    """
    if given is not None:
        return given
    if not source.is_dir():
        raise DataError(f"there is no folder {source}: give a dataset, or make one with `impsy dataset`")
    around = source.resolve().parent
    if dimension is not None:
        path = source / f"training-dataset-{dimension}d.npz"
        if path.exists() and not leads_out(path, around):
            return path
    found = sorted(source.glob("*.npz" if dimension is None else f"*-{dimension}d*.npz"))
    found = [path for path in found if not leads_out(path, around)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise DataError(f"{source} holds no such dataset: make one with `impsy dataset`")
    names = "\n  ".join(path.name for path in found)
    raise DataError(f"{source} holds several datasets; say which, by name or with -D:\n  {names}")


def check_dimension(path: Path, dataset: Dataset, dimension: int | None) -> None:
    """Raises ConfigError if ``-D`` names another dimension than that of the dataset."""
    if dimension not in (None, dataset.dimension):
        raise ConfigError(
            f"{path} has dimension {dataset.dimension}, not {dimension} as -D says: leave out -D, or name another "
            "dataset"
        )
