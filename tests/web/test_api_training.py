"""Training over HTTP, with real trainings: they go on by themselves, stop when asked, go on again, and are found."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import datetime

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from workspaces import TAKES, make_site, served

from impsy.data.datasets import Dataset, write_dataset
from impsy.errors import DeviceError
from impsy.web.api.datasets import ENDPOINTS as DATASETS
from impsy.web.api.endpoints import openapi
from impsy.web.api.models import ENDPOINTS as MODELS
from impsy.web.api.training import ENDPOINTS
from impsy.web.jobs import runs, training
from impsy.web.jobs.runs import WAITING_SECONDS, CpuTime, Progress
from impsy.web.jobs.training import LOOK_SECONDS, Trainings
from waiting import wait_until

SECONDS = 240
"""In which any of these trainings ends, on a machine that is busy with others."""
BEGIN = {"dataset": "some.npz", "size": "xxs", "batch": 8, "architecture": "plain"}
MODEL = "musicMDRNN-dim3-layers2-units16-mixtures5-scale10"
NAME = "impsy training"


@pytest.fixture
def site(tmp_path):
    site = make_site(tmp_path)
    rng = np.random.default_rng(0)
    walks = np.clip(np.cumsum(rng.normal(0, 0.05, (500, 2)), axis=0) + 0.5, 0, 1)
    events = np.column_stack([rng.uniform(0.02, 0.1, 500), walks])
    write_dataset(site.workspace.datasets / "some.npz", Dataset.of(3, [events]))
    yield site
    for run in (site.workspace.private / "training").glob("*/run.json"):
        text = run.read_text()
        process = training._process(json.loads(text)) if '"command"' in text else None
        if process is not None:
            process.kill()


@pytest.fixture
def client(site):
    with served(site, ENDPOINTS, MODELS, TAKES) as client:
        yield client


def until(client, run_id, condition):
    def run_there():
        run = client.get(f"/api/training/{run_id}").json()
        if condition(run):
            return run
        assert run["status"] in ("running", "stopping"), run
        return None

    return wait_until(run_there, SECONDS, lambda: client.get(f"/api/training/{run_id}").json(), every=0.1)


def watchers():
    return [thread for thread in threading.enumerate() if thread.name == NAME]


def process_of(site, run_id):
    said = json.loads((site.workspace.private / "training" / run_id / "run.json").read_text())
    return psutil.Process(said["pid"])


@pytest.mark.slow
def test_a_run_is_told_of_as_it_goes_and_leaves_a_model(site, client):
    assert not client.get("/api/training").json()
    run = client.post("/api/training", json={**BEGIN, "epochs": 3, "seed": 7}).json()
    process = process_of(site, run["id"])
    assert process.nice() == 19
    assert os.getpgid(process.pid) == process.pid, "Ctrl-C in the terminal is not for it"
    assert (run["status"], run["losses"], run["model"]) == ("running", [], None)
    assert run["options"] == {"epochs": 3, "seed": 7, "batch": 8, "architecture": "plain"}
    again = client.post("/api/training", json=BEGIN)
    assert (again.status_code, "is being trained" in again.json()["error"]) == (409, True)
    assert client.delete(f"/api/training/{run['id']}").status_code == 409
    assert len(watchers()) == 1
    run = until(client, run["id"], lambda run: run["status"] == "done")
    assert (run["epoch"], run["epochs"], run["resumable"]) == (3, 3, False)
    assert [loss["epoch"] for loss in run["losses"]] == [1, 2, 3]
    assert all(loss["held_out"] is not None for loss in run["losses"])
    assert run["pace"] > 0
    assert run["model"] == f"{MODEL}.tflite"
    assert [model["name"] for model in client.get("/api/models").json()] == [run["model"]]
    assert {"training", "models"} <= site.hub.changes
    told = [message["run"] for message in site.hub.of("training")]
    assert told[-1]["status"] == "done"
    assert {each["epoch"] for each in told} > {0}
    wait_until(lambda: not watchers(), what="that nothing looks, as nothing runs")
    undo = client.delete(f"/api/training/{run['id']}").json()["undo"]
    assert client.get("/api/training").json() == []
    assert (site.workspace.models / run["model"]).exists()
    client.post(f"/api/undo/{undo}")
    assert client.get("/api/training").json()[0]["model"] == run["model"]


@pytest.mark.slow
def test_a_run_stops_with_the_best_survives_its_web_process_and_goes_on(site, client, tmp_path):
    run_id = client.post("/api/training", json={**BEGIN, "epochs": 2000, "patience": 2000}).json()["id"]
    until(client, run_id, lambda run: run["epoch"] >= 2)
    site.trainings.close()
    # Another web process, as far as it can tell: it knows only the folder.
    second = make_site(tmp_path)
    with served(second, ENDPOINTS) as other:
        assert other.get("/api/training").json()[0]["status"] == "running"
        assert other.post("/api/training", json=BEGIN).status_code == 409
        seen = other.get(f"/api/training/{run_id}").json()["epoch"]
        until(other, run_id, lambda run: run["epoch"] > seen)
        stopping = other.post(f"/api/training/{run_id}/stop").json()
        assert stopping["status"] == "stopping"
        assert other.post(f"/api/training/{run_id}/stop").status_code in (200, 409), "asked again, nothing more"
        # It is this process's child, which alone can clear it away.
        site.trainings._runs[run_id].process.wait(SECONDS)
        run = until(other, run_id, lambda run: run["status"] == "stopped")
        assert run["model"] == f"{MODEL}.tflite"
        assert run["resumable"]
        wait_until(lambda: second.hub.of("training")[-1]["run"]["status"] == "stopped")
        assert other.post(f"/api/training/{run_id}/stop").status_code == 409
        before = run["epoch"]
        resumed = other.post(f"/api/training/{run_id}/resume").json()
        assert (resumed["status"], len(resumed["losses"])) == ("running", before)
        run = until(other, run_id, lambda run: run["epoch"] > before)
        assert [loss["epoch"] for loss in run["losses"]] == sorted({loss["epoch"] for loss in run["losses"]})
        process_of(second, run_id).send_signal(signal.SIGKILL)
        run = until(other, run_id, lambda run: run["status"] == "interrupted")
        assert "SIGKILL" in run["sentence"]
        assert run["resumable"]


@pytest.mark.slow
def test_a_run_that_fails_says_why(site, client):
    write_dataset(site.workspace.datasets / "few.npz", Dataset.of(3, [np.zeros((4, 3))]))
    run_id = client.post("/api/training", json={**BEGIN, "dataset": "few.npz"}).json()["id"]
    run = until(client, run_id, lambda run: run["status"] == "failed")
    assert "too little" in run["sentence"] or "at least" in run["sentence"], run["sentence"]
    assert "Traceback" not in run["sentence"]
    assert not run["resumable"]
    assert client.post(f"/api/training/{run_id}/resume").status_code == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"dataset": "gone.npz"}, 404),
        ({"dataset": "../some.npz"}, 422),
        ({"dataset": "some.npz", "size": "huge"}, 422),
        ({"dataset": "some.npz", "epochs": 0}, 422),
        ({"dataset": "some.npz", "minutes": -1}, 422),
        ({"dataset": "some.npz", "other": 1}, 422),
        ({"dataset": "bad.npz"}, 422),
    ],
)
@pytest.mark.slow
def test_what_cannot_be_trained_is_said(site, client, body, status):
    (site.workspace.datasets / "bad.npz").write_bytes(b"no")
    assert client.post("/api/training", json=body).status_code == status
    assert not (site.workspace.private / "training").exists()
    for address in ("x/stop", "x/resume", "..%2Fx/stop"):
        assert client.post(f"/api/training/{address}").status_code == 404
    assert client.delete("/api/training/x").status_code == 404


def test_without_what_training_needs_it_says_how_to_get_it(site, client, monkeypatch):
    monkeypatch.setattr("impsy.training.backend.find_spec", lambda name: None if name == "jax" else name)
    answer = client.post("/api/training", json=BEGIN)
    assert (answer.status_code, "pip install 'impsy[train]'" in answer.json()["error"]) == (422, True)


# --- runs that are found on the disk ---------------------------------------------------------------


def write_run(site, run_id="one", log="", lines=(), **said):
    folder = site.workspace.private / "training" / run_id
    folder.mkdir(parents=True)
    usual = {
        "dataset": "some.npz",
        "size": "xxs",
        "model": MODEL,
        "started": f"2026-09-26T10:00:00.{len(list(folder.parent.iterdir()))}00",
        "options": {},
        "status": "running",
        "pid": 2**22 + 1,
        "made": 1.0,
    }
    (folder / "run.json").write_text(json.dumps(usual | said))
    (folder / "progress.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (folder / "log.txt").write_text(log)
    return folder


START = {"event": "start", "recipe": {"steps": 10, "epochs": 20}, "resumed_at": 0}


def progress(epoch, **more):
    figures = {"loss": 2.0, "held_out": 1.0, "best": 1.0, "step_ms": 5.0, "left": 9.0, "note": ""}
    return {"event": "progress", "step": epoch * 10, "total": 200, "epoch": epoch, **figures, **more}


@pytest.mark.parametrize(
    ("log", "lines", "status", "words"),
    [
        ("", [START, progress(1)], "interrupted", "from outside"),
        ("W0 a warning\nError: no room for it\n", [START], "failed", "no room for it"),
        ("", [START, progress(1), {"event": "done", "files": ["models/a.tflite"], "figures": {"ended": "stopped"}}],
         "stopped", "after epoch 1"),
        ("", [{"event": "done", "files": [], "figures": {"ended": "the schedule is complete", "held_out_nll": 0.5}}],
         "done", "schedule is complete"),
    ],
)  # fmt: skip
def test_a_run_whose_process_is_gone_is_found_as_it_ended(site, client, log, lines, status, words):
    write_run(site, log=log, lines=lines)
    (run,) = client.get("/api/training").json()
    assert (run["status"], words in run["sentence"]) == (status, True), run
    assert not watchers()


def test_a_model_with_a_name_of_its_own_is_moved_to_the_models_once_it_is_complete(site, client):
    made = MODEL.replace("mixtures5", "mixtures27")
    done = {"event": "done", "files": [f"x/{made}.tflite"], "figures": {"ended": "stopped"}}
    folder = write_run(site, name="mine", lines=[{**START, "name": made}, done])
    (folder / "model").mkdir()
    for suffix in (".tflite", ".json", ".training.npz"):
        (folder / "model" / f"{made}{suffix}").write_bytes(suffix.encode())
    (run,) = client.get("/api/training").json()
    assert (run["status"], run["model"], run["resumable"]) == ("stopped", "mine.tflite", True)
    assert sorted(path.name for path in site.workspace.models.iterdir()) == ["mine.json", "mine.tflite"]
    assert (site.workspace.models / "mine.tflite").read_bytes() == b".tflite"


def test_how_long_it_went_on_is_known(site, client):
    ended = datetime.now().isoformat(timespec="seconds")
    write_run(site, status="stopped", launched=time.time() - 90, ended=ended)
    write_run(site, "two", status="stopped", made=None, ended="never")
    seconds = {run["id"]: run["seconds"] for run in client.get("/api/training").json()}
    assert 85 < seconds["one"] < 100
    assert seconds["two"] == 0


def test_a_process_without_processor_time_waits():
    cpu = CpuTime()
    assert not cpu.look(100.0, 3.0)
    assert not cpu.look(100.0 + WAITING_SECONDS - 1, 3.1)
    assert cpu.look(100.0 + WAITING_SECONDS, 3.1)
    assert cpu.waiting
    assert not cpu.look(500.0, 3.2)
    assert cpu.look(501.0, 4.5)
    assert not cpu.waiting
    # A process that was started again has used less.
    assert not cpu.look(502.0, 0.1)


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0, 1)), max_size=40))
def test_one_that_computes_never_waits(steps):
    cpu, now, used = CpuTime(), 0.0, 0.0
    for seconds, share in steps:
        now, used = now + seconds, used + seconds * max(share, 0.2)
        cpu.look(now, used)
        assert not cpu.waiting


@pytest.mark.slow
def test_a_training_that_gets_no_time_says_so(site, client, monkeypatch):
    monkeypatch.setattr(runs, "WAITING_SECONDS", 0.2)
    code = "import time; time.sleep(60)"
    with subprocess.Popen([sys.executable, "-c", code, "impsy", "train"]) as sleeper:
        try:
            write_run(site, pid=sleeper.pid, made=psutil.Process(sleeper.pid).create_time())
            (run,) = wait_until(lambda: [each for each in client.get("/api/training").json() if each["waiting"]])
        finally:
            sleeper.kill()
    assert run["status"] == "running"
    assert "waits for the processor" in run["sentence"]
    wait_until(lambda: not watchers())


def test_another_process_that_got_the_same_number_is_not_taken_for_it(site, client):
    write_run(site, pid=os.getpid(), made=psutil.Process().create_time() - 100)
    assert client.get("/api/training").json()[0]["status"] == "interrupted"


def test_a_process_that_does_not_train_is_not_taken_for_it(site, client):
    # A workspace that came from elsewhere may name any process of this machine.
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as bystander:
        try:
            write_run(site, pid=bystander.pid, made=psutil.Process(bystander.pid).create_time())
            assert client.get("/api/training").json()[0]["status"] == "interrupted"
            assert client.post("/api/training/one/stop").status_code == 409
            assert bystander.poll() is None
        finally:
            bystander.kill()


@pytest.mark.parametrize(
    "said",
    [
        {"dataset": "../../other.npz"},
        {"dataset": "/etc/passwd"},
        {"model": "../x"},
        {"name": "../x"},
        {"name": ""},
        {"name": 5},
    ],
)
def test_a_run_that_names_files_elsewhere_is_left_alone(site, client, said):
    write_run(site, status="stopped", **said)
    assert client.get("/api/training").json() == []
    assert client.post("/api/training/one/resume").status_code == 404


def test_a_full_disk_does_not_end_the_looking(site, client, monkeypatch):
    def refuse(*_):
        raise DeviceError("no space left")

    waits = [sys.executable, "-c", "import sys; sys.stdin.read()", "impsy", "train"]
    with (
        subprocess.Popen(waits, stdin=subprocess.PIPE) as first,
        subprocess.Popen(waits, stdin=subprocess.PIPE) as second,
    ):
        for name, process in (("one", first), ("two", second)):
            write_run(site, name, pid=process.pid, made=psutil.Process(process.pid).create_time())
        assert [run["status"] for run in client.get("/api/training").json()] == ["running", "running"]
        with monkeypatch.context() as full:
            full.setattr(training, "write_whole", refuse)
            first.communicate()
            wait_until(lambda: client.get("/api/training/one").json()["status"] != "running", every=0.05)
            time.sleep(3 * LOOK_SECONDS)
            assert len(watchers()) == 1
        second.communicate()
    until(client, "two", lambda run: run["status"] == "interrupted")


def test_only_the_latest_of_a_model_goes_on_as_there_is_one_state_of_it(site, client):
    write_run(site, "one", status="stopped")
    write_run(site, "two", status="stopped")
    assert [run["resumable"] for run in client.get("/api/training").json()] == [False, False]
    site.workspace.models.mkdir()
    (site.workspace.models / f"{MODEL}.training.npz").write_bytes(b"")
    runs = client.get("/api/training").json()
    assert [(run["id"], run["resumable"]) for run in runs] == [("two", True), ("one", False)]
    assert client.post("/api/training/one/resume").status_code == 409


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"dataset": 5}', '{"size": "huge"}'])
def test_a_folder_that_is_no_run_is_left_alone(site, client, text):
    folder = write_run(site)
    said = json.loads((folder / "run.json").read_text())
    changed = json.dumps(said | json.loads(text)) if text.startswith('{"') else text
    (folder / "run.json").write_text(changed)
    assert client.get("/api/training").json() == []
    assert (folder / "run.json").read_text() == changed


def test_what_is_told_is_read_in_pieces_and_whatever_is_in_it(tmp_path):
    path = tmp_path / "progress.jsonl"
    progressing = Progress(path)
    assert not progressing.look()
    lines = [START, progress(1), progress(2, held_out=None), progress(3, note="diverged")]
    text = "".join(json.dumps(line) + "\n" for line in lines)
    for end in range(0, len(text) + 7, 7):
        path.write_text(text[:end])
        progressing.look()
    assert [loss["epoch"] for loss in progressing.losses] == [1, 2, 3]
    assert progressing.losses[1]["held_out"] is None
    assert (progressing.epochs, progressing.phase, progressing.notes) == (20, "learning", ["diverged"])
    with path.open("a") as file:
        file.write('nonsense\n{"event": "other"}\n{"event": "progress"}\n[]\n"x"\n{"event": ["start"]}\n')
        file.write(json.dumps({**START, "resumed_at": 15}) + "\n" + json.dumps(progress(2)) + "\n")
    progressing.look()
    assert [loss["epoch"] for loss in progressing.losses] == [1, 2], "what a crash cost is told anew"


def test_long_curves_are_thinned_in_lists(site, client):
    write_run(site, lines=[START, *(progress(epoch) for epoch in range(1, 1001))])
    (run,) = client.get("/api/training").json()
    assert len(run["losses"]) <= 300
    assert run["losses"][-1]["epoch"] == 1000
    assert len(client.get("/api/training/one").json()["losses"]) == 1000


def test_a_process_that_is_found_is_stopped_as_by_ctrl_c(site, client):

    code = (
        "import signal,time; signal.signal(signal.SIGINT, lambda *_: exit(0)); print(1, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code, "impsy", "train"], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        write_run(site, pid=process.pid, made=psutil.Process(process.pid).create_time())
        assert client.get("/api/training").json()[0]["status"] == "running"
        assert len(watchers()) == 1
        assert client.post("/api/training/one/stop").json()["status"] == "stopping"
        assert process.wait(20) == 0
    run = until(client, "one", lambda run: run["status"] == "stopped")
    assert run["sentence"] == "stopped before anything was learned"


def test_all_of_the_workspace_is_described():
    told = openapi([*ENDPOINTS, *MODELS, *TAKES, *DATASETS], "1")
    assert json.loads(json.dumps(told)) == told
    assert {each["name"] for each in told["paths"]["/api/takes/{name}/picture"]["get"]["parameters"]} == {
        "name",
        "points",
        "from",
        "to",
    }


def test_closing_leaves_what_runs_alone(site):
    trainings = Trainings(site.workspace, site.hub, trash=None)
    trainings.close()
    trainings.close()
    assert trainings.all() == []
