"""The part that learns in a process of its own, without the process: what it sends for what it gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from impsy.data.datasets import Dataset, write_dataset
from impsy.errors import ImpsyError
from impsy.learning.judging import costs
from impsy.learning.memory import Phrases
from impsy.learning.rehearsal import rehearsed
from impsy.learning.wire import Message
from impsy.models.calibration import CALIBRATED, calibrated, density_temperatures, uncalibrated
from impsy.models.sizes import Size
from impsy.models.tflite.read import read_facts, read_tflite
from impsy.models.tflite.write import encode_tflite
from impsy.models.weights import Weights
from impsy.training.apprentice import SAVED_EVERY, TOLD_EVERY, Apprentice
from impsy.training.earlier import earlier_playing
from random_networks import random_weights


def network(seed: int, architecture: str = "gestures") -> Weights:
    rng = np.random.default_rng(seed)
    return random_weights(3, Size(8, 1), rng=rng, architecture=architecture, mixtures=12)


class Sent(list[tuple[dict[str, Any], list[bytes]]]):
    def __call__(self, about: dict[str, Any], blobs: list[bytes]) -> None:
        self.append((about, blobs))

    def of(self, kind: str) -> list[tuple[dict[str, Any], list[bytes]]]:
        return [each for each in self if each[0]["is"] == kind]


def begin(model: Path | None, sent: Sent, *, all_layers: bool = False, **more: Any) -> Apprentice:
    about = {
        "dimension": 3, "seed": 1, "size": "xxs", "notes": None, "model": "" if model is None else str(model),
        "earlier": [], "log": "", "learns": "", "heard": 0, "steps": 0, **more,
    }  # fmt: skip
    blobs = about.pop("blobs", (b"", b"", b""))
    return Apprentice(Message(about, blobs), sent, all_layers=all_layers)


def saved(folder: Path, weights: Weights, facts: dict[str, Any] | None = None) -> Path:
    path = folder / "musicMDRNN-dim3-layers1-units8-mixtures12-scale10.tflite"
    path.write_bytes(encode_tflite(weights, facts=facts or {}))
    return path


def events_message(events: np.ndarray) -> Message:
    return Message({"do": "hear"}, (events.astype("<f4").tobytes(),))


def follow(apprentice: Apprentice, player: Weights, parts: int = 6) -> np.ndarray:
    """Have it hear what another network plays."""
    events = np.concatenate(rehearsed(player, np.random.default_rng(3)))[:720]
    now = 0.0
    for part in np.array_split(events, parts):
        apprentice.hear(events_message(part))
        while apprentice.due:
            now += 1.0
            apprentice.work()
            apprentice.report(now)
    return events


@pytest.mark.slow
def test_it_sends_weights_that_foresee_better_and_play_at_the_usual_temperatures(
    tmp_path: Path,
) -> None:
    base, player, sent = network(0), network(1), Sent()
    model = saved(tmp_path, calibrated(base), {CALIBRATED: {"sigmatemp": 0.01, "pitemp": 1.0}})
    apprentice = begin(model, sent)
    events = follow(apprentice, player)
    assert sent.of("ready")[0][0]["learns"] == "the mixture layer"
    about, (content,) = sent.of("learnt")[-1]
    assert about["gain"] > 0
    assert about["lost"] <= 0.08
    assert density_temperatures(read_facts(content)) == (0.01, 1.0)
    learnt = uncalibrated(read_tflite(content))
    phrases = Phrases(np.stack([events[at : at + 51] for at in range(0, 600, 50)]), 40)
    assert costs(learnt, phrases).mean() < costs(base, phrases).mean()
    assert sent.of("saved")
    assert sent.of("learning")[-1][0]["events"] == 720


@pytest.mark.slow
def test_it_goes_on_with_what_another_process_had_learnt(tmp_path: Path) -> None:
    sent = Sent()
    model = saved(tmp_path, network(0))
    first = begin(model, sent)
    events = follow(first, network(1))
    content, steps = sent.of("saved")[-1][1][0], sent.of("saved")[-1][0]["steps"]
    again = Sent()
    blobs = (content, b"", events.astype("<f4").tobytes())
    second = begin(model, again, blobs=blobs, heard=len(events), steps=steps)
    second.hear(events_message(events[:100]))
    second.work()
    second.report(100.0)
    assert again.of("saved")[0][0]["steps"] > steps
    np.testing.assert_allclose(
        read_tflite(again.of("saved")[0][1][0]).mixture_bias, read_tflite(content).mixture_bias, atol=0.05
    )


def test_what_it_did_last_is_told_and_saved_though_nothing_more_comes(tmp_path: Path) -> None:
    sent = Sent()
    apprentice = begin(saved(tmp_path, network(0)), sent)
    assert apprentice.report(0.0) is None
    apprentice.hear(events_message(np.concatenate(rehearsed(network(1), np.random.default_rng(3)))[:100]))
    done = 0
    while apprentice.due:  # all within the same moment
        apprentice.work()
        done += 1
        apprentice.report(0.0)
    assert done > 1
    assert [each["steps"] for each, _ in sent.of("learning") + sent.of("saved")] == [1, 1]
    assert apprentice.report(0.1) == pytest.approx(TOLD_EVERY - 0.1)
    assert apprentice.report(TOLD_EVERY) == pytest.approx(SAVED_EVERY - TOLD_EVERY)
    assert apprentice.report(SAVED_EVERY) is None
    assert [each["steps"] for each, _ in sent.of("learning") + sent.of("saved")] == [1, done, 1, done]


@pytest.mark.parametrize(
    ("weights", "more", "words"),
    [
        (network(0, "landings"), {}, "notes"),
        (network(0), {"dimension": 4}, "dimension 3"),
    ],
)
def test_what_cannot_learn_is_refused(tmp_path: Path, weights: Weights, more: dict[str, Any], words: str) -> None:
    with pytest.raises(ImpsyError, match=words):
        begin(saved(tmp_path, weights), Sent(), **more)


@pytest.mark.usefixtures("fast_steps")
@pytest.mark.slow
@pytest.mark.parametrize("architecture", ["plain", "gestures", "landings"])
def test_all_layers_learn_by_jax(tmp_path: Path, architecture: str) -> None:
    base, player, sent = network(0, architecture), network(1), Sent()
    apprentice = begin(saved(tmp_path, base), sent, all_layers=True)
    assert sent.of("ready")[0][0]["learns"] == "all layers"
    follow(apprentice, player)
    learnt = read_tflite(sent.of("saved")[-1][1][0])
    assert learnt.architecture == architecture
    assert not np.allclose(learnt.layers[0].recurrent, base.layers[0].recurrent, atol=1e-6)


def test_earlier_playing_is_read_from_the_first_place_that_has_some(tmp_path: Path) -> None:
    piece = np.concatenate(rehearsed(network(1), np.random.default_rng(3)))[:200]
    write_dataset(tmp_path / "mine.npz", Dataset.of(3, [piece]))
    found = earlier_playing([tmp_path / "nowhere", tmp_path / "mine.npz"], 3)
    assert found.name == "mine.npz"
    np.testing.assert_array_equal(found.pieces[0], piece)
    assert "nowhere" in found.problem or not found.problem
    other = earlier_playing([tmp_path / "mine.npz"], 4)
    assert other.pieces == []
    assert "dimension 3" in other.problem


def test_the_log_that_is_being_written_is_not_earlier_playing(tmp_path: Path) -> None:
    for name in ("2026-01-01T10-00-00", "2026-01-02T10-00-00"):
        rows = [f"{name[:10]}T10:00:{second:02d}.000000,interface,0.5,0.{second:02d}\n" for second in range(60)]
        (tmp_path / f"{name}-3d-mdrnn.log").write_text("".join(rows))
    both = earlier_playing([tmp_path], 3)
    one = earlier_playing([tmp_path], 3, "2026-01-02T10-00-00-3d-mdrnn.log")
    assert (len(both.pieces), len(one.pieces)) == (2, 1)
