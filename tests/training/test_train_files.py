"""The model's files open wherever such files open, and a training that was cut short goes on."""

from __future__ import annotations

import json
import signal
import time

import numpy as np
import pytest
from commands import NAME, PLAIN, SAVED_AT_ONCE, curve, python, running, train, trained
from made_data import knobs

from impsy.data.datasets import write_dataset
from impsy.models.opening import open_model

EVENTS = 60

KERAS = """
import sys
import numpy as np
import keras
from keras_mdn_layer import MDN
assert keras.backend.backend() == "jax"
heard = np.load("heard.npy")
for name in sys.argv[1:]:
    model = keras.models.load_model(name + ".keras", custom_objects={"MDN": MDN})
    np.save(name + ".stock.npy", np.asarray(model(heard[None]))[0])
assert not [name for name in sys.modules if name.partition(".")[0] == "impsy"]
"""
LITERT = """
import sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter
heard = np.load("heard.npy")
for name in sys.argv[1:]:
    runner = Interpreter(name + ".tflite").get_signature_runner()
    states = {key: np.zeros(detail["shape"], np.float32) for key, detail in runner.get_input_details().items()}
    del states["inputs"]
    order = [f"state_{kind}_{i}" for i in range(len(states) // 2) for kind in "hc"]
    told = []
    for vector in heard:
        out = runner(inputs=vector[None, None], **states)
        told.append(out["output_0"][0])
        states = {key: out[f"output_{i + 1}"] for i, key in enumerate(order)}
    np.save(name + ".signature.npy", told)

    graph = Interpreter(name + ".tflite")
    graph.allocate_tensors()
    inputs = {detail["name"]: detail["index"] for detail in graph.get_input_details()}
    outputs = [detail["index"] for detail in graph.get_output_details()]
    assert set(inputs) == {"inputs", *order}
    states = {key: np.zeros((1, graph.get_tensor(inputs[key]).shape[1]), np.float32) for key in order}
    told = []
    for vector in heard:
        graph.set_tensor(inputs["inputs"], vector[None, None])
        for key, value in states.items():
            graph.set_tensor(inputs[key], value)
        graph.invoke()
        told.append(graph.get_tensor(outputs[0])[0])
        states = {key: graph.get_tensor(index) for key, index in zip(order, outputs[1:], strict=True)}
    np.save(name + ".index.npy", told)
assert not [name for name in sys.modules if name.partition(".")[0] in ("impsy", "keras", "jax", "tensorflow")]
"""


@pytest.fixture(scope="module")
def opened(tmp_path_factory, gestures, plain):
    """What each way of opening both models makes of the same events, in the x 10 space: name -> way -> (60, 35)."""
    folder = tmp_path_factory.mktemp("opened")
    events = knobs(3, EVENTS, seed=9).events
    np.save(folder / "heard.npy", events * np.float32(10))
    models = {"gestures": gestures, "plain": plain}
    for name, model in models.items():
        for suffix in (".keras", ".tflite"):
            (folder / f"{name}{suffix}").write_bytes(model.file(suffix).read_bytes())
    python(folder, KERAS, *models, KERAS_BACKEND="jax")
    python(folder, LITERT, *models)
    told = {}
    for name in models:
        told[name] = {way: np.load(folder / f"{name}.{way}.npy") for way in ("stock", "signature", "index")}
        for suffix in (".keras", ".tflite"):
            model = open_model(folder / f"{name}{suffix}")
            assert model.architecture == name
            live = []
            for event in events.tolist():
                model.predictor.hear(event)
                live.append(model.predictor.mixture())
            told[name][f"live {suffix}"] = np.array(live)
    return told


@pytest.mark.parametrize("way", ["stock", "signature", "index", "live .keras"])
@pytest.mark.parametrize("name", ["gestures", "plain"])
@pytest.mark.slow
def test_all_ways_of_opening_agree(opened, name, way):
    live = opened[name]["live .tflite"]
    assert live.shape[0] == EVENTS
    assert live.shape[1] % (2 * 3 + 1) == 0
    assert np.ptp(live, axis=0).max() > 0.01
    np.testing.assert_allclose(opened[name][way], live, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
def test_it_goes_on_after_a_crash(tmp_path, plain, dataset_file):
    with running(tmp_path, dataset_file, "-O", tmp_path, *PLAIN, "-N", "8", patch=SAVED_AT_ONCE) as run:
        # The state of an epoch is saved before the next begins.
        run.wait_for("progress", 3)
        run.process.kill()
        assert run.end() == -signal.SIGKILL
    assert run.events[-1]["event"] == "progress"
    assert not (tmp_path / f"{NAME}.keras").exists()
    assert (tmp_path / f"{NAME}.training.npz").exists()

    resumed = trained(tmp_path, dataset_file, *PLAIN, "-N", "8", "--resume")
    steps = resumed.description["recipe"]["steps"]
    start, first, *_ = resumed.events
    assert start["resumed_at"] in range(2 * steps, 8 * steps, steps)
    assert first["step"] == start["resumed_at"] + steps
    np.testing.assert_allclose(resumed.curve, plain.curve, rtol=1e-5)
    assert resumed.description["figures"]["best_step"] == plain.description["figures"]["best_step"]
    assert not (tmp_path / f"{NAME}.training.npz").exists()


@pytest.mark.slow
def test_ctrl_c_leaves_a_model_and_resume_goes_on(tmp_path, dataset_file):
    long = (dataset_file, "-O", tmp_path, *PLAIN, "-N", "100000", "--no-earlystopping")
    with running(tmp_path, *long) as run:
        run.wait_for("progress", 2)
        run.process.send_signal(signal.SIGINT)
        assert run.end() == 0
    assert "Stopping: the best so far is kept" in run.errors.read_text()
    done = run.events[-1]
    assert (done["event"], done["figures"]["ended"]) == ("done", "stopped")
    assert done["figures"]["best_step"] > 0
    predictor = open_model(tmp_path / f"{NAME}.tflite").predictor
    played = predictor.sample(np.random.default_rng(0), 1.0, 0.01)
    assert len(played) == 3
    assert np.isfinite(played).all()

    new = tmp_path / "new.npz"
    write_dataset(new, knobs(3, 500, seed=2))
    other = train(tmp_path, new, *long[1:], "--resume")
    assert (other.returncode, other.stdout) == (1, "")
    assert "learned from other data" in other.stderr
    assert other.stderr.count("\n") == 1

    began = time.monotonic()
    resumed = train(tmp_path, *long, "--resume", "--minutes", "0.15")
    took = time.monotonic() - began
    assert resumed.returncode == 0, resumed.stderr
    assert f"going on after step {done['figures']['steps']:,}" in resumed.stdout
    assert "the schedule is complete" in resumed.stdout
    assert not (tmp_path / f"{NAME}.training.npz").exists()
    assert (tmp_path / f"{NAME}.previous.tflite").exists()
    about = json.loads((tmp_path / f"{NAME}.json").read_text())
    assert about["figures"]["steps"] > done["figures"]["steps"]
    assert curve(about)[: len(done["curve"])] == curve(done)
    # Of 9 seconds; how long the machine is busy with other things is not ours to say.
    assert took < 33


@pytest.mark.slow
def test_it_goes_on_from_a_model_with_new_data(tmp_path, plain):
    new = tmp_path / "new.npz"
    write_dataset(new, knobs(3, 500, seed=2))
    further = trained(tmp_path, new, "--from", plain.file(".keras"), "-B", "8", "-N", "1")
    assert further.description["architecture"] == "plain"
    assert further.description["trained_on"]["continued_from"] == f"{NAME}.keras"
    assert further.description["recipe"]["learning_rate"] < plain.description["recipe"]["learning_rate"]
    # What it knew of other playing of that kind helps from the first step on.
    assert further.curve[0][1] < plain.curve[0][1] - 5
    assert further.curve[0][2] < plain.curve[0][2] - 1
