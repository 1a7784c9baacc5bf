"""Whether a model answers: ``python -m bench.dialogue``, on a scripted clock, in seconds.

The simulated performer plays with the model in each mode; and, with ``--dataset``, recorded performances are played
to it in ``callresponse``. Figures are those of ``impsy evaluate``, of what is played through the engine.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field, fields
from importlib import resources
from itertools import pairwise
from pathlib import Path
from typing import Any

import click
import numpy as np
from numpy.random import default_rng
from numpy.typing import NDArray

from impsy.config.workspace import STARTER_MODEL
from impsy.data.datasets import read_dataset
from impsy.engine import Engine, Settings
from impsy.evaluation.answers import Exchange, answers_of
from impsy.evaluation.playing import moves_of, spread_of
from impsy.events import Interaction, Play, Predictor
from impsy.models.opening import open_model
from impsy.perform.simulated.phrasing import MovedControls, Phrasing, dialogue
from impsy.testing import Rehearsal

__all__ = ["Figures", "Played", "exchanges_of", "figures_of", "play_recording", "play_together"]

MODES = ("callresponse", "polyphony", "battle")
PHRASE_PAUSE = 1.0
"""Seconds of a performer's silence that end a phrase."""
ANSWER_EVENTS = 100
"""Of an answer to a recorded phrase, which may last for minutes, so many count for its overlap, and the performer's
own next phrase likewise."""
HEARD = 100
"""Events of a phrase, the last ones, that count for its overlap."""

Script = Iterable[tuple[float, tuple[float, ...]]]


@dataclass
class Played:
    """What both played: ``times`` in seconds, whether the ``model`` played it, and ``values``."""

    times: list[float] = field(default_factory=list)
    model: list[bool] = field(default_factory=list)
    values: list[tuple[float, ...]] = field(default_factory=list)

    def add(self, time: float, model: bool, values: tuple[float, ...]) -> None:
        """One event more."""
        self.times.append(time)
        self.model.append(model)
        self.values.append(values)


@dataclass(frozen=True)
class Figures:
    """answers: to phrases that the performer's silence ended. overlap: controls of phrase and answer (Jaccard);
    ``own_overlap``: of the performer's own phrases, each with the next. spread: share of the model's moves that the
    busiest three controls have; ``own_spread``: of the performer's. least: share of its moves that the model's least
    used control has. opening: controls that an answer's first event moves. wait: longest within an answer, seconds.
    silence: longest without anything moving, seconds.
    """

    performer: int
    model: int
    answers: int
    overlap: float
    own_overlap: float
    spread: float
    own_spread: float
    least: float
    opening: float
    wait: float
    silence: float


def play_together(predictor: Predictor, mode: str, seconds: float, seed: int, **values: Any) -> Played:
    """The simulated performer and the model, as ``impsy demo`` lets them play; ``values`` are settings by name."""
    moved = MovedControls()
    phrasing = Phrasing(default_rng(seed), predictor.dimension - 1)
    return _play(predictor, mode, dialogue(phrasing, moved), seconds, seed, moved, **{"threshold": 0.3, **values})


def play_recording(predictor: Predictor, events: NDArray[np.float32], seed: int) -> Played:
    """A recorded performance (N, D), answered."""
    script = ((float(event[0]), tuple(event[1:].tolist())) for event in events)
    return _play(predictor, "callresponse", script, float("inf"), seed, MovedControls(), threshold=0.1)


def _play(
    predictor: Predictor, mode: str, script: Script, seconds: float, seed: int, moved: MovedControls, **chosen: Any
) -> Played:
    predictor.reset()
    settings = Settings(predictor.dimension, mode, **chosen)
    rehearsal = Rehearsal(lambda now: Engine(settings, predictor, default_rng(seed), now))
    played, due = Played(), 0.0

    def keep() -> None:
        for time, command in rehearsal.of(Play):
            if isinstance(command, Play):
                played.add(time, True, command.values)
                moved.update(command.values)
        rehearsal.commands.clear()

    for wait, values in script:
        due += wait
        if due > seconds:
            break
        rehearsal.play_until(due)
        keep()
        if values:
            rehearsal.receive(Interaction(values, "performer"), due)
            keep()
            played.add(due, False, values)
    return played


def figures_of(mode: str, parts: Iterable[Played]) -> Figures:
    """Of performances in ``mode``, together."""
    answers: list[Exchange] = []
    following: list[Exchange] = []
    moves: dict[bool, list[NDArray[np.bool_]]] = {False: [], True: []}
    silence = wait = 0.0
    for played in parts:
        times, model = np.array(played.times), np.array(played.model)
        events = np.column_stack([np.diff(times, prepend=0.0), np.array(played.values)]).astype(np.float32)
        for answer, own in exchanges_of(mode, times, model, events):
            answers.append(answer)
            following.append(own)
        sounds = np.zeros(len(events), bool)
        for who in (False, True):
            theirs = np.flatnonzero(model == who)
            if len(theirs) > 1:
                own_moves = moves_of(events[theirs])
                moves[who].append(own_moves)
                sounds[theirs[1:]] = own_moves.any(axis=1)
        silence = max(silence, float(np.diff(times[sounds]).max(initial=0.0)))
        if mode == "battle":
            wait = max(wait, float(np.diff(times[model & sounds]).max(initial=0.0)))
    if mode == "callresponse":
        # What the answers move: the first event of each takes over what the performer moved.
        moves[True] = [moves_of(each.answer) for each in answers]
        wait = max(gap for each in answers for gap in each.silences)
    found, others = answers_of(answers), answers_of(following)
    assert found is not None
    assert others is not None
    together = np.concatenate(moves[True])
    counts = together.sum(axis=0)
    return Figures(
        performer=sum(map(len, moves[False])),
        model=len(together),
        answers=found.answers,
        overlap=found.overlap.value,
        own_overlap=others.overlap.value,
        spread=spread_of(together) or 0.0,
        own_spread=spread_of(np.concatenate(moves[False])) or 0.0,
        least=float(counts.min() / counts.sum()),
        opening=found.opening,
        wait=wait,
        silence=silence,
    )


def exchanges_of(
    mode: str, times: NDArray[np.float64], model: NDArray[np.bool_], events: NDArray[np.float32]
) -> Iterator[tuple[Exchange, Exchange]]:
    """Each phrase of the performer's with what the model played to it, and with the performer's own next phrase.

    In ``callresponse`` that is what it played between the two; else what it played from the phrase's first event to
    the next one's.
    """
    theirs = np.flatnonzero(~model)
    begins = theirs[np.flatnonzero(np.diff(times[theirs], prepend=-np.inf) >= PHRASE_PAUSE)]
    after_all = [*begins[1:].tolist(), len(times)]
    for number, (begin, end) in enumerate(pairwise(begins.tolist())):
        phrase = theirs[(theirs >= begin) & (theirs < end)]
        own = theirs[(theirs >= end) & (theirs < after_all[number + 1])][:ANSWER_EVENTS]
        answer = begin + np.flatnonzero(model[begin:end])
        before = phrase[-1]
        if mode == "callresponse":
            answer = answer[answer > phrase[-1]]
        elif begin > 0 and model[:begin].any():
            before = np.flatnonzero(model[:begin])[-1]
        if len(answer) and len(phrase) > 1 and moves_of(events[phrase]).any():
            moved = np.concatenate([events[before][None], events[answer]])
            sounding = times[answer][moves_of(moved).any(axis=1)]
            gaps = np.diff(np.append(sounding, times[end]))
            heard = events[phrase[-HEARD - 1 :]]
            following = np.concatenate([events[phrase[-1:]], events[own]])
            yield (
                Exchange(heard, moved[: ANSWER_EVENTS + 1], tuple(gaps.tolist())),
                Exchange(heard, following, tuple(following[2:, 0].tolist())),
            )


def picture(path: Path, mode: str, played: Played, title: str) -> None:
    """Both players' controls over time, a row of curves for every two minutes.

    An answer in ``callresponse`` goes on from what the performer holds; in other modes each has controls of its own.
    """
    from PIL import Image, ImageDraw

    seconds, scale, height = 120.0, 16, 26
    values = np.array(played.values)
    controls = values.shape[1]
    rows = int(np.ceil(played.times[-1] / seconds))
    band = controls * height + 24
    image = Image.new("RGB", (int(seconds * scale) + 40, rows * band + 20), "white")
    draw = ImageDraw.Draw(image)
    draw.text((10, 4), title, "black")
    shared = mode == "callresponse"
    held: dict[bool, NDArray[np.float64]] = {}
    for time, model, now in zip(played.times, played.model, played.values, strict=True):
        places = np.floor(np.array(now) * 127 + 0.5)
        row, x = int(time // seconds), 30 + time % seconds * scale
        before = held.get(model and not shared, places)
        for control in np.flatnonzero(places != before).tolist():
            bottom = 20 + row * band + (control + 1) * height - 2
            old, new = (bottom - each[control] / 127 * (height - 6) for each in (before, places))
            draw.line((x, old, x + 1, new), (200, 60, 20) if model else (20, 60, 200), 2)
        held[model and not shared] = places
    image.save(path)


@click.command()
@click.option("--model", type=click.Path(path_type=Path, exists=True), help="[default: that of new workspaces]")
@click.option("--dataset", type=click.Path(path_type=Path, exists=True), help="Recorded playing to answer.")
@click.option("--minutes", type=click.FloatRange(min=0.2), default=10.0, show_default=True, help="In each mode.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True)
@click.option("--json", "json_path", type=click.Path(path_type=Path), help="Write the figures here too.")
@click.option("--pictures", type=click.Path(path_type=Path, file_okay=False), help="Draw what was played, in here.")
def main(
    model: Path | None,
    dataset: Path | None,
    minutes: float,
    seed: int,
    json_path: Path | None,
    pictures: Path | None,
) -> None:
    """Play, and print what it was like."""
    path = model or Path(str(resources.files("impsy.config") / "templates" / STARTER_MODEL))
    predictor = open_model(path).predictor
    found: dict[str, Figures] = {}
    for mode in MODES:
        played = play_together(predictor, mode, minutes * 60.0, seed)
        found[mode] = figures_of(mode, [played])
        if pictures is not None:
            pictures.mkdir(parents=True, exist_ok=True)
            picture(pictures / f"{mode}.png", mode, played, f"{path.stem}, {mode}: blue performer, red model")
    if dataset is not None:
        performances = [each for each in read_dataset(dataset).performances if len(each) > 1]
        found["recordings"] = figures_of(
            "callresponse", [play_recording(predictor, each, seed) for each in performances]
        )
    names = [each.name for each in fields(Figures)]
    print(f"{path}")
    print(f"{'':12}" + "".join(f"{name:>13}" for name in found))
    for name in names:
        print(f"{name:12}" + "".join(f"{getattr(figures, name):13.3g}" for figures in found.values()))
    if json_path is not None:
        json_path.write_text(json.dumps({name: asdict(figures) for name, figures in found.items()}, indent=1) + "\n")


if __name__ == "__main__":
    main()
