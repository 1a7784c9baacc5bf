"""“Make it play like me” over HTTP, with real takes, datasets, trainings and models."""

from __future__ import annotations

import json
import os
import tempfile
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from workspaces import TAKES, make_site, served

from impsy.codecs.log import encode_row, log_name
from impsy.config.workspace import STARTER_MODEL, create_workspace
from impsy.data.datasets import read_dataset
from impsy.data.takes import TakeNote, annotate
from impsy.web.api.datasets import ENDPOINTS as DATASETS
from impsy.web.api.models import ENDPOINTS as MODELS
from impsy.web.api.own_model import ENDPOINTS
from impsy.web.api.training import ENDPOINTS as TRAINING
from impsy.web.jobs import training
from impsy.web.jobs.own_playing import is_of_today
from impsy.web.jobs.own_record import ENOUGH_EVENTS, Kept, Record, too_little
from impsy.web.workspace import Workspace
from waiting import wait_until

SECONDS = 240
FAST = {"size": "xxs", "epochs": 1}
CONFIG = '[model]\ndimension = 9\nfile = "{model}"\n'
BASE = f"models/{STARTER_MODEL.rpartition('/')[2]}"


@pytest.fixture
def site(tmp_path):
    create_workspace(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG.format(model=BASE))
    site = make_site(tmp_path)
    site.link.state = {"dimension": 9, "model": BASE.rpartition("/")[2], "log": {"file": ""}}
    yield site
    for run in (site.workspace.private / "training").glob("*/run.json"):
        process = training._process(json.loads(run.read_text()))
        if process is not None:
            process.kill()


@pytest.fixture
def client(site):
    with served(site, ENDPOINTS, TRAINING, MODELS, DATASETS, TAKES) as client:
        yield client


def play(site, events, *, began=None, seed=0, pause_at=None):
    """A take of one control after another, as the starter model knows it; before ``pause_at`` nobody plays."""
    began = began or datetime.now() - timedelta(minutes=10)
    rng = np.random.default_rng(seed)
    path = site.workspace.logs / log_name(began, 9)
    path.parent.mkdir(exist_ok=True)
    values, at = rng.random(8), 0.0
    with path.open("w") as log:
        for event in range(events + 1):
            at += 120.0 if event == pause_at else rng.uniform(0.02, 0.2)
            values[event // 20 % 8] = np.clip(values[event // 20 % 8] + rng.normal(0, 0.03), 0, 1)
            log.write(encode_row(began + timedelta(seconds=at), "interface", values.tolist()))
    return path


def until(client, *stages):
    def there():
        status = client.get("/api/own-model").json()
        return status if status["stage"] in stages else None

    return wait_until(there, SECONDS, lambda: client.get("/api/own-model").json(), every=0.1)


def loaded(site):
    return [values[0] for address, _, values in site.link.sent if address == "/impsy/model"]


@pytest.mark.parametrize(
    ("took", "now", "expected"),
    [
        ("2026-11-28T20-15-00-9d-mdrnn.log", "2026-11-28T22:00", True),
        ("2026-11-28T23-50-00-9d-mdrnn.log", "2026-11-29T00:05", True),
        ("2026-11-29T00-10-00-9d-mdrnn.log", "2026-11-29T00:15", True),
        ("2026-11-28T20-15-00-9d-mdrnn.log", "2026-11-29T04:00", False),
        ("2026-11-29T01-00-00-9d-mdrnn.log", "2026-11-29T22:00", True),
        ("2026-11-27T20-15-00-9d-mdrnn.log", "2026-11-29T00:05", False),
        ("without-a-date-9d-mdrnn.log", "2026-11-29T00:05", False),
    ],
)
def test_an_evening_that_goes_on_past_midnight_is_today(took, now, expected):
    assert is_of_today(took, datetime.fromisoformat(now)) is expected


@pytest.mark.slow
def test_one_request_goes_from_takes_to_a_model_that_plays_and_can_be_kept(site, client):
    play(site, ENOUGH_EVENTS + 200, pause_at=600)
    assert client.get("/api/own-model").json()["stage"] == "idle"
    begun = client.post("/api/own-model", json=FAST).json()
    assert (begun["stage"], begun["before"], begun["failed"]) == ("collecting", BASE, False)
    assert client.post("/api/own-model", json=FAST).status_code == 409
    ready = until(client, "ready", "idle")
    assert ready["stage"] == "ready", ready
    assert ready["now"].startswith("models/like-me-9d-")
    assert isinstance(ready["gain"], float)
    dataset = read_dataset(site.workspace.datasets / "like-me-9d.npz")
    assert len(dataset) == ENOUGH_EVENTS + 200, "no event is lost"
    assert dataset.events[:, 0].max() == 8.0, "but the pause is"
    told = [message["sentence"] for message in site.hub.of("own_model")]
    assert "Learning from 1,200 events that you played today" in told
    # It plays where it foresees better, and the configuration still names the model before.
    assert loaded(site) == ([ready["now"]] if ready["gain"] > 0 else [])
    assert site.config.config.model.file == BASE
    kept = client.post("/api/own-model/keep").json()
    assert (kept["stage"], kept["failed"]) == ("idle", False)
    assert site.config.config.model.file == ready["now"]
    assert loaded(site)[-1] == ready["now"]
    (run,) = client.get("/api/training").json()
    assert (run["status"], f"models/{run['model']}") == ("done", ready["now"])
    (made,) = [model for model in client.get("/api/models").json() if f"models/{model['name']}" == ready["now"]]
    assert (made["dimension"], made["in_use"], made["problem"]) == (9, True, "")
    assert made["facts"]["trained_on"]["dataset"] == "like-me-9d.npz"
    assert client.post("/api/own-model/keep").status_code == 409


@pytest.mark.slow
def test_it_goes_on_with_another_web_process_and_one_can_go_back(site, client, tmp_path):
    play(site, ENOUGH_EVENTS + 50, began=datetime.now() - timedelta(days=3))
    client.post("/api/own-model", json=FAST)
    until(client, "training")
    wait_until(lambda: client.get("/api/training").json(), SECONDS)
    site.close()
    second = make_site(tmp_path)
    second.link.state = dict(site.link.state)
    second.trainings.follow()
    second.own_model.follow()
    with served(second, ENDPOINTS, MODELS) as other:
        process = next(iter(site.trainings._runs.values())).process
        process.wait(SECONDS)
        ready = until(other, "ready", "idle")
        assert ready["stage"] == "ready", ready
        told = [message["sentence"] for message in second.hub.of("own_model")]
        assert "Learning from 1,050 events of all takes, as there are too few of today" in told
        second.link.state["model"] = ready["now"].rpartition("/")[2]
        back = other.post("/api/own-model/back").json()
        assert (back["stage"], loaded(second)[-1]) == ("idle", BASE)
        assert "stays on the page Models" in back["sentence"]
        assert (tmp_path / ready["now"]).is_file()
        assert second.config.config.model.file == BASE


@pytest.mark.slow
def test_stopped_nothing_changes_and_what_was_learned_is_kept(site, client):
    play(site, ENOUGH_EVENTS + 50)
    assert client.post("/api/own-model/stop").status_code == 409
    client.post("/api/own-model", json={**FAST, "epochs": 2000})
    wait_until(lambda: client.get("/api/own-model").json()["progress"], SECONDS)
    stopping = client.post("/api/own-model/stop").json()
    assert stopping["stopping"]
    stopped = until(client, "idle")
    assert stopped["sentence"].startswith("Stopped. The present model plays on. What it had learned so far is on")
    assert (stopped["failed"], stopped["stopping"], loaded(site)) == (False, False, [])
    (run,) = client.get("/api/training").json()
    assert (run["status"], run["resumable"]) == ("stopped", True)
    assert (site.workspace.models / run["model"]).is_file()


@pytest.mark.slow
def test_a_training_that_dies_is_told_and_it_can_begin_again(site, client):
    play(site, ENOUGH_EVENTS + 50)
    client.post("/api/own-model", json={**FAST, "epochs": 2000})
    wait_until(lambda: client.get("/api/own-model").json()["progress"] is not None, SECONDS)
    (run,) = (site.workspace.private / "training").glob("*/run.json")
    psutil.Process(json.loads(run.read_text())["pid"]).kill()
    failed = until(client, "idle")
    assert failed["failed"]
    assert "SIGKILL" in failed["sentence"]
    assert failed["sentence"].endswith("The present model plays on.")
    assert loaded(site) == []
    assert client.post("/api/own-model", json=FAST).json()["stage"] == "collecting"
    client.post("/api/own-model/stop")
    until(client, "idle")


@pytest.mark.slow
def test_too_little_playing_is_told_with_how_much_is_missing(site, client):
    play(site, 300)
    excluded = play(site, 2000, began=datetime.now() - timedelta(days=1))
    annotate(site.workspace.logs, {excluded.name: TakeNote(excluded=True)})
    client.post("/api/own-model", json=FAST)
    ended = until(client, "idle")
    assert not ended["failed"]
    assert ended["sentence"] == (
        "There is too little playing to learn from yet: 300 events, and it takes 1,000. "
        "Play for about a minute more, and try again."
    )
    assert not list(site.workspace.datasets.glob("*.npz"))
    assert client.get("/api/training").json() == []


def test_without_any_take_it_says_so(site, client):
    client.post("/api/own-model", json=FAST)
    assert "0 events, and it takes 1,000. Play for a few minutes" in until(client, "idle")["sentence"]


def test_what_cannot_begin_is_said_at_once(site, client, monkeypatch):
    assert client.post("/api/own-model", json={"size": "huge"}).status_code == 422
    for address in ("keep", "back", "stop"):
        assert client.post(f"/api/own-model/{address}").status_code == 409
    site.link.state = None
    (site.workspace.root / "config.toml").write_text("")
    answer = client.post("/api/own-model", json=FAST)
    assert (answer.status_code, "start the session" in answer.json()["error"]) == (422, True)
    monkeypatch.setattr("impsy.training.backend.find_spec", lambda name: None if name == "jax" else name)
    answer = client.post("/api/own-model", json=FAST)
    assert (answer.status_code, "pip install 'impsy[train]'" in answer.json()["error"]) == (422, True)


def test_several_models_are_trained_elsewhere(site, client):
    voices = '[model]\ndimension = 9\n[[voices]]\nname = "a"\ncontrols = [1, 2]\n'
    (site.workspace.root / "config.toml").write_text(voices)
    answer = client.post("/api/own-model", json=FAST)
    assert (answer.status_code, "page Learn" in answer.json()["error"]) == (409, True), answer.json()


def test_a_model_of_nowhere_is_not_gone_back_to(site, client):
    for name in ("random gestures (no model)", "../../elsewhere.tflite", "", None, 5, "x\0y"):
        site.link.state = {"dimension": 9, "model": name, "log": {"file": ""}}
        assert client.post("/api/own-model", json=FAST).json()["before"] == ""
        until(client, "idle")


def test_of_a_model_that_has_learnt_while_it_played_the_one_before_is_known(site, client):
    learning = {"base": BASE.rpartition("/")[2]}
    site.link.state = {"dimension": 9, "model": "x.tflite + 30 events", "log": {"file": ""}, "learning": learning}
    assert client.post("/api/own-model", json=FAST).json()["before"] == BASE
    until(client, "idle")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{",
        '{"stage": "other"}',
        '{"stage": "ready", "now": "../../x.tflite"}',
        '{"stage": "ready", "run": "../x"}',
    ],
)
def test_a_record_that_is_not_ours_counts_as_none(site, client, text):
    site.workspace.private.mkdir(exist_ok=True)
    (site.workspace.private / "own-model.json").write_text(text)
    site.own_model.follow()
    assert client.get("/api/own-model").json()["stage"] == "idle"
    assert loaded(site) == []


@given(st.text() | st.dictionaries(st.sampled_from(list(Record.__annotations__)), st.text() | st.integers()))
@pytest.mark.slow
def test_whatever_the_record_holds_it_is_read_or_left(content):
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        workspace.private.mkdir()
        text = content if isinstance(content, str) else json.dumps(content)
        (workspace.private / "own-model.json").write_text(text, encoding="utf-8", errors="replace")
        found = Kept(workspace).read()
        assert found is None or isinstance(found, Record)


def test_how_much_more_is_to_be_played():
    assert "Play for a few minutes more" in too_little(0, 0.0)
    assert "Play for about 15 minutes more" in too_little(100, 100.0)
    assert "Play for about a minute more" in too_little(999, 100.0)


def test_a_page_that_is_opened_is_told(site):
    assert {"type": "own_model", **site.own_model.status()} in site.standing()


@pytest.mark.skipif(os.name == "nt", reason="making links takes a permission on Windows")
def test_a_record_of_a_model_that_leads_out_counts_as_none(tmp_path):
    workspace = Workspace(tmp_path / "work")
    for folder in (workspace.private, workspace.models):
        folder.mkdir(parents=True)
    (workspace.private / "own-model.json").write_text('{"stage": "ready", "now": "models/m.tflite"}')
    (workspace.models / "m.tflite").write_bytes(b"")
    assert Kept(workspace).read() is not None
    (workspace.models / "m.tflite").rename(tmp_path / "m.tflite")
    (workspace.models / "m.tflite").symlink_to(tmp_path / "m.tflite")
    assert Kept(workspace).read() is None
