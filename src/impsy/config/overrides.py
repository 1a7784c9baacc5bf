"""Options of a command, which take precedence over the configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path as FilePath
from typing import Any

from pydantic import ValidationError

from impsy.config.checks import errors_across
from impsy.config.positions import Path
from impsy.config.problems import InvalidConfigError, Problem
from impsy.config.schema import Config
from impsy.config.translate import problems_of
from impsy.settings import SETTINGS, Value

__all__ = ["with_overrides"]

_FLAGS: dict[str, tuple[Path, str]] = {
    "dimension": (("model", "dimension"), "--dimension"),
    "model_file": (("model", "file"), "MODEL"),
    **{row.key: ((row.section, row.key), row.flag) for row in SETTINGS.values() if row.option},
    "verbose": (("verbose",), "--verbose"),
    "log_input": (("log_input",), "--log-input"),
    "log_predictions": (("log_predictions",), "--log-predictions"),
}
"""For each option: the key it stands above, and its name on the command line."""


def with_overrides(config: Config, *, model_file: str | FilePath | None = None, **options: Value | None) -> Config:
    """The config with these options in place of its own; None leaves what the config says.

    ``options`` are ``dimension``, the keys of the live settings that have an option, ``verbose``, ``log_input`` and
    ``log_predictions``. A relative ``model_file`` is taken from the working directory, as commands do.

    Raises:
        InvalidConfigError: naming every option whose value does not fit, and mappings that a new
            dimension no longer fits.
    """
    options["model_file"] = None if model_file is None else str(FilePath(model_file).absolute())
    given = {name: value for name, value in options.items() if value is not None}
    if not given:
        return config
    sections: dict[str, Any] = dict(config)
    for name, value in given.items():
        (*section, key), _ = _FLAGS[name]
        if section:
            sections[str(section[0])] = {**dict(sections[str(section[0])]), str(key): value}
        else:
            sections[str(key)] = value
    try:
        changed = Config.model_validate(sections)
    except ValidationError as error:
        raise InvalidConfigError(_named(problems_of(error, Config), given)) from error
    problems = list(_named(errors_across(changed.model_dump()), given))
    if problems:
        raise InvalidConfigError(problems)
    return changed


def _named(findings: Iterable[tuple[Path, Problem]], given: dict[str, Any]) -> Iterator[Problem]:
    """The problems under the names that the command line uses."""
    flags = {_FLAGS[name][0]: _FLAGS[name][1] for name in given}
    for path, problem in findings:
        flag = flags.get(path)
        if flag is not None:
            yield replace(problem, key=flag, file="command line")
        else:  # the config by itself is valid: only another dimension can put it out of order
            text = f"--dimension {given.get('dimension')} does not fit: {problem.text}"
            yield replace(problem, text=text, file="command line")
