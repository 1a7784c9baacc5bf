"""``impsy train``, from the command line to the files and what it says."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from commands import SMALL, curve, python, train
from made_data import knobs

from impsy import __version__
from impsy.data.datasets import read_dataset, write_dataset
from impsy.models.opening import model_facts
from impsy.training.checkpoint import fingerprint

pytestmark = pytest.mark.slow  # their fixtures take long

SUFFIXES = (".json", ".keras", ".tflite")


def test_three_files_and_what_they_learned_from(gestures, dataset_file):
    assert sorted(path.name for path in gestures.folder.iterdir()) == [
        f"{gestures.name}{suffix}" for suffix in SUFFIXES
    ]
    about = gestures.description
    assert (about["name"], about["architecture"], about["dimension"]) == (gestures.name, "gestures", 3)
    assert (about["units"], about["layers"]) == (16, 2)
    assert f"-mixtures{about['mixtures']}-" in gestures.name
    assert "continue the last gesture" in about["components"]
    assert about["calibrated"] == {"sigmatemp": 0.01, "pitemp": 1.0}
    dataset = read_dataset(dataset_file)
    learned_from = about["trained_on"]
    assert learned_from["dataset"] == dataset_file.name
    assert learned_from["fingerprint"] == fingerprint(dataset)
    assert (learned_from["performances"], learned_from["events"]) == (2, 500)
    assert learned_from["held_out"] == {"by": "windows", "windows": 40, "events": 90}
    assert learned_from["minutes"] == pytest.approx(dataset.events[:, 0].sum() / 60, abs=0.06)
    assert about["recipe"] | {"batch": 8, "epochs": 2, "size": "xxs", "seed": 0} == about["recipe"]
    figures = about["figures"]
    assert figures["steps"] == 2 * about["recipe"]["steps"]
    assert figures["ended"] == "the schedule is complete"
    assert "nats" in figures["unit"]
    assert [step for step, _, _ in gestures.curve] == [about["recipe"]["steps"], figures["steps"]]
    assert figures["held_out_nll"] < gestures.curve[0][2] + 0.1
    assert about["versions"]["impsy"] == __version__
    assert {"keras", "jax", "numpy", "python"} <= set(about["versions"])
    carried = model_facts(gestures.file(".tflite"))
    assert carried["figures"] == figures
    assert carried["calibrated"] == about["calibrated"]
    assert carried["trained_on"] == learned_from


def test_lines_of_json(gestures):
    start, *progress, done = gestures.events
    assert [each["event"] for each in gestures.events] == ["start", "progress", "progress", "done"]
    assert (start["name"], start["events"], start["resumed_at"]) == (gestures.name, 500, 0)
    assert start["parameters"] > 4000
    assert start["windows_here"] == 8
    assert [each["step"] for each in progress] == [step for step, _, _ in gestures.curve]
    for each in progress:
        assert {"total", "epoch", "loss", "held_out", "best", "step_ms", "left", "note"} <= set(each)
    assert progress[-1]["step"] == progress[-1]["total"]
    assert {Path(file) for file in done["files"]} == {gestures.file(suffix) for suffix in SUFFIXES}
    assert {key: done[key] for key in gestures.description} == gestures.description


@pytest.fixture(scope="module")
def again(tmp_path_factory, gestures, dataset_file):
    """A second training of the same, found in the usual folders, told without a terminal."""
    folder = tmp_path_factory.mktemp("again")
    (folder / "datasets").mkdir()
    shutil.copy(dataset_file, folder / "datasets")
    (folder / "models").mkdir()
    for suffix in SUFFIXES:
        shutil.copy(gestures.file(suffix), folder / "models")
    return folder, train(folder, *SMALL, "-N", "2")


def test_without_a_terminal_a_line_an_epoch(again, gestures):
    _, done = again
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert "2 performances, 500 events, 2 controls; 40 windows held out" in done.stdout
    assert len(re.findall(r"^step [\d,]+  loss .* held out .* ms a step  .* left$", done.stdout, re.M)) == 2
    assert re.search(r"^held-out NLL -?\d+\.\d\d nats an event", done.stdout, re.M)
    assert f"impsy run {Path('models') / gestures.name}.tflite" in done.stdout


def test_an_earlier_model_is_kept(again, gestures):
    folder, done = again
    for suffix in SUFFIXES:
        kept = folder / "models" / f"{gestures.name}.previous{suffix}"
        assert kept.read_bytes() == gestures.file(suffix).read_bytes()
        assert f"the earlier model is kept as {kept.relative_to(folder)}" in done.stdout
    assert len(list((folder / "models").iterdir())) == 6


def test_one_seed_one_curve(again, gestures):
    folder, _ = again
    about = json.loads((folder / "models" / f"{gestures.name}.json").read_text())
    assert curve(about) == gestures.curve
    assert about["figures"]["held_out_nll"] == gestures.description["figures"]["held_out_nll"]


MISTAKES = {
    "no folder": (("-S", "nowhere"), "there is no folder nowhere"),
    "no dataset": (("-S", "none"), "none holds no such dataset: make one with `impsy dataset`"),
    "several": (("-S", "several"), "holds several datasets"),
    "none of that dimension": (("-S", "several", "-D", "9"), "holds no such dataset"),
    "another dimension": (("some.npz", "-D", "4"), "some.npz has dimension 3, not 4"),
    "missing": (("missing.npz",), "missing.npz"),
    "unreadable": (("broken.npz",), "broken.npz"),
    "too little": (("little.npz",), "too little data to learn from: 60 events"),
    "one performance": (("single.npz", "--split", "performances"), "no whole performance can be held out"),
    "split": (("some.npz", "--split", "halves"), "--split is one of windows, performances"),
    "size": (("some.npz", "-M", "huge"), "--modelsize is one of xxs, xs, s, m, l, xl, not 'huge'"),
    "architecture": (("some.npz", "--architecture", "round"), "--architecture is one of gestures, plain"),
    "an architecture of before": (
        ("some.npz", "--architecture", "residual"),
        "can only be continued: name the model with --from",
    ),
    "calibrated": (("some.npz", "--calibrated-at", "0"), "--calibrated-at is a temperature above 0"),
    "epochs": (("some.npz", "-N", "0"), "epochs (-N) must be 1 or more"),
    "batch": (("some.npz", "-B", "0"), "batch (-B) must be 1 or more"),
    "patience": (("some.npz", "-P", "0"), "--patience is a number of epochs"),
    "patience unasked": (("some.npz", "-P", "5", "--no-earlystopping"), "give one of them"),
    "minutes": (("some.npz", "--minutes", "-1"), "--minutes is a time above 0"),
    "nothing to resume": (("some.npz", "--resume"), "there is no unfinished training to resume"),
    "no model to go on from": (("some.npz", "--from", "missing.keras"), "missing.keras"),
    "no model": (("some.npz", "--from", "broken.npz"), "broken.npz"),
    "from another dimension": (
        ("other.npz", "--from", "model.tflite"),
        "model.tflite has dimension 3, other.npz has 4",
    ),
    "from another size": (("some.npz", "--from", "model.tflite", "-M", "xl"), "leave out --modelsize"),
    "coordinator alone": (("some.npz", "--coordinator", "h:1"), "go with --distributed"),
    "distributed alone": (("some.npz", "--distributed"), "also needs --coordinator, --processes, --index"),
    "no port": (
        ("some.npz", "--distributed", "--coordinator", "here", "--processes", "2", "--index", "0"),
        "--coordinator is host:port",
    ),
    "no such index": (
        ("some.npz", "--distributed", "--coordinator", "h:1", "--processes", "2", "--index", "2"),
        "one of 0 to 1, not 2",
    ),
    "one process": (
        ("some.npz", "--distributed", "--coordinator", "h:1", "--processes", "1", "--index", "0"),
        "2 or more",
    ),
    "uneven batch": (
        ("some.npz", "-B", "9", "--distributed", "--coordinator", "h:1", "--processes", "2", "--index", "0"),
        "a batch of 9 windows cannot be divided between 2 processes",
    ),
}
ALL = """
import contextlib, io, json, sys
from impsy.cli.main import main
told = {}
for name, arguments in json.loads(sys.argv[1]).items():
    sys.argv = ["impsy", "train", *arguments]
    with contextlib.redirect_stderr(io.StringIO()) as errors, contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            main()
        except SystemExit as end:
            told[name] = [end.code, errors.getvalue(), out.getvalue()]
print(json.dumps([told, [name for name in ("jax", "keras") if name in sys.modules]]))
"""


@pytest.fixture(scope="module")
def mistakes(tmp_path_factory, gestures):
    """All the mistakes, one after another in one process; and which of JAX and Keras that loaded."""
    folder = tmp_path_factory.mktemp("mistakes")
    for name in ("none", "several"):
        (folder / name).mkdir()
    data = knobs(3, 310, seed=1)
    write_dataset(folder / "some.npz", data)
    for number in (3, 4):
        write_dataset(folder / "several" / f"training-dataset-{number}d.npz", knobs(number, 310, seed=1))
    write_dataset(folder / "other.npz", knobs(4, 310, seed=1))
    write_dataset(folder / "little.npz", knobs(3, 60, seed=1))
    write_dataset(folder / "single.npz", knobs(3, 300, seed=1))
    (folder / "broken.npz").write_bytes(np.random.default_rng(0).bytes(500))
    shutil.copy(gestures.file(".tflite"), folder / "model.tflite")
    told, loaded = json.loads(
        python(folder, ALL, json.dumps({name: arguments for name, (arguments, _) in MISTAKES.items()}))
    )
    return told, loaded, folder


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_told_in_words(mistakes, name):
    code, errors, output = mistakes[0][name]
    assert (code, output) == (1, "")
    assert errors.startswith("Error: ")
    assert MISTAKES[name][1] in errors
    assert "Traceback" not in errors
    lines = errors.splitlines()
    assert len(lines) == 1 or (
        name == "several" and lines[1:] == ["  training-dataset-3d.npz", "  training-dataset-4d.npz"]
    )


def test_mistakes_are_told_before_keras_is_loaded(mistakes):
    assert mistakes[1] == []


def test_mistakes_leave_nothing(mistakes):
    assert not (mistakes[2] / "models").exists()


def test_the_exit_code_of_a_mistake(tmp_path):
    done = train(tmp_path, "missing.npz")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1


def test_help_has_examples(tmp_path):
    done = train(tmp_path, "--help")
    assert done.returncode == 0
    assert "Examples:" in done.stdout
    assert "impsy train -D 9 --resume" in done.stdout
    for option in (
        "--modelsize",
        "--from",
        "--distributed",
        "--minutes",
        "--seed",
        "--split",
        "--json",
        "--patience",
    ):
        assert option in done.stdout
