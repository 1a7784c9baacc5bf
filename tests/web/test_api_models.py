"""Models over HTTP: listed with their facts, played with, evaluated, sent and fetched."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from workspaces import CONFIG, TAKES, make_site, record, served

from impsy.config import load_config
from impsy.data.datasets import Dataset, write_dataset
from impsy.errors import DataError
from impsy.models.sizes import SIZES
from impsy.models.tflite.write import encode_tflite
from impsy.models.weights import random_weights
from impsy.web.api import models as models_api
from impsy.web.api.models import ENDPOINTS, REPORT_POLICY
from impsy.web.library import worker as jobs
from impsy.web.library.models import read_verdict
from waiting import wait_until

MADE = {"made_by": "a test", "figures": {"held_out_nll": -1.5}}


def tflite(dimension=3):
    return encode_tflite(random_weights(dimension, SIZES["xxs"], rng=np.random.default_rng(0)), facts=MADE)


@pytest.fixture
def site(tmp_path):
    site = make_site(tmp_path)
    site.workspace.models.mkdir()
    return site


@pytest.fixture
def client(site):
    with served(site, ENDPOINTS, TAKES) as client:
        yield client


def put(site, name="mine.tflite", **what):
    path = site.workspace.models / name
    path.write_bytes(tflite(**what))
    return path


@pytest.mark.parametrize(
    ("created", "made"),
    [
        ("2026-11-27T12:27:09+00:00", "2026-11-27T12:27:09+00:00"),
        ("yesterday", ""),
        (5, ""),
        (None, ""),
    ],
)
@pytest.mark.slow
def test_a_copy_was_not_made_when_it_was_copied(site, client, created, made):
    weights = random_weights(3, SIZES["xxs"], rng=np.random.default_rng(0))
    (site.workspace.models / "copy.tflite").write_bytes(encode_tflite(weights, facts={**MADE, "created": created}))
    os.utime(site.workspace.models / "copy.tflite", (1e9, 1e9))
    (model,) = wait_until(lambda: [each for each in client.get("/api/models").json() if not each["looking"]])
    assert model["made"] == made
    assert model["changed"].startswith("2001-09-")


@pytest.mark.slow
def test_the_model_in_use_stays_so_while_the_configuration_is_broken(site, client):
    put(site)
    good = CONFIG.replace('file = ""', 'file = "models/mine.tflite"')
    for text in (good, good.replace("dimension = 3", 'dimension = "three"'), good + "[broken"):
        site.workspace.config.write_text(text)
        assert [each["in_use"] for each in client.get("/api/models").json()] == [True], text


@pytest.mark.slow
def test_models_are_listed_with_their_facts_and_files(site, client):
    put(site)
    (site.workspace.models / "mine.json").write_text("{}")
    (site.workspace.models / "mine.keras").write_bytes(b"PK\x03\x04 not looked at: the other one plays")
    (site.workspace.models / "mine.training.npz").write_bytes(b"")
    (site.workspace.models / "bad.tflite").write_text("<html>")
    site.workspace.config.write_text(CONFIG.replace('file = ""', 'file = "models/mine.tflite"'))
    models = {model["name"]: model for model in client.get("/api/models").json()}
    assert set(models) == {"mine.tflite", "bad.tflite"}
    mine = models["mine.tflite"]
    wanted = {"dimension": 3, "size": "xxs", "layers": 2, "units": 16, "mixtures": 5, "in_use": True, "report": False}
    assert {key: mine[key] for key in wanted} == wanted
    assert (mine["facts"]["made_by"], mine["architecture"], mine["problem"]) == ("a test", "plain", "")
    assert mine["files"] == ["mine.tflite", "mine.keras", "mine.json"]
    assert "it is a web page" in models["bad.tflite"]["problem"]
    assert not models["bad.tflite"]["in_use"]


@pytest.mark.slow
def test_a_model_is_checked_before_it_is_kept(site, client):
    model = client.post("/api/models?name=new.tflite", content=tflite()).json()
    assert (model["name"], model["dimension"], model["problem"]) == ("new.tflite", 3, "")
    assert client.get("/api/models/new.tflite/file").content == tflite()
    assert client.post("/api/models?name=new.tflite", content=tflite(4)).status_code == 409
    for name, content in (("a.tflite", b"<html>"), ("a.txt", tflite()), ("../a.h5", tflite()), ("a.h5", b"\x80\x04")):
        answer = client.post("/api/models", params={"name": name}, content=content)
        assert answer.status_code == 422
        assert str(site.workspace.root) not in answer.json()["error"]
    assert [path.name for path in site.workspace.models.iterdir()] == ["new.tflite"]
    assert not list(site.workspace.private.glob("scratch/*"))


@pytest.mark.slow
def test_a_model_is_deleted_and_comes_back_with_all_its_files(site, client):
    path = put(site)
    (site.workspace.models / "mine.json").write_text("{}")
    undo = client.delete("/api/models/mine.tflite").json()["undo"]
    assert list(site.workspace.models.iterdir()) == []
    client.post(f"/api/undo/{undo}")
    assert sorted(each.name for each in site.workspace.models.iterdir()) == ["mine.json", path.name]
    site.workspace.config.write_text(CONFIG.replace('file = ""', 'file = "models/mine.tflite"'))
    answer = client.delete("/api/models/mine.tflite")
    assert (answer.status_code, "plays with" in answer.json()["error"]) == (409, True)


def test_playing_with_a_model_switches_the_session_and_is_written_down(site, client):
    put(site)
    site.workspace.config.write_text(CONFIG)
    assert "next start" in client.post("/api/models/mine.tflite/use").json()["sentence"]
    assert site.workspace.config.read_text() == CONFIG.replace('file = ""', 'file = "models/mine.tflite"')
    assert site.link.sent == []
    site.link.run(3)
    assert client.post("/api/models/mine.tflite/use").json()["model"] == "models/mine.tflite"
    assert site.link.sent == [("/impsy/model", "s", ("models/mine.tflite",))]
    assert {"config", "models"} <= site.hub.changes


@pytest.mark.parametrize(
    ("config", "session", "status", "words"),
    [
        (CONFIG.replace("dimension = 3", "dimension = 4").replace("[midi]", "[other]"), None, 409, "configuration 4"),
        (CONFIG, 9, 409, "the session 9"),
        ("", None, 404, "set the workspace up"),
        ("[model]\ndimension = 0\n", None, 422, "dimension"),
    ],
)
@pytest.mark.slow
def test_a_model_that_does_not_fit_is_not_played_with(site, client, config, session, status, words):
    put(site)
    if config:
        site.workspace.config.write_text(config)
    if session:
        site.link.run(session)
    answer = client.post("/api/models/mine.tflite/use")
    assert (answer.status_code, words in answer.json()["error"]) == (status, True), answer.text
    assert site.link.sent == []
    assert not config or site.workspace.config.read_text() == config


@pytest.mark.slow
def test_models_of_voices_are_in_use_and_none_plays_instead_of_them(site, client):
    put(site)
    site.workspace.config.write_text(
        '[model]\ndimension = 6\n[[voices]]\nname = "bass"\nmodel = "models/mine.tflite"\ncontrols = [5, 3]\n'
    )
    (mine,) = client.get("/api/models").json()
    assert mine["in_use"]
    answer = client.post("/api/models/mine.tflite/use")
    assert answer.status_code == 409
    assert "[[voices]], each with a model of its own: name mine.tflite as the model of one" in answer.json()["error"]
    assert client.delete("/api/models/mine.tflite").status_code == 409


def test_a_model_that_is_damaged_is_not_played_with(site, client):
    (site.workspace.models / "bad.tflite").write_bytes(tflite()[:2000])
    site.workspace.config.write_text(CONFIG)
    assert client.post("/api/models/bad.tflite/use").status_code == 422
    assert client.post("/api/models/gone.tflite/use").status_code == 404
    assert client.post("/api/models/config.toml/use").status_code == 422


@pytest.mark.slow
def test_a_report_is_made_by_a_job_and_runs_nothing_in_the_page(site, client):
    put(site)
    rng = np.random.default_rng(0)
    steps = np.clip(np.cumsum(rng.normal(0, 0.05, (400, 2)), axis=0) + 0.5, 0, 1)
    events = np.column_stack([rng.uniform(0.02, 0.1, 400), steps])
    write_dataset(site.workspace.datasets / "some.npz", Dataset.of(3, [events]))
    write_dataset(site.workspace.datasets / "other.npz", Dataset.of(4, [np.zeros((400, 4))]))
    assert client.get("/api/models/mine.tflite/report").status_code == 404
    address = "/api/models/mine.tflite/report"
    assert client.post(address, json={"dataset": "other.npz"}).status_code == 409
    assert client.post(address, json={"dataset": "gone.npz"}).status_code == 404
    assert client.post(address, json={"dataset": "some.npz"}).json()["evaluating"]
    assert client.post(address, json={"dataset": "some.npz"}).status_code == 409
    wait_until(lambda: site.hub.of("sentence"), 120, every=0.1)
    assert site.hub.of("sentence")[0]["level"] == "info", site.hub.of("sentence")
    page = client.get(address)
    assert page.headers["content-security-policy"] == REPORT_POLICY
    assert page.headers["content-type"].startswith("text/html")
    assert b"mine.tflite" in page.content
    (model,) = client.get("/api/models").json()
    assert (model["report"], model["evaluating"]) == (True, False)
    assert 1 <= len(model["verdict"]) <= 3
    assert model["verdict"][0]["text"].encode() in page.content
    os.utime(put(site))
    (other,) = client.get("/api/models").json()
    assert (other["report"], other["verdict"]) == (False, []), "it was of another model of this name"
    assert client.get(address).status_code == 404


@given(
    st.binary(max_size=60)
    | st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda x: st.lists(x, max_size=4)
                   | st.dictionaries(st.sampled_from(["results", "verdict", "text", "evidence"]), x))
    .map(lambda x: json.dumps(x).encode())
)  # fmt: skip
@pytest.mark.slow
def test_figures_that_are_not_ours_give_no_verdict(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "mine.tflite.html"
        report.with_suffix(".json").write_bytes(content)
        assert len(read_verdict(report)) <= 3
        report.with_suffix(".json").unlink()
        assert read_verdict(report) == []


@pytest.mark.slow
def test_an_evaluation_that_fails_says_why(site, client):
    put(site)
    write_dataset(site.workspace.datasets / "few.npz", Dataset.of(3, [np.zeros((3, 3))]))
    client.post("/api/models/mine.tflite/report", json={"dataset": "few.npz"})
    wait_until(lambda: site.hub.of("sentence"), every=0.1)
    (told,) = site.hub.of("sentence")
    assert told["level"] == "error"
    assert "Traceback" not in told["text"]
    assert not client.get("/api/models").json()[0]["report"]


@pytest.mark.slow
def test_a_file_that_ends_who_reads_it_spoils_no_list(site, client, monkeypatch):
    put(site, "good.tflite")
    put(site, "evil.tflite")

    def work(task, folder, *, files, **more):
        if any("evil" in file for file in files):
            raise DataError("reading it ended the process that did")
        return jobs.work(task, folder, files=files, **more)

    monkeypatch.setattr("impsy.web.library.facts.work", work)
    problems = {model["name"]: model["problem"] for model in client.get("/api/models").json()}
    assert problems == {"good.tflite": "", "evil.tflite": "reading it ended the process that did"}


def test_tasks_that_die_or_take_too_long_are_errors_in_words(tmp_path):
    with pytest.raises(DataError, match="ended the process"):
        jobs.work("no such task", tmp_path)
    with pytest.raises(DataError, match="took more than"):
        jobs.work("describe_models", tmp_path, seconds=0.001, files=[])


@settings(max_examples=6)
@given(st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=3), st.integers(0, 20_000))
@pytest.mark.slow
def test_any_upload_is_taken_or_refused_in_words(tmp_path_factory, damage, length):
    content = bytearray(tflite())
    for place, byte in damage:
        content[place % len(content)] = byte
    with served(make_site(tmp_path_factory.mktemp("any")), ENDPOINTS) as client:
        answer = client.post("/api/models?name=x.tflite", content=bytes(content[: length or None]))
        assert answer.status_code in (200, 422)


def test_takes_and_models_do_not_mix(site, client):
    path = record(site.workspace.logs, 3)
    assert client.get(f"/api/models/{path.name}/file").status_code == 422


@pytest.mark.parametrize("stated", [None, 2, 3, 5, 9])
@pytest.mark.parametrize("mapped", [None, 1, 2, 8])
@pytest.mark.parametrize("trained", [3, 9])
@pytest.mark.slow
def test_a_model_of_another_dimension_is_used_where_the_dimension_can_be_set(site, client, stated, mapped, trained):
    put(site, dimension=trained)
    text = "[model]\n" + ("" if stated is None else f"dimension = {stated} # mine\n")
    text += "" if mapped is None else f"[websocket]\ninput = {[['note_on', 1]] * mapped}\n".replace("'", '"')
    site.workspace.config.write_text(text)
    known = {stated, None if mapped is None else mapped + 1} - {None}
    answer = client.post("/api/models/mine.tflite/use")
    if len(known) < 2:  # else the configuration is broken before
        assert (answer.status_code == 200) == (known <= {trained})
    if answer.status_code == 409:
        assert f"has dimension {trained}" in answer.json()["error"]
        assert f"set dimension = {trained}" in answer.json()["error"]
        assert site.workspace.config.read_text() == text
    fixed = client.post("/api/models/mine.tflite/use?set_dimension=true")
    assert (fixed.status_code == 200) == (mapped in (None, trained - 1))
    after = load_config(site.workspace.config).config if fixed.status_code == 200 else None
    if after is not None:
        assert after.model.file == "models/mine.tflite"
        assert stated is None or after.model.dimension == trained
        assert ("dimension" in site.workspace.config.read_text()) == (stated is not None)
    else:
        assert site.workspace.config.read_text() == text
        assert any(words in fixed.json()["error"] for words in ("websocket.input", "each mapping"))


def test_an_upload_beyond_the_limit_is_refused_whether_or_not_it_says_so(client):
    length = {"content-length": str(models_api.LIMIT + 1)}
    assert client.post("/api/models?name=x.tflite", content=b"x", headers=length).status_code == 413
    piece = bytes(1 << 20)
    sent = []

    async def body():  # without an end that is known, so without a length
        while len(sent) * len(piece) < 2 * models_api.LIMIT:
            sent.append(1)
            yield piece

    assert client.post("/api/models?name=x.tflite", content=body()).status_code == 413
    assert len(sent) * len(piece) <= models_api.LIMIT + 2 * len(piece)
