"""What learning while playing needs of a configuration."""

from __future__ import annotations

from pathlib import Path

from impsy.config import LoadedConfig
from impsy.perform.learning.process import places_of
from impsy.perform.learning.supervisor import LearningPlan

__all__ = ["learning_plan"]


def learning_plan(loaded: LoadedConfig, seed: int | None) -> LearningPlan | None:
    """How a model learns while playing; None where several play as one instrument."""
    config = loaded.config
    if config.voices:
        return None
    folder = loaded.folder or Path.cwd()
    dimension = config.model.dimension
    earlier = places_of(config.learning.take, folder, dimension, lambda take: loaded.resolve(take).found)
    return LearningPlan(
        dimension,
        earlier=tuple(place.resolve() for place in earlier),
        models=folder / "models",
        size=config.model.size or "s",
        notes=config.notes if any(config.notes) else (),
        seed=seed or 0,
    )
