"""One training shared between two processes is the same training."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from commands import NAME, PLAIN, SAVED_AT_ONCE, SMALL, Running, Trained, python, running, train

from ports import free_port

pytestmark = pytest.mark.slow

UNFINISHED = f"{NAME}.training.npz"
SUFFIXES = (".json", ".keras", ".tflite")
IMPATIENT = "import impsy.training.distributed.parallel; impsy.training.distributed.parallel.PATIENCE = 1.0"


@contextlib.contextmanager
def pair(folder: Path, *arguments: object, patch: str = "") -> Iterator[list[Running]]:
    """Two processes that share a training; each has a folder of its own to write in."""
    together = ("--distributed", "--coordinator", f"127.0.0.1:{free_port()}", "--processes", "2")
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(
                running(folder / str(index), *arguments, "-O", "models", *together, "--index", index, patch=patch)
            )
            for index in range(2)
        ]


def ended(runs: list[Running]) -> list[int]:
    return [run.end() for run in runs]


@pytest.fixture(scope="module")
def crashed(tmp_path_factory, dataset_file):
    """The training of the ``plain`` fixture in two processes, of which one is killed: the other, and the folder."""
    folder = tmp_path_factory.mktemp("both")
    with pair(folder, dataset_file, *PLAIN, "-N", "8", patch=SAVED_AT_ONCE) as (leader, other):
        leader.wait_for("progress", 2)
        other.process.kill()
        leader.end()
        other.end()
    return leader, leader.errors.read_text(), folder


@pytest.fixture(scope="module")
def both(crashed, dataset_file):
    """The same, gone on with to the end: the two processes, and their folder."""
    *_, folder = crashed
    state = folder / "0" / "models" / UNFINISHED
    (folder / "1" / "models").mkdir()
    (folder / "1" / "models" / UNFINISHED).write_bytes(state.read_bytes())
    with pair(folder, dataset_file, *PLAIN, "-N", "8", "--resume") as runs:
        assert ended(runs) == [0, 0], [run.errors.read_text() for run in runs]
    return runs, folder


def test_when_one_goes_the_other_says_so(crashed):
    leader, errors, _ = crashed
    assert leader.process.returncode == 1
    (told,) = [line for line in errors.splitlines() if line.startswith("Error")]
    assert "another process of this training has gone" in told
    assert "--resume" in told
    assert "Traceback" not in errors


def test_the_same_loss_as_one_process(both, plain):
    """Within float noise: the same windows are drawn, and there is no dropout. Sums are taken in another order, and
    what that makes of the last bit grows: 500 steps are compared."""
    together = Trained(both[0][0].events, both[1] / "0" / "models")
    assert len(plain.curve) == 8
    np.testing.assert_allclose(together.curve[0], plain.curve[0], rtol=1e-4)
    np.testing.assert_allclose(together.curve[:4], plain.curve[:4], rtol=5e-3)
    assert together.description["recipe"] == plain.description["recipe"]


def test_both_go_on_where_they_were(both, plain):
    steps = plain.description["recipe"]["steps"]
    leader, other = (run.events for run in both[0])
    assert leader[0]["resumed_at"] == other[0]["resumed_at"] >= steps
    assert leader[1]["step"] == other[1]["step"] == leader[0]["resumed_at"] + steps


def test_each_computes_half_of_a_step(both, plain):
    starts = [run.events[0] for run in both[0]]
    assert [start["windows_here"] for start in starts] == [4, 4]
    assert plain.events[0]["windows_here"] == 8
    assert all("2 processes" in start["device"] for start in starts)


def test_both_follow_one_course(both):
    leader, other = ([each for each in run.events if each["event"] == "progress"] for run in both[0])
    assert [each["held_out"] for each in leader] == [each["held_out"] for each in other]
    assert [each["loss"] for each in leader] == [each["loss"] for each in other]


def test_only_the_first_writes_files(both):
    runs, folder = both
    assert sorted(path.name for path in (folder / "0" / "models").iterdir()) == [f"{NAME}{each}" for each in SUFFIXES]
    # What we put there for it to go on from, and nothing else.
    assert [path.name for path in (folder / "1" / "models").iterdir()] == [UNFINISHED]
    assert [run.events[-1]["event"] for run in runs] == ["done", "progress"]


COMPILED = """
import json, re, sys
from pathlib import Path
import numpy as np
from impsy.data.windows import split_windows
from impsy.training.backend import prepare
from impsy.training.learning import plan_for
prepare()
import jax
from impsy.training.distributed.parallel import Devices
from impsy.training.fitting import Training
devices = Devices(jax.device_count())
plan, dataset = plan_for(Path(sys.argv[1]), Path("none"), size="xxs", architecture="plain", batch=128)
training = Training(dataset, split_windows(dataset), plan.recipe, devices=devices)
learner = training.learner
compiled = learner._step.lower(
    training.state, learner._events, learner._starts, learner._heard, learner._key, np.int32(0), np.float32(0.001)
).compile()
text = compiled.as_text()
print(json.dumps({
    "flops": compiled.cost_analysis()["flops"],
    "meetings": len(re.findall(r" (?:all-reduce|all-gather|all-to-all|collective-permute)(?:-start)?[(]", text)),
}))
"""


def test_what_is_compiled_is_half_the_work_and_one_meeting(tmp_path, dataset_file):
    """In one process with two devices, which the compiler divides as it does between two processes."""
    alone, shared = (
        json.loads(python(tmp_path, COMPILED, dataset_file, JAX_NUM_CPU_DEVICES=str(count))) for count in (1, 2)
    )
    assert (alone["meetings"], shared["meetings"]) == (0, 1)
    # What does not depend on the batch, as the optimizer's step, is done by each.
    assert shared["flops"] == pytest.approx(alone["flops"] / 2, rel=0.05)


def test_with_dropout_it_learns_as_well(tmp_path, gestures, dataset_file):
    """Each process draws its own dropout, so that the two trainings differ as two seeds do: by some hundredths."""
    with pair(tmp_path, dataset_file, *SMALL, "-N", "2") as runs:
        assert ended(runs) == [0, 0], [run.errors.read_text() for run in runs]
    together = Trained(runs[0].events, tmp_path / "0" / "models")
    assert together.description["recipe"]["dropout"] > 0
    alone = gestures.description["figures"]["held_out_nll"]
    assert together.description["figures"]["held_out_nll"] == pytest.approx(alone, abs=0.2)


def test_ctrl_c_in_one_ends_both_in_order(tmp_path, dataset_file):
    with pair(tmp_path, dataset_file, *PLAIN, "-N", "100000", "--no-earlystopping") as runs:
        runs[0].wait_for("progress", 2)
        runs[1].process.send_signal(signal.SIGINT)
        assert ended(runs) == [0, 0], [run.errors.read_text() for run in runs]
    assert runs[0].events[-1]["figures"]["ended"] == "stopped"
    assert (tmp_path / "0" / "models" / f"{NAME}.tflite").exists()


@pytest.mark.slow
def test_nobody_waits_for_ever(tmp_path, dataset_file):
    together = ("--distributed", "--coordinator", f"127.0.0.1:{free_port()}", "--processes", "2")
    alone = train(tmp_path, dataset_file, *PLAIN, *together, "--index", "0", patch=IMPATIENT)
    assert (alone.returncode, alone.stdout) == (1, "")
    assert "those with --index 1 did not come within 1 seconds" in alone.stderr
    assert alone.stderr.count("\n") == 1
    other = train(tmp_path, dataset_file, *PLAIN, *together, "--index", "1", patch=IMPATIENT)
    assert (other.returncode, other.stdout) == (1, "")
    assert "process 0 does not answer" in other.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.slow
def test_different_options_are_told_to_both(tmp_path, dataset_file):
    together = (
        dataset_file,
        *PLAIN,
        "--distributed",
        "--coordinator",
        f"127.0.0.1:{free_port()}",
        "--processes",
        "2",
    )
    with (
        running(tmp_path / "0", *together, "--index", "0") as first,
        running(tmp_path / "1", *together, "--index", "1", "--seed", "3") as second,
    ):
        assert ended([first, second]) == [1, 1]
    assert first.errors.read_text() == second.errors.read_text()
    assert "process 1 has other data" in first.errors.read_text()
