"""The whole evaluation: models and baselines, on the same held-out playing."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from impsy.data.datasets import Dataset
from impsy.data.grid import detect_grids
from impsy.data.windows import WINDOW, Split, split_performances, split_windows
from impsy.errors import ConfigError
from impsy.evaluation.answers import PAUSE, Phrases, answers_of, find_phrases
from impsy.evaluation.calibration import calibration
from impsy.evaluation.contestants import Contestant, RandomWalk, RepeatLast, contestant_for
from impsy.evaluation.generation import generate, stretches
from impsy.evaluation.likelihood import Tick, evenly, score_performances, score_windows
from impsy.evaluation.playing import Features, Gestures, features, features_of_many, gestures, summarise
from impsy.evaluation.report.data import DataFacts, Excerpt, ModelFacts, Report, Result
from impsy.evaluation.report.verdict import Heard, Rival, telling, verdict
from impsy.evaluation.twosample import Likeness
from impsy.models.calibration import PLAYED, Temperatures
from impsy.models.opening import OpenedModel, open_model
from impsy.version import __version__

__all__ = ["QUICK", "Effort", "Progress", "evaluate"]

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how many events are done, and how many there are in all."""

MOST_WINDOWS = 20_000
FEWER_WINDOWS = 1000
"""With ``quick``, or where a model can only play one stream at a time."""
MOST_NUMBERS = 400_000_000
"""Predicted in all windows by one model: what takes about half a minute."""


@dataclass(frozen=True)
class Effort:
    """How much is generated: streams, and events of each, on its own and in answer to ``heard`` events.

    ``places`` at which playing is compared with the players'; ``phrases`` that are answered with ``longest_answer``
    events at most.
    """

    streams: int = 64
    free: int = 400
    heard: int = 50
    answer: int = 200
    places: int = 96
    phrases: int = 96
    longest_answer: int = 100


QUICK = Effort(streams=16, free=100, answer=100, places=48, phrases=32)


@dataclass(frozen=True, eq=False)
class _Material:
    """What all contestants are measured on: the data, and held-out playing to compare theirs with."""

    events: NDArray[np.float32]
    split: Split
    windows: NDArray[np.int64]
    grid: NDArray[np.float64]
    seed: int
    effort: Effort
    contexts: NDArray[np.float32]
    free: Features
    answering: Features
    gestures: Gestures
    example: int
    two_sample: Likeness
    two_sample_anywhere: Likeness
    phrases: Phrases | None


def evaluate(
    dataset: Dataset,
    models: Sequence[str | os.PathLike[str] | OpenedModel],
    *,
    name: str = "",
    split: Literal["windows", "performances"] = "windows",
    fraction: float = 0.1,
    seed: int = 0,
    quick: bool = False,
    sigma_temperature: float = PLAYED.sigma,
    pi_temperature: float = PLAYED.pi,
    progress: Progress | None = None,
) -> Report:
    """Evaluate model files and the baselines on the held-out part of ``dataset``.

    ``split`` and ``fraction`` say what is held out (:mod:`impsy.data.windows`); ``seed`` is that of all that is
    random here, alike for every contestant. ``quick`` takes at most 1,000 windows and generates less.
    Models play at the temperatures given; their densities are measured at those at which they hold
    (:attr:`impsy.models.opening.OpenedModel.calibrated`).

    Raises:
        ModelError: a file cannot be opened, or what it computes is not numbers.
        ConfigError: a model has another dimension than the dataset.
        DataError: the dataset is too small to hold anything out.
    """
    began = time.perf_counter()
    playing = Temperatures(sigma_temperature, pi_temperature)
    opened = [each if isinstance(each, OpenedModel) else open_model(each) for each in models]
    for model in opened:
        if model.dimension != dataset.dimension:
            raise ConfigError(
                f"{model.path}: the model has dimension {model.dimension}, but the dataset has {dataset.dimension}; "
                "evaluate a model on a dataset of the instrument that it was trained for"
            )
    parts = split_windows(dataset, fraction) if split == "windows" else split_performances(dataset, fraction, seed)
    windows, why_fewer = _windows(parts.held_out, opened, quick)
    material = _material(dataset, parts, windows, seed, quick)
    contestants = _contestants(dataset, parts, opened, playing)
    report_to = _Work(progress, sum(_events(contestant, material) for _, contestant in contestants))
    results, excerpts = [], [_players_excerpt(material)]
    for result, contestant in contestants:
        found, excerpt = _examine(result, contestant, material, report_to.stage(result.name))
        results.append(found)
        excerpts.append(excerpt)
    training, players = _training(material), _players(material)
    held_out = parts.held_out_performances
    return Report(
        version=__version__,
        data=DataFacts(
            name=name,
            dimension=dataset.dimension,
            performances=len(dataset.lengths),
            events=len(dataset),
            minutes=float(dataset.events[:, 0].sum(dtype=np.float64)) / 60.0,
            grid=tuple(material.grid.tolist()),
            split=split,
            fraction=fraction,
            seed=seed,
            training_events=sum(each.stop - each.start for each in parts.train),
            held_out_events=sum(each.stop - each.start for each in held_out),
            held_out_performances=len(held_out),
            held_out_windows=len(parts.held_out),
            windows=len(windows),
            why_fewer=why_fewer,
            heard_before_answer=material.effort.heard,
            sigma_temperature=playing.sigma,
            pi_temperature=playing.pi,
            phrases=len(material.phrases.own) if material.phrases is not None else 0,
            left_out=_left_out(material, players),
        ),
        players=players,
        results=(*(_with_verdict(each, players, results) for each in results), *([training] if training else [])),
        seconds=time.perf_counter() - began,
        excerpts=tuple(excerpts),
    )


def _windows(
    held_out: NDArray[np.int64], opened: Sequence[OpenedModel], quick: bool
) -> tuple[NDArray[np.int64], str]:
    """The windows that are used, the same for all, and why not all are."""
    slow = [str(model.path) for model in opened if model.weights is None]
    largest = max(opened, key=_numbers, default=None)
    bearable = MOST_NUMBERS // (WINDOW * _numbers(largest)) if largest is not None else MOST_WINDOWS
    reasons = [
        (FEWER_WINDOWS, "quick", quick),
        (FEWER_WINDOWS, f"{', '.join(slow)} runs as it is, one stream at a time", bool(slow)),
        (
            max(bearable, FEWER_WINDOWS),
            f"{largest.path.name} has {largest.mixtures} components" if largest is not None else "",
            bearable < MOST_WINDOWS,
        ),
        (MOST_WINDOWS, "there are very many", True),
    ]
    for most, reason, applies in reasons:
        if applies and len(held_out) > most:
            return evenly(held_out, most), reason
    return held_out, ""


def _numbers(model: OpenedModel) -> int:
    """Of one prediction."""
    return model.mixtures * (2 * model.dimension + 1)


def _material(dataset: Dataset, split: Split, windows: NDArray[np.int64], seed: int, quick: bool) -> _Material:
    events, parts = dataset.events, split.held_out_performances
    longest = max(each.stop - each.start for each in parts)
    effort = QUICK if quick else Effort()
    if longest < effort.heard + effort.answer:
        # The longest stretch is a window at least: a fifth of it is heard, the rest answered.
        effort = replace(effort, heard=longest // 5, answer=longest - longest // 5)
    effort = replace(effort, free=min(effort.free, longest - 1))
    alone = _cut(events, stretches(parts, effort.free + 1, effort.streams), effort.free + 1)
    whole = features_of_many([events[each] for each in parts])
    answers = _cut(
        events, stretches(parts, effort.heard + effort.answer, effort.streams), effort.heard + effort.answer
    )
    ends = np.cumsum(dataset.lengths, dtype=np.int64).tolist()
    whole_parts = [slice(end - length, end) for end, length in zip(ends, dataset.lengths.tolist(), strict=True)]
    durations = answers[:, :, 0].sum(axis=1)
    return _Material(
        events=events,
        split=split,
        windows=windows,
        grid=detect_grids(events),
        seed=seed,
        effort=effort,
        contexts=answers[:, : effort.heard],
        free=replace(whole, pinned=features(alone).pinned),
        answering=features(answers[:, effort.heard - 1 :]),
        gestures=gestures(answers[:, effort.heard - 1 :]),
        two_sample=Likeness(events, parts, effort.places, effort.heard, effort.answer, seed),
        two_sample_anywhere=Likeness(events, whole_parts, effort.places, effort.heard, effort.answer, seed),
        # Pauses are rare, and what is compared is manner, not foresight: phrases are taken from all performances.
        phrases=find_phrases(events, whole_parts, effort.heard, effort.longest_answer, effort.phrases),
        # One that is neither hurried nor full of pauses.
        example=int(np.argsort(durations, kind="stable")[len(durations) // 2]),
    )


def _contestants(
    dataset: Dataset, split: Split, opened: Sequence[OpenedModel], playing: Temperatures
) -> list[tuple[Result, Contestant]]:
    """Models, then baselines, each with the beginning of its result."""
    names = _names(opened)
    contestants: list[tuple[Result, Contestant]] = [
        (Result(name, "model", _facts(model, learnt)), contestant_for(model, playing, learnt))
        for name, model, learnt in zip(names, opened, (each.calibrated for each in opened), strict=True)
    ]
    walk = RandomWalk([dataset.events[each] for each in split.train])
    contestants.append((Result("random walk", "baseline"), walk))
    contestants.append((Result("repeat last", "baseline"), RepeatLast(dataset.dimension)))
    return contestants


def _examine(result: Result, contestant: Contestant, material: _Material, tick: Tick) -> tuple[Result, Excerpt]:
    """Everything about one contestant. Random numbers are the same for all, whatever the other contestants."""
    likelihood, playing, answering, telling, anywhere, asked = (
        np.random.default_rng([material.seed, part]) for part in range(6)
    )
    effort = material.effort
    if contestant.has_density:
        performances, ranked = score_performances(
            contestant, material.events, material.split.held_out_performances, material.grid, likelihood, tick
        )
        result = replace(
            result,
            windows=score_windows(contestant, material.events, material.windows, material.grid, tick),
            performances=performances,
            calibration=calibration(ranked),
        )
    alone = generate(contestant, None, effort.streams, effort.free + 1, playing, tick)
    answers = generate(contestant, material.contexts, effort.streams, effort.answer, answering, tick)
    joined = np.concatenate([material.contexts[:, -1:], answers], axis=1)
    phrases = material.phrases
    result = replace(
        result,
        free=summarise(features(alone), material.free),
        answering=summarise(features(joined), material.answering),
        gestures=gestures(joined),
        answers=answers_of(phrases.answered(contestant, asked, tick)) if phrases is not None else None,
        two_sample=material.two_sample.of(contestant, telling, tick),
        two_sample_anywhere=material.two_sample_anywhere.of(contestant, anywhere, tick),
    )
    return result, Excerpt(result.name, material.contexts[material.example], answers[material.example])


def _training(material: _Material) -> Result | None:
    """Playing of the training part, measured as if it were a contestant's; None if it is too short."""

    def cut(events: int) -> NDArray[np.float32] | None:
        starts = stretches(material.split.train, events + 1, material.effort.streams)
        return _cut(material.events, starts, events + 1) if len(starts) else None

    alone, answering = cut(material.effort.free), cut(material.effort.answer)
    if alone is None and answering is None:
        return None
    return Result(
        "training playing",
        "players",
        free=summarise(features(alone), material.free) if alone is not None else None,
        answering=summarise(features(answering), material.answering) if answering is not None else None,
        gestures=gestures(answering) if answering is not None else None,
        two_sample=material.two_sample.of_parts(material.split.train, np.random.default_rng([material.seed, 6])),
    )


def _players(material: _Material) -> Result:
    """Held-out playing, which the others are measured by."""
    phrases = material.phrases
    return Result(
        "held-out playing",
        "players",
        free=summarise(material.free, None),
        answering=summarise(material.answering, None),
        gestures=material.gestures,
        answers=answers_of(phrases.own) if phrases is not None else None,
        two_sample=material.two_sample.of_themselves(),
        two_sample_anywhere=material.two_sample_anywhere.of_themselves(),
    )


def _with_verdict(result: Result, players: Result, results: Sequence[Result]) -> Result:
    """A model's result with its verdict, which compares it with the other models or, without any, the baselines."""
    if result.kind != "model":
        return result
    others = [(each, each.windows.joint.mean) for each in results if each is not result and each.windows is not None]
    models = [Rival(f"“{each.name}”", nats) for each, nats in others if each.kind == "model"]
    simple = [Rival(f"a {each.name}", nats) for each, nats in others if each.kind == "baseline"]
    mine, theirs = _heard(result), _heard(players)
    return replace(result, verdict=verdict(mine, theirs, models or simple), telling=telling(mine, theirs))


def _heard(result: Result) -> Heard:
    anywhere = result.two_sample_anywhere
    return Heard(
        gestures=result.gestures,
        median_dt=result.answering.dt_quantiles[2] if result.answering is not None else None,
        answers=result.answers,
        # Contexts from all playing are fairer than a held-out part that the players played differently from the rest.
        two_sample=anywhere if anywhere is not None and anywhere.auc10 is not None else result.two_sample,
        nats=result.windows.joint.mean if result.windows is not None else None,
    )


def _left_out(material: _Material, players: Result) -> str:
    """What was not measured, and why."""
    reasons = []
    for where, two_sample in (("held-out playing", players.two_sample), ("all playing", players.two_sample_anywhere)):
        if two_sample is not None and two_sample.auc10 is None:
            reasons.append(f"telling from {where} (too little of it)")
        elif two_sample is not None and two_sample.auc is None:
            reasons.append(f"telling 50 events from {where} (too little of it)")
    if material.phrases is None:
        reasons.append(f"answers to phrases (no pause of {PAUSE:g} s after {material.effort.heard} events)")
    return ", ".join(reasons)


def _players_excerpt(material: _Material) -> Excerpt:
    effort = material.effort
    starts = stretches(material.split.held_out_performances, effort.heard + effort.answer, effort.streams)
    piece = material.events[starts[material.example] :][: effort.heard + effort.answer]
    return Excerpt("held-out playing", piece[: effort.heard], piece[effort.heard :])


def _cut(events: NDArray[np.float32], starts: NDArray[np.int64], length: int) -> NDArray[np.float32]:
    """(S, length, D)."""
    pieces: NDArray[np.float32] = events[starts[:, None] + np.arange(length)]
    return pieces


def _events(contestant: Contestant, material: _Material) -> int:
    """How many events it takes to examine a contestant, for a progress bar."""
    effort = material.effort
    played = effort.streams * (1 + effort.free + 1 + effort.heard + effort.answer)
    played += material.two_sample.work + material.two_sample_anywhere.work
    if material.phrases is not None:
        played += len(material.phrases.own) * (effort.heard + effort.longest_answer)
    if not contestant.has_density:
        return played
    parts = material.split.held_out_performances
    carried = sum(int(each.stop) - int(each.start) - 1 for each in parts)
    return played + len(material.windows) * (WINDOW - 1) + carried


class _Work:
    """Counts events over all stages."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self._progress, self._total, self._done = progress, total, 0

    def stage(self, what: str) -> Tick:
        def tick(events: int) -> None:
            self._done += events
            if self._progress is not None:
                self._progress(what, self._done, self._total)

        return tick


def _names(opened: Sequence[OpenedModel]) -> list[str]:
    """A name for each model: its file's, with its folder or a number where that is taken."""
    names: list[str] = []
    for model in opened:
        numbered = (f"{model.path} ({number})" for number in count(2))
        names.append(next(name for name in chain([model.path.name, str(model.path)], numbered) if name not in names))
    return names


def _facts(model: OpenedModel, learnt: Temperatures) -> ModelFacts:
    same = ("format", "bytes", "units", "layers", "mixtures", "parameters", "architecture")
    return ModelFacts(
        file=str(model.path),
        **{name: getattr(model, name) for name in same},
        runs="NumPy" if model.weights is not None else model.runs,
        sigma_temperature=learnt.sigma,
        pi_temperature=learnt.pi,
    )
