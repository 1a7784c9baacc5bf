"""The models that people have, and the vectors that the other front ends are checked against."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from model_files import arrays, assert_same, heads, play

from impsy.models.litert import GraphPredictor
from impsy.models.mixture import choose, component_weights, split
from impsy.models.opening import open_model, open_weights
from impsy.models.predictor import NumPyPredictor
from impsy.models.tflite.write import encode_tflite

NAMES = {
    2: "musicMDRNN-dim2-layers2-units32-mixtures5-scale10",
    4: "musicMDRNN-dim4-layers2-units64-mixtures5-scale10",
    9: "musicMDRNN-dim9-layers2-units64-mixtures5-scale10",
}
CLOSE = {"atol": 1e-4, "rtol": 1e-4}


@pytest.fixture(params=NAMES)
def files(request: pytest.FixtureRequest, shared_data: Path) -> dict[str, Path]:
    return {
        suffix: shared_data / "models" / f"{NAMES[request.param]}.{suffix}" for suffix in ("h5", "keras", "tflite")
    }


@pytest.mark.slow
def test_the_files_name_says_what_is_in_it(files: dict[str, Path]) -> None:
    for path in files.values():
        opened = open_model(path)
        assert opened.weights is not None
        assert opened.weights.name == path.stem


@pytest.mark.slow
def test_all_three_forms_hold_the_same_weights(files: dict[str, Path]) -> None:
    """Exactly; but two of the .tflite keep some matrices as int8, so those within half of such a step."""
    exact = open_weights(files["h5"])
    assert_same(open_weights(files["keras"]), exact)
    compressed = open_weights(files["tflite"])
    matrices = [kernel for kernel, _ in heads(exact)]
    for theirs, ours in zip(
        [*arrays(compressed)[:-2], *(k for k, _ in heads(compressed))], [*arrays(exact)[:-2], *matrices], strict=True
    ):
        step = np.abs(ours).max() / 127
        as_int8 = np.rint(ours / step) * step
        same = np.array_equal(theirs, ours) or np.allclose(theirs, as_int8, rtol=0, atol=step * 1e-3)
        assert same
    if "dim9" in files["h5"].name:
        assert_same(compressed, exact)


@pytest.mark.slow
def test_every_form_plays_alike_everywhere(files: dict[str, Path]) -> None:
    for path in files.values():
        opened = open_model(path)
        assert opened.weights is not None
        by_numpy = play(NumPyPredictor(opened.weights), 150)
        np.testing.assert_allclose(play(opened.predictor, 150), by_numpy, **CLOSE)
        np.testing.assert_allclose(play(GraphPredictor(encode_tflite(opened.weights)), 150), by_numpy, **CLOSE)
        np.testing.assert_allclose(play(open_model(path, "numpy").predictor, 150), by_numpy, **CLOSE)


@pytest.mark.slow
def test_all_three_forms_of_dim_9_play_alike_and_like_the_released_graph(shared_data: Path) -> None:
    paths = [shared_data / "models" / f"{NAMES[9]}.{suffix}" for suffix in ("h5", "keras", "tflite")]
    as_released = play(GraphPredictor(paths[2].read_bytes()), 150)
    for path in paths:
        np.testing.assert_allclose(play(open_model(path).predictor, 150), as_released, **CLOSE)


@pytest.mark.parametrize("backend", ["litert", "numpy", "as it is"])
def test_the_conformance_vectors(vectors: Path, backend: str) -> None:
    document = json.loads((vectors / "model.json").read_text())
    for case in document["cases"]:
        path = vectors / Path(case["model_file"]).name
        predictor = (
            GraphPredictor(path.read_bytes()) if backend == "as it is" else open_model(path, backend).predictor
        )
        expected = case["expected"]
        facts = open_model(path)
        assert expected["introspected"] == {
            "dimension": facts.dimension,
            "units": facts.units,
            "mixtures": facts.mixtures,
            "layers": facts.layers,
        }
        close = {"atol": document["tolerance"], "rtol": 0}
        for step, result in zip(case["steps"], expected["steps"], strict=True):
            if step.get("reset"):
                predictor.reset()
                continue
            predictor.hear(step["input"])
            np.testing.assert_allclose(predictor.mixture(), result["mdn_output"], **close)
            mu, sigma, logits = split(predictor.mixture(), facts.dimension)
            weights = component_weights(logits.tolist(), case["pi_temp"])
            np.testing.assert_allclose(np.array(weights) / sum(weights), result["pi"], **close)
            np.testing.assert_allclose(mu / 10, result["mu"], **close)
            np.testing.assert_allclose(sigma * np.sqrt(case["sigma_temp"]) / 10, result["std"], **close)
            chosen = [choose(weights, draw) for draw in case["uniform_draws"]]
            assert chosen == result["mixture_for_draw"]
