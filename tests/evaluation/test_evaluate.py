"""The whole evaluation, on playing made here and on the real recordings."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from impsy.data.datasets import Dataset, read_dataset
from impsy.errors import ConfigError, DataError, ModelError
from impsy.evaluation import Report, evaluate
from impsy.evaluation.evaluate import QUICK
from impsy.evaluation.report.figures import GROUPS_OF_FIGURES, best
from impsy.models.sizes import SIZES
from impsy.models.tflite.write import write_tflite
from impsy.models.weights import random_weights

pytestmark = pytest.mark.slow  # each of them evaluates models


def knobs(events: int, seed: int = 0, controls: int = 2) -> np.ndarray:
    """One knob at a time, in steps of 1/127."""
    rng = np.random.default_rng(seed)
    places = np.zeros((events, controls))
    place = np.full(controls, 60)
    for i in range(events):
        place[rng.integers(controls)] += rng.integers(-3, 4)
        places[i] = place = np.clip(place, 0, 127)
    return np.column_stack([rng.lognormal(-3, 0.5, events), places / 127]).astype(np.float32)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return Dataset.of(3, [knobs(900), knobs(40, 1), knobs(700, 2)], ["a", "b", "c"])


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("models") / "<b>&$mine_$.tflite"
    write_tflite(random_weights(3, SIZES["xxs"], rng=np.random.default_rng(0)), path)
    return path


@pytest.fixture(scope="module")
def progress() -> list[tuple[str, int, int]]:
    """What was reported while ``report`` was made."""
    return []


@pytest.fixture(scope="module")
def report(dataset: Dataset, model: Path, progress: list[tuple[str, int, int]]) -> Report:
    return evaluate(dataset, [model], name="<i>made", quick=True, progress=lambda *stage: progress.append(stage))


def test_who_takes_part(report: Report, model: Path) -> None:
    assert [(each.name, each.kind) for each in report.results] == [
        (model.name, "model"),
        ("random walk", "baseline"),
        ("repeat last", "baseline"),
        ("training playing", "players"),
    ]
    network, walk, repeat, training = report.results
    assert network.windows is not None
    assert network.windows.sequences == report.data.windows == report.data.held_out_windows
    assert network.windows.bits is not None
    assert walk.windows is not None
    assert repeat.windows is None is repeat.calibration is training.windows
    assert report.players.free is not None
    assert report.players.free.distances is None
    assert all(each.free.distances is not None for each in report.results)
    assert [each.name for each in report.excerpts] == [
        "held-out playing",
        *(each.name for each in report.results[:3]),
    ]


def test_baselines_are_what_they_are(report: Report) -> None:
    _, walk, repeat, training = report.results
    assert repeat.answering.moving_shares[0] == 1.0
    assert walk.answering.distances.dt.value < 0.1  # the times really are log-normal
    assert training.answering.distances.moving.value < 0.1
    assert report.players.answering.one_moves == pytest.approx(6 / 7, abs=0.05)
    # Six steps of equal probability for one of two knobs, or none: no one can do with less than the entropy.
    entropy = 6 / 7 * np.log2(14) + 1 / 7 * np.log2(7)
    assert walk.windows.bits.mean > entropy


def test_one_seed_gives_the_same_figures_whoever_is_there(dataset: Dataset, model: Path, report: Report) -> None:
    again = evaluate(dataset, [model, model], name="<i>made", quick=True)
    # Only the verdict speaks of the others.
    figures = replace(report.results[0], verdict=())
    assert replace(again.results[0], verdict=()) == figures
    assert [each.name for each in again.results[:2]] == [model.name, str(model)]
    assert replace(again.results[1], verdict=(), name=model.name) == figures
    assert str(model) in again.results[0].verdict[2].text
    other = evaluate(dataset, [model], quick=True, seed=1)
    assert other.results[0].windows == report.results[0].windows
    assert other.results[0].free != report.results[0].free


def test_json_holds_all_figures(report: Report) -> None:
    found = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert found["data"]["dimension"] == 3
    assert found["results"][0]["windows"]["joint"]["mean"] == pytest.approx(report.results[0].windows.joint.mean)
    assert found["results"][2]["windows"] is None
    assert set(found["results"][0]["free"]["distances"]["dt"]) == {"value", "error"}
    assert "excerpts" not in found


@pytest.mark.usefixtures("report")
def test_progress_ends_where_it_said(model: Path, progress: list[tuple[str, int, int]]) -> None:
    done = [each[1] for each in progress]
    assert done == sorted(done)
    assert progress[-1][1] == progress[-1][2]
    assert {each[0] for each in progress} == {model.name, "random walk", "repeat last"}


def test_splits(dataset: Dataset) -> None:
    found = evaluate(dataset, [], split="performances", fraction=0.3, quick=True).data
    assert found.held_out_events == 700
    assert found.training_events == 940


def test_playing_that_is_hardly_long_enough(model: Path) -> None:
    short = evaluate(Dataset.of(3, [knobs(51), knobs(51, 1)]), [model])
    assert short.data.windows == 1
    assert short.data.heard_before_answer == 10
    assert short.results[0].answering.events == 64 * 41


def test_a_constant_control_and_one_without_a_grid(model: Path) -> None:
    events = knobs(600)
    events[:, 1] = 0.3217
    found = evaluate(Dataset.of(3, [events]), [model], quick=True)
    assert found.data.grid[1] == pytest.approx(1 / 127)
    assert all(np.isfinite(each.windows.joint.mean) for each in found.results[:2])


def test_what_people_hear_is_measured_of_everyone(report: Report) -> None:
    network, walk, repeat, training = report.results
    assert report.data.phrases == 0
    assert "no pause" in report.data.left_out
    assert "telling from held-out playing (too little of it)" in report.data.left_out
    for result in (network, walk, repeat):
        assert result.two_sample.auc10 is None
        assert result.two_sample_anywhere.auc10.value > 0.8 > report.players.two_sample_anywhere.auc10.value
    assert repeat.gestures.shares == (1.0, 0.0, 0.0)
    assert report.players.gestures.shares[1] == pytest.approx(report.players.answering.one_moves)
    assert report.players.gestures.spread is None  # there are two controls
    assert training.gestures is not None
    assert [len(result.verdict) for result in report.results] == [3, 0, 0, 0]


def test_answers_to_phrases(model: Path) -> None:
    events = knobs(900)
    events[::60, 0] = 2.0
    found = evaluate(Dataset.of(3, [events]), [model], quick=True)
    assert found.data.phrases == 14
    assert found.players.answers.answers == 14
    assert found.players.answers.overlap.value > 0.9  # both knobs are moved in every phrase
    assert found.players.answers.opening == pytest.approx(6 / 7, abs=0.3)
    repeat = found.results[2].answers
    assert repeat.overlap.value == 0.0
    assert "pause" not in found.data.left_out


def test_temperatures(dataset: Dataset, tmp_path: Path) -> None:
    weights = random_weights(3, SIZES["xxs"], rng=np.random.default_rng(0))
    paths = [tmp_path / name for name in ("plain.tflite", "folded.tflite")]
    write_tflite(weights, paths[0])
    write_tflite(weights, paths[1], facts={"calibrated": {"sigmatemp": 0.25, "pitemp": 2.0}})
    plain, folded = evaluate(dataset, paths, quick=True).results[:2]
    assert (folded.facts.sigma_temperature, folded.facts.pi_temperature) == (0.25, 2.0)
    assert plain.free == folded.free  # what is played goes by the temperatures of playing alone
    assert plain.windows != folded.windows
    warm = evaluate(dataset, paths, quick=True, sigma_temperature=1.0)
    assert warm.data.sigma_temperature == 1.0
    assert warm.results[0].windows == plain.windows
    assert warm.results[0].free != plain.free


@pytest.mark.parametrize("mixtures", [5, 360])
def test_large_predictions_are_bounded(mixtures: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.tflite"
    write_tflite(random_weights(3, SIZES["xxs"], mixtures=mixtures, rng=np.random.default_rng(0)), path)
    module = import_module("impsy.evaluation.evaluate")
    monkeypatch.setattr(module, "FEWER_WINDOWS", 20)
    monkeypatch.setattr(module, "MOST_NUMBERS", 51 * 360 * 7 * 30)
    monkeypatch.setattr(module, "Effort", lambda: replace(QUICK, streams=8, phrases=4))
    found = evaluate(Dataset.of(3, [knobs(900)]), [path])
    assert found.data.windows == (30 if mixtures == 360 else found.data.held_out_windows)
    assert ("360 components" in found.data.why_fewer) == (mixtures == 360)


def test_the_best_is_marked(report: Report) -> None:
    figures = {figure.name: figure for figure in GROUPS_OF_FIGURES["windows"][1]}
    mine, walk = (each.windows.joint.mean for each in report.results[:2])
    assert best(figures["mean"], report.results) is report.results[0 if mine < walk else 1]
    shares = {figure.name: figure for figure in GROUPS_OF_FIGURES["answering"][1]}
    assert best(shares["one moves"], report.results) is None
    assert best(figures["mean"], report.results[:1]) is None


def test_what_does_not_fit(dataset: Dataset, model: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="dimension 3, but the dataset has 4"):
        evaluate(Dataset.of(4, [knobs(500, controls=3)]), [model])
    with pytest.raises(DataError):
        evaluate(Dataset.of(3, [knobs(60)]), [model])
    with pytest.raises(ModelError):
        evaluate(dataset, [tmp_path / "none.tflite"])


class Page(HTMLParser):
    """What a browser would make of a page: its text, and what it asks for."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.ids: list[str] = []
        self.words: list[str] = []
        self.acting: list[str] = []
        self.paints: set[str] = set()
        self.styles: set[str] = set()
        self.pictures: list[dict[str, str]] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        for key, value in attrs:
            if key in ("src", "href", "data", "action", "srcset", "poster") or key.endswith(":href"):
                self.links.append(value)
            if key == "id":
                self.ids.append(value)
            if key.startswith("on"):
                self.acting.append(key)
            if key in ("fill", "stroke", "color", "stop-color"):
                self.paints.add(value)
            if key == "style":
                self.styles.add(value.partition(":")[0])
        if tag == "svg":
            self.pictures.append(dict(attrs))

    def handle_data(self, data):
        self.words.append(data)


def test_the_page_needs_nothing_else(report: Report, model: Path) -> None:
    pytest.importorskip("pygal")
    from impsy.evaluation.report.page import render

    text = render(report)
    page = Page()
    page.feed(text)
    assert not {"script", "link", "img", "image", "use", "iframe", "object", "base", "b>"} & set(page.tags)
    assert not page.acting
    tables = [link for link in page.links if link.startswith("data:text/csv;charset=utf-8,")]
    assert len(tables) == page.tags.count("table") > 5
    assert all(link in tables or (link.startswith("#") and link[1:] in page.ids) for link in page.links)
    assert "http" not in text
    assert "@import" not in text
    assert page.tags.count("style") == 1  # the page's own; one in a picture would hold for all the page
    assert len(page.pictures) == 1 + 4 + 8 + 4  # positions, ranks, playing, excerpts
    assert page.tags.count("title") == 1 + len(page.pictures)
    assert all(picture["role"] == "img" and "viewbox" in picture for picture in page.pictures)
    assert not any({"width", "height"} & set(picture) for picture in page.pictures)  # as wide as there is room
    assert any(model.name in words for words in page.words)  # as text: the name holds tags
    assert "<b>&$mine" not in text
    assert "<i>made" not in text
    for result in report.results:
        assert any(result.name in words for words in page.words)
    for text, _ in report.results[0].verdict:
        assert any(text in words for words in page.words)
    # It opens with the three sentences; whether one could tell stands at the head of its section.
    words = "".join(page.words)
    places = [words.index(text) for text, _ in report.results[0].verdict]
    assert places == sorted(places)
    assert places[-1] < words.index("Measured on") < words.index("nats per event")
    assert words.index("Could one tell?") < words.index(report.results[0].telling.text)


def test_the_verdict_is_drawn_from_the_figures_of_the_report(report: Report) -> None:
    network, walk = report.results[:2]
    gain = walk.windows.joint.mean - network.windows.joint.mean
    foresees = network.verdict[2]
    assert "a random walk" in foresees.text
    assert (
        f"{network.windows.joint.mean:+.2f} nats an event against {walk.windows.joint.mean:+.2f}" in foresees.evidence
    )
    assert foresees.text.startswith("It does not foresee" if gain < -0.05 else "It foresees")
    assert network.telling is not None
    assert walk.telling is None


def test_pictures_have_the_colours_of_the_page(report: Report) -> None:
    pytest.importorskip("pygal")
    from impsy.evaluation.report.page import render

    text = render(report)
    page = Page()
    page.feed(text)
    light, _, dark = text.partition("prefers-color-scheme: dark")
    contestants = {f"var(--series-{i})" for i, each in enumerate(report.results) if each.kind != "players"}
    assert page.paints >= {"none", "var(--ink)", "var(--faint)"} | contestants
    for paint in page.paints - {"none"}:
        name = re.fullmatch(r"var\((--[a-z0-9-]+)\)", paint)[1]
        assert f"{name}: #" in light
        assert f"{name}: #" in dark
    assert page.styles == {"background", "min-width"}  # the dots in a colour, and the pictures


def test_pictures_do_not_depend_on_the_day(report: Report) -> None:
    pytest.importorskip("pygal")
    from impsy.evaluation.report.page import render

    assert render(report) == render(report)


def test_real_models_on_real_recordings(shared_data: Path) -> None:
    """The shipped model of dimension 9: known to have +13.4 nats per event on all default held-out windows."""
    nine = read_dataset(shared_data / "datasets" / "training-dataset-9d.npz")
    name = "musicMDRNN-dim9-layers2-units64-mixtures5-scale10"
    found = evaluate(nine, [shared_data / "models" / f"{name}.tflite"], quick=True)
    assert found.data.held_out_windows == 9288
    assert found.data.windows == 1000
    first = found.results[0]
    assert first.windows.joint.mean == pytest.approx(13.4, abs=1.0)
    assert first.answering.one_moves < 0.3
    assert first.two_sample.auc10.value > 0.99
    assert found.players.two_sample.auc10.value == pytest.approx(0.5, abs=0.12)
    assert first.answers.spread is not None
    assert found.players.answering.one_moves > 0.8
    assert found.data.grid == pytest.approx([1 / 127] * 8)
