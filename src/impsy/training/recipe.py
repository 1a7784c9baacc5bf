"""How a network is trained: every number that can be chosen, and what is chosen for a dataset."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from impsy.data.datasets import Dataset
from impsy.errors import ConfigError, refusal
from impsy.files import read_regular, written_whole
from impsy.models.sizes import SIZES

__all__ = ["ARCHITECTURES", "Recipe", "load_recipe", "recipe_for", "write_recipe"]

ARCHITECTURES = ("gestures", "plain")
"""What can be trained from the start. A dataset of notes makes landings of gestures."""
CONTINUED = (*ARCHITECTURES, "residual", "landings")
"""What training can continue."""
HEADS = ("", "sets", "continuing", "landings")
_OPTIONS = {"batch": " (-B)", "epochs": " (-N)", "seed": " (--seed)"}
_RANGES = {
    "batch": (1, math.inf),
    "window": (2, math.inf),
    "epochs": (1, math.inf),
    "steps": (1, math.inf),
    "warmup": (0, math.inf),
    "seed": (0, 2**32),
    "learning_rate": (1e-9, 1),
    "clip": (1e-6, math.inf),
    "momentum": (0, 1),
    "dropout": (0, 1),
    "permuted": (0, 1.01),
    "mirrored": (0, 1.01),
}
"""Number of the recipe -> the least that it may be, and what it must stay below."""
EPOCHS = 8
FEWEST_STEPS, MOST_STEPS = 1000, 2000
EVENTS_A_STEP = 100
"""The schedule has a step for so many events of the dataset, within these bounds."""
DROPOUT = 0.3
FULL_DROPOUT = 100_000
"""Up to so many events, all of the dropout is applied; beyond, it falls with the square root."""
_KINDS: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "int | None": (int, type(None)),
    "float": (int, float),
    "str": str,
}
"""What JSON may hold, by the type of the field."""
_FILE_FORMAT = 1
_ANOTHER_FILE = "give a file that `impsy search` wrote, or the .json beside a trained model"
_LARGEST_FILE = 16_000_000
"""Bytes of the largest file that is read; a model's description, with the curve of a long training, has far less."""


@dataclass(frozen=True)
class Recipe:
    """All that decides how training goes; with the dataset and the seed, all that decides what comes out.

    architecture: ``gestures`` (see :class:`impsy.models.architectures.Gestures`) or ``plain``, the released network;
        ``residual`` and ``landings`` only to go on from such a model.
    head: which components a network of gestures has (:data:`impsy.training.gestures.HEADS`, or ``landings`` for
        notes); empty: what the data shows.
    size: a name in :data:`impsy.models.sizes.SIZES`.
    batch, window: windows in a step, and events that the network hears in each.
    epochs, steps: looks at the held-out windows, and steps before each.
    patience: epochs without a better held-out loss after which training stops; None goes on to the end.
    learning_rate: the highest; it rises for ``warmup`` steps and falls along a cosine to 1/100 (Loshchilov & Hutter,
        "SGDR", 2017).
    clip: the longest gradient (Pascanu, Mikolov & Bengio 2013).
    momentum: Adam's second decay rate, beta_2 (Kingma & Ba 2015).
    dropout: share of each LSTM layer's outputs that are left out, the same ones throughout a window (Gal &
        Ghahramani 2016).
    permuted, mirrored: share of the windows in which controls that are alike change places, and of the controls of a
        window whose values count from their other end; only where controls move one at a time.
    seed: of everything random.
    """

    architecture: str = "gestures"
    head: str = ""
    size: str = "s"
    batch: int = 32
    window: int = 50
    epochs: int = EPOCHS
    steps: int = FEWEST_STEPS // EPOCHS
    patience: int | None = 10
    learning_rate: float = 0.006
    warmup: int = 100
    clip: float = 1.0
    momentum: float = 0.98
    dropout: float = 0.0
    permuted: float = 0.0
    mirrored: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every number; raises ConfigError that names the option."""
        if self.architecture not in CONTINUED:
            raise ConfigError(f"--architecture is one of {', '.join(ARCHITECTURES)}, not {self.architecture!r}")
        if self.size not in SIZES:
            raise ConfigError(f"--modelsize is one of {', '.join(SIZES)}, not {self.size!r}")
        if self.patience is not None and self.patience < 1:
            raise ConfigError(f"--patience is a number of epochs, 1 or more, not {self.patience}")
        for name, (least, below) in _RANGES.items():
            if not least <= (value := getattr(self, name)) < below:
                upto = f" and below {below:.10g}" if math.isfinite(below) else ""
                raise ConfigError(f"{name}{_OPTIONS.get(name, '')} must be {least:g} or more{upto}, not {value}")
        if self.head not in HEADS:
            raise ConfigError(f"the head of a recipe is one of {', '.join(HEADS[1:])}, or empty; not {self.head!r}")

    @property
    def total_steps(self) -> int:
        """Steps of the whole schedule."""
        return self.epochs * self.steps

    def rate(self, step: float, total: float | None = None) -> float:
        """The learning rate at ``step`` of ``total`` (default: all that are planned)."""
        total = float(self.total_steps if total is None else total)
        rise = min(1.0, (step + 1) / self.warmup) if self.warmup else 1.0
        cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / max(1.0, total))))
        return self.learning_rate * rise * (0.01 + 0.99 * cosine)

    def with_changes(self, **changes: Any) -> Recipe:
        """The same but for ``changes``; None changes nothing."""
        return replace(self, **{name: value for name, value in changes.items() if value is not None})

    def to_json(self) -> dict[str, Any]:
        """For the files that describe a model."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: Any) -> Recipe:
        """The inverse of :meth:`to_json`; raises ConfigError if it is something else."""
        kinds = {field.name: str(field.type) for field in fields(cls)}
        if not isinstance(content, dict) or not set(content) <= set(kinds):
            raise ConfigError("this is no recipe of a training by this version of IMPSY")
        for name, value in content.items():
            if not isinstance(value, _KINDS[kinds[name]]) or isinstance(value, bool):
                raise ConfigError(
                    f"this is no recipe of a training: {name} is {value!r}, where {kinds[name]} is needed"
                )
        return cls(**content)


def recipe_for(
    dataset: Dataset, *, size: str = "s", architecture: str = "gestures", batch: int | None = None
) -> Recipe:
    """The recipe for a dataset of this many events, whatever they are.

    - The schedule has one step for 100 events, but 1,000 to 2,000, in eight parts with a look at the held-out windows
      after each.
    - A share of 0.3 of each layer's outputs is dropped up to 100,000 events, less beyond: with N events
      0.3 · sqrt(100,000 / N).
    - Wide networks get a lower learning rate, by the square root of their width beyond 64 units.
    - ``plain`` is the network as released trains it: Adam at 0.001, without dropout.
    """
    if size not in SIZES:
        raise ConfigError(f"--modelsize is one of {', '.join(SIZES)}, not {size!r}")
    events = max(1, len(dataset))
    steps = min(max(events / EVENTS_A_STEP, FEWEST_STEPS), MOST_STEPS)
    chosen = Recipe(architecture=architecture, size=size, steps=round(steps / EPOCHS)).with_changes(batch=batch)
    if architecture == "plain":
        return chosen.with_changes(learning_rate=0.001, momentum=0.999)
    units, _ = SIZES[size]
    return chosen.with_changes(
        dropout=round(DROPOUT * math.sqrt(min(1.0, FULL_DROPOUT / events)), 3),
        permuted=0.5,
        mirrored=0.5,
        learning_rate=0.006 * math.sqrt(min(1.0, 64 / units)),
    )


def load_recipe(path: Path) -> Recipe:
    """The recipe in a file of ``impsy search``, or in the ``.json`` beside a model.

    Raises:
        ConfigError: it cannot be read, or holds no recipe of this version.
    """
    try:
        content = json.loads(read_regular(path, _LARGEST_FILE))
    except OSError as error:
        raise ConfigError(f"{path}: the recipe cannot be read {refusal(error, _ANOTHER_FILE)}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{path} is not JSON, as recipes are ({error}): {_ANOTHER_FILE}") from error
    try:
        return Recipe.from_json(content.get("recipe") if isinstance(content, dict) else None)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}. Correct it there, or {_ANOTHER_FILE}") from error


def write_recipe(path: Path, recipe: Recipe, found: Mapping[str, Any]) -> None:
    """Write a recipe, whole or not at all, with how it was ``found``; raises DeviceError if the disk refuses."""
    content = {"format": _FILE_FORMAT, "recipe": recipe.to_json(), **found}
    with written_whole(path) as file:
        file.write((json.dumps(content, indent=1, allow_nan=False) + "\n").encode())
