"""What is wrong with a config, and the errors that carry it.

A :class:`Problem` is one remark about one place in the file. An error carries all of them, so that a config can be
corrected in one go.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from impsy.errors import ConfigError, ConfigSyntaxError

__all__ = ["InvalidConfigError", "InvalidTomlError", "Problem"]


@dataclass(frozen=True, slots=True)
class Problem:
    """One remark: what was found, what is wanted, where.

    ``key`` is the key path (``midi.input."X-TOUCH"[3]``, positions from 0), ``line`` counts from 1 and is
    None where it is unknown, ``hint`` says what was likely meant or what to do, or is empty.
    """

    level: Literal["error", "warning", "info"]
    key: str
    text: str
    hint: str = ""
    file: str = ""
    line: int | None = None

    def __str__(self) -> str:
        """The whole remark: ``config.toml, line 12: model.dimension: found …; wanted …. Did you mean …?``."""
        return (
            f"{self.file}, {self.short()}" if self.file and self.line else f"{self.file or 'config'}: {self.short()}"
        )

    def short(self) -> str:
        """The remark without its file, for lists under a heading that names it."""
        parts = [f"line {self.line}" if self.line else "", self.key, self.text]
        return ": ".join(part for part in parts if part) + (f". {self.hint}" if self.hint else "")


class InvalidConfigError(ConfigError):
    """The config is TOML but asks for the impossible; ``problems`` names every error, in file order.

    Keys that look misspelt are among them as warnings: they often explain an error.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(_message(self.problems))


class InvalidTomlError(ConfigSyntaxError):
    """The config is not TOML. ``line`` and ``column`` count from 1 and are None where they are unknown."""

    def __init__(self, problem: Problem, column: int | None = None) -> None:
        self.problems = (problem,)
        self.line = problem.line
        self.column = column
        super().__init__(str(problem))


def _message(problems: tuple[Problem, ...]) -> str:
    """One problem: a line. More: a heading and a line each."""
    if len(problems) == 1:
        return str(problems[0])
    errors = sum(problem.level == "error" for problem in problems)
    heading = f"{problems[0].file or 'The config'} has {errors} error{'s' * (errors != 1)}:"
    marks = {"error": "", "warning": "(warning) ", "info": "(note) "}
    return "\n".join([heading, *(f"  {marks[problem.level]}{problem.short()}" for problem in problems)])
