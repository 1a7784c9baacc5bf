"""The search space: the numbers of a recipe that a search chooses, and their limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from impsy.data.datasets import Dataset
from impsy.errors import ConfigError
from impsy.training.recipe import Recipe, recipe_for

__all__ = ["Choice", "Range", "Space", "defaults_for", "recipe_from", "space_for"]


@dataclass(frozen=True)
class Choice:
    """One of these."""

    options: tuple[Any, ...]

    def including(self, values: Sequence[Any]) -> Choice:
        """The same, and ``values``."""
        return Choice(tuple(sorted({*self.options, *values})))

    def suggest(self, trial: Any, name: str) -> Any:
        """What Optuna's ``trial`` takes."""
        return trial.suggest_categorical(name, list(self.options))


@dataclass(frozen=True)
class Range:
    """A number from ``low`` to ``high``; ``log``: equally likely in each octave."""

    low: float
    high: float
    log: bool

    def including(self, values: Sequence[float]) -> Range:
        """The same, wide enough for ``values``."""
        return Range(min(self.low, *values), max(self.high, *values), self.log)

    def suggest(self, trial: Any, name: str) -> Any:
        """What Optuna's ``trial`` takes."""
        return trial.suggest_float(name, self.low, self.high, log=self.log)


TABLE: dict[str, Choice | Range] = {
    "learning_rate": Range(0.0005, 0.02, log=True),
    "batch": Choice((16, 32, 64, 128)),
    "window": Choice((25, 50, 100, 200)),
    "dropout": Range(0.0, 0.6, log=False),
    "momentum": Choice((0.95, 0.98, 0.99, 0.999)),
    "clip": Range(0.1, 10.0, log=True),
}
"""Field of the recipe -> what is looked at, beside the size."""


@dataclass(frozen=True)
class Space:
    """Every parameter of a search, by its name in the recipe."""

    parts: Mapping[str, Choice | Range]

    def suggest(self, trial: Any) -> None:
        """Let Optuna choose all of them for ``trial``."""
        for name, part in self.parts.items():
            part.suggest(trial, name)

    def to_json(self) -> dict[str, Any]:
        """For the study: every worker searches the same space, whatever its version's table says."""
        return {name: asdict(part) for name, part in self.parts.items()}

    @classmethod
    def from_json(cls, content: Any) -> Space:
        """The inverse; raises ConfigError if it is something else."""
        try:
            parts = {
                name: Choice(tuple(part["options"])) if "options" in part else Range(**part)
                for name, part in content.items()
            }
        except (AttributeError, KeyError, TypeError) as error:
            raise ConfigError("another version of IMPSY started this search; start one of another name") from error
        return cls(parts)


def defaults_for(dataset: Dataset, size: str, space: Space | None = None) -> dict[str, Any]:
    """The parameters of the recipe that ``impsy train`` would take."""
    recipe = recipe_for(dataset, size=size)
    return {name: getattr(recipe, name) for name in (TABLE if space is None else space.parts)}


def space_for(dataset: Dataset, sizes: Sequence[str], keep: Sequence[str] = ()) -> Space:
    """The space for ``dataset``: :data:`TABLE` but for ``keep``, and what the default recipes of all ``sizes`` take.

    Windows longer than any performance are left out. Raises ConfigError if a size or a name is none.
    """
    for name in keep:
        if name not in TABLE:
            raise ConfigError(f"--keep is one of {', '.join(TABLE)}, not {name!r}")
    known = [defaults_for(dataset, size) for size in sizes]
    longest = int(dataset.lengths.max(initial=0))
    parts: dict[str, Choice | Range] = {"size": Choice(tuple(dict.fromkeys(sizes)))}
    for name, part in TABLE.items():
        if name in keep:
            continue
        if name == "window" and isinstance(part, Choice):
            part = Choice(tuple(option for option in part.options if option < longest))  # noqa: PLW2901
        parts[name] = part.including([defaults[name] for defaults in known])
    return Space(parts)


def recipe_from(dataset: Dataset, params: Mapping[str, Any], **changes: Any) -> Recipe:
    """The recipe for ``dataset`` with these parameters; an epoch has as many events as one of :func:`recipe_for`."""
    usual = recipe_for(dataset, size=params["size"])
    recipe = usual.with_changes(**{**params, **changes})
    heard = usual.steps * usual.batch * usual.window
    return recipe.with_changes(steps=max(1, round(heard / (recipe.batch * recipe.window))))
