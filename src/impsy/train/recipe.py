"""How a network is trained: every number that can be chosen, and what is chosen for a dataset."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from impsy.data.datasets import Dataset
from impsy.errors import ConfigError
from impsy.models.sizes import SIZES

__all__ = ["ARCHITECTURES", "Recipe", "recipe_for"]

ARCHITECTURES = ("residual", "plain")
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
    "playing": (0, math.inf),
}
"""Number of the recipe -> the least that it may be, and what it must stay below."""
SHORTEST_WINDOW = 25
"""Events that a network hears before it plays on its own in training."""

_STEPS_AN_EPOCH = 60
"""Fewest steps between two looks at the held-out windows."""
_KINDS: dict[str, type | tuple[type, ...]] = {
    "int": int,
    "int | None": (int, type(None)),
    "float": (int, float),
    "str": str,
}
"""What JSON may hold, by the type of the field."""


@dataclass(frozen=True)
class Recipe:
    """All that decides how training goes; with the dataset and the seed, all that decides what comes out.

    architecture: ``residual`` (see :class:`impsy.models.weights.Residual`) or ``plain``, the released network.
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
    playing: weight of the playing loss beside the likelihood; see :mod:`impsy.train.objective`.
    seed: of everything random.
    """

    architecture: str = "residual"
    size: str = "s"
    batch: int = 32
    window: int = 50
    epochs: int = 20
    steps: int = _STEPS_AN_EPOCH
    patience: int | None = 10
    learning_rate: float = 0.006
    warmup: int = 100
    clip: float = 1.0
    momentum: float = 0.98
    dropout: float = 0.0
    playing: float = 1.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every number; raises ConfigError that names the option."""
        if self.architecture not in ARCHITECTURES:
            raise ConfigError(f"--architecture is one of {', '.join(ARCHITECTURES)}, not {self.architecture!r}")
        if self.size not in SIZES:
            raise ConfigError(f"--modelsize is one of {', '.join(SIZES)}, not {self.size!r}")
        if self.patience is not None and self.patience < 1:
            raise ConfigError(f"--patience is a number of epochs, 1 or more, not {self.patience}")
        for name, (least, below) in _RANGES.items():
            if not (math.isfinite(value := getattr(self, name)) and least <= value < below):
                upto = f" and below {below:.10g}" if math.isfinite(below) else ""
                raise ConfigError(f"{name}{_OPTIONS.get(name, '')} must be {least:g} or more{upto}, not {value}")
        if self.playing and self.window < SHORTEST_WINDOW:
            raise ConfigError(
                f"the playing loss needs windows of {SHORTEST_WINDOW} events or more, not {self.window}"
            )

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
        """For the files that tell how a model was made."""
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
    dataset: Dataset, *, size: str = "s", architecture: str = "residual", batch: int | None = None
) -> Recipe:
    """The recipe for a dataset of this many events, whatever they are.

    - An epoch is one pass over the events (as many heard as there are), but at least 60 steps.
    - Little data for many parameters is learned by heart: with N events and P parameters, a share
      of 0.3 · sqrt(min(1, P / N)) of each layer's outputs is dropped, P counting the LSTM layers'. Size s (66,000)
      drops 0.3 on 12,000 events, 0.25 on 95,000, 0.08 on a million.
    - Wide networks get a lower learning rate, by the square root of their width beyond 64 units.
    - ``plain`` is the network as released trains it: Adam at 0.001, likelihood alone.
    """
    if size not in SIZES:
        raise ConfigError(f"--modelsize is one of {', '.join(SIZES)}, not {size!r}")
    chosen = Recipe(architecture=architecture, size=size)
    chosen = chosen.with_changes(batch=batch)
    steps = max(_STEPS_AN_EPOCH, round(len(dataset) / (chosen.batch * chosen.window)))
    if architecture == "plain":
        return chosen.with_changes(steps=steps, learning_rate=0.001, momentum=0.999, playing=0.0)
    units, layers = SIZES[size]
    parameters = layers * 8 * units * units
    return chosen.with_changes(
        steps=steps,
        dropout=round(0.3 * math.sqrt(min(1.0, parameters / max(1, len(dataset)))), 3),
        learning_rate=0.006 * math.sqrt(min(1.0, 64 / units)),
    )
