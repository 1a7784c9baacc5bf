"""What the presets do: ``python -m bench.presets``, on a scripted clock.

The simulated performer plays with a model in ``callresponse``, the same phrases with each preset. Figures are those
of ``impsy evaluate``, of the answers as they are played; distances are from the performer's own phrases.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from importlib import resources
from itertools import product
from pathlib import Path

import click
import numpy as np

from bench.dialogue import exchanges_of, play_together
from impsy.config.workspace import STARTER_MODEL
from impsy.evaluation.answers import Exchange, answers_of
from impsy.evaluation.playing import distances, features_of_many, moves_of
from impsy.events import Predictor
from impsy.models.opening import open_model
from impsy.presets import PRESETS

__all__ = ["Figures", "figures_with"]

MODE = "callresponse"
VARIATIONS = (0.003, 0.01, 0.015, 0.02, 0.03, 0.1, 0.5)
SURPRISES = (0.3, 0.5, 1.0, 1.5, 2.0, 3.0)
GRIDDED = (0.0, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Figures:
    """Means over runs, ``*_sd`` the spread between them.

    rate: events a second within answers. repeats: share of their events that move no control. several: share that
    move more than one. step: of moving controls, units of 1/127. dt, steps, moving: distances from the performer's
    phrases (:class:`impsy.evaluation.playing.Distances`). overlap: of an answer's controls with the phrase's.
    """

    answers: float
    rate: float
    rate_sd: float
    repeats: float
    repeats_sd: float
    several: float
    step: float
    dt: float
    dt_sd: float
    steps: float
    steps_sd: float
    moving: float
    overlap: float


def figures_with(
    predictor: Predictor, values: Mapping[str, float | str], seconds: float, runs: int, seed: int
) -> Figures:
    """Of ``runs`` performances of ``seconds`` with these settings, by the seeds from ``seed`` on."""
    return _mean([_figures(predictor, values, seconds, seed + run) for run in range(runs)])


def _mean(runs: list[dict[str, float]]) -> Figures:
    found = {name: float(np.mean([run[name] for run in runs])) for name in runs[0]}
    spread = {f"{name}_sd": float(np.std([run[name] for run in runs])) for name in runs[0]}
    named = found | {each.name: spread[each.name] for each in fields(Figures) if each.name.endswith("_sd")}
    return Figures(**named)


def _figures(predictor: Predictor, values: Mapping[str, float | str], seconds: float, seed: int) -> dict[str, float]:
    exchanges = _exchanges(predictor, values, seconds, seed)
    found = answers_of(exchanges)
    assert found is not None
    answers = [each.answer for each in exchanges]
    phrases = [each.phrase for each in exchanges]
    moving = np.concatenate([moves_of(each).sum(axis=1) for each in answers])
    played = features_of_many(answers)
    away = distances(played, features_of_many(phrases))
    # The first event of an answer comes when the performer's silence is over.
    waits = np.concatenate([each[2:, 0] for each in answers])
    steps = played.steps.sum(axis=0)
    return {
        "answers": float(found.answers),
        "rate": float(len(waits) / waits.sum()),
        "repeats": float((moving == 0).mean()),
        "several": float((moving > 1).mean()),
        "step": float(np.average(np.arange(len(steps)), weights=steps)),
        "dt": away.dt.value,
        "steps": away.step.value,
        "moving": away.moving.value,
        "overlap": found.overlap.value,
    }


def _exchanges(predictor: Predictor, values: Mapping[str, float | str], seconds: float, seed: int) -> list[Exchange]:
    played = play_together(predictor, MODE, seconds, seed, **values)
    times = np.array(played.times)
    events = np.column_stack([np.diff(times, prepend=0.0), np.array(played.values)]).astype(np.float32)
    return [answer for answer, _ in exchanges_of(MODE, times, np.array(played.model), events)]


def _wanted(grid: bool) -> Iterator[tuple[str, dict[str, float | str]]]:
    if not grid:
        for preset in PRESETS.values():
            yield preset.name, dict(preset.values)
        return
    for variation, surprise in product(VARIATIONS, SURPRISES):
        yield f"{variation:g} {surprise:g}", {"sigma_temperature": variation, "pi_temperature": surprise}
    for quantise in GRIDDED:
        yield f"q {quantise:g}", {"quantise": quantise, "clock_source": "internal"}


@click.command()
@click.option("--model", type=click.Path(path_type=Path, exists=True), help="[default: that of new workspaces]")
@click.option("--minutes", type=click.FloatRange(min=0.2), default=3.0, show_default=True, help="Of each run.")
@click.option("--runs", type=click.IntRange(min=1), default=3, show_default=True, help="With each preset.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--grid", is_flag=True, help="Variation and surprise in many steps instead, and quantise.")
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures here too.")
def main(model: Path | None, minutes: float, runs: int, seed: int, grid: bool, json_path: Path | None) -> None:
    """Play with each preset, and print what it was like."""
    path = model or Path(str(resources.files("impsy.config") / "templates" / STARTER_MODEL))
    predictor = open_model(path).predictor
    names = [each.name for each in fields(Figures)]
    print(f"{path.name}\n{'':12}" + "".join(f"{name:>11}" for name in names))
    found: dict[str, Figures] = {}
    for label, values in _wanted(grid):
        found[label] = figures_with(predictor, values, minutes * 60.0, runs, seed)
        print(f"{label:12}" + "".join(f"{getattr(found[label], name):11.3g}" for name in names), flush=True)
    if json_path is not None:
        json_path.write_text(json.dumps({name: asdict(each) for name, each in found.items()}, indent=1) + "\n")


if __name__ == "__main__":
    main()
