"""Slow, strange and many files cost nobody else: one reader for each list, others get what is known."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import httpx
import numpy as np
import pytest
from web_core import make_workspace, serving_site
from workspaces import make_site, record, served

from impsy.data.datasets import Dataset, write_dataset
from impsy.errors import DataError
from impsy.web.api import endpoints
from impsy.web.library import facts, worker
from impsy.web.server.app import API_MODULES
from impsy.web.site import Site
from waiting import wait_until

TABLES = [module.ENDPOINTS for module in API_MODULES]


def put_datasets(site, *names):
    for name in names:
        write_dataset(site.workspace.datasets / name, Dataset.of(3, [np.zeros((40, 3))]))


@pytest.fixture
def slow(monkeypatch):
    """Have files whose names hold “slow” read for as long as this is not set; and count who reads."""
    go_on, reading = threading.Event(), []

    def work(task, folder, **arguments):
        if any("slow" in file for file in arguments.get("files", ())):
            reading.append(threading.current_thread())
            go_on.wait(60)
        return worker.work(task, folder, **arguments)

    monkeypatch.setattr(facts, "work", work)
    monkeypatch.setattr(facts, "WAIT_SECONDS", 0.5)
    monkeypatch.setattr(facts, "BATCH_FILES", 1)
    yield reading, go_on
    go_on.set()


@pytest.mark.slow
def test_one_reads_and_all_others_get_what_is_known(tmp_path, monkeypatch, slow):
    reading, go_on = slow
    site = make_site(tmp_path)
    put_datasets(site, "a.npz")
    with served(site, *TABLES) as client:
        monkeypatch.setattr(facts, "WAIT_SECONDS", 60.0)
        assert [each["looking"] for each in client.get("/api/datasets").json()] == [False]
        put_datasets(site, "slow.npz", "b.npz")
        monkeypatch.setattr(facts, "WAIT_SECONDS", 0.1)
        with ThreadPoolExecutor(20) as pool:
            answers = list(pool.map(lambda _: client.get("/api/datasets").json(), range(20)))
        assert len(reading) <= 1
        assert all([each["name"] for each in answer] == ["a.npz", "b.npz", "slow.npz"] for answer in answers)
        assert all((answer[0]["events"], answer[0]["looking"]) == (40, False) for answer in answers)
        assert all(answer[2]["looking"] for answer in answers)
        go_on.set()
        wait_until(lambda: "datasets" in site.hub.changes, what="that the pages are told")
        wait_until(lambda: [each["events"] for each in client.get("/api/datasets").json()] == [40] * 3, every=0.2)
        assert len(reading) == 1


@pytest.mark.slow
def test_what_was_found_is_kept_though_the_rest_takes_long(tmp_path, monkeypatch, slow):
    _, go_on = slow
    monkeypatch.setattr(facts, "TELL_SECONDS", 0.0)
    site = make_site(tmp_path)
    put_datasets(site, "a.npz", "b.npz", "slow.npz")
    with served(site, *TABLES) as client:
        client.get("/api/datasets")
        known = site.workspace.private / "known" / "datasets.json"
        wait_until(lambda: known.exists() and len(json.loads(known.read_bytes())["files"]) == 2)
        go_on.set()


@pytest.fixture
def busy(monkeypatch):
    """Requests for lists wait until this is set."""
    go_on, waiting = threading.Event(), []

    def wait(_self, *_, **__):
        waiting.append(threading.current_thread())
        go_on.wait(60)
        return []

    monkeypatch.setattr("impsy.web.library.datasets.Datasets.all", wait)
    monkeypatch.setattr("impsy.web.library.models.Models.all", wait)
    yield go_on, waiting
    go_on.set()


@pytest.mark.slow
def test_stop_and_status_do_not_queue_behind_lists(tmp_path, busy):
    go_on, waiting = busy
    site = Site(make_workspace(tmp_path))
    with serving_site(site) as server, httpx.Client(base_url=server.url, timeout=30) as client:
        url = server.url

        def ask_for(what):
            with suppress(httpx.HTTPError):  # so many at once may be turned away at the door
                httpx.get(f"{url}/api/{what}", timeout=60)

        ask = [threading.Thread(target=ask_for, args=(what,), daemon=True) for what in ["datasets", "models"] * 45]
        for each in ask:
            each.start()
        wait_until(lambda: len(waiting) >= 2 * endpoints.THREADS, what="that all threads for lists wait")
        assert client.get("/api/session").status_code == 200
        assert client.post("/api/session/stop", json={}).status_code == 200
        assert client.get("/api/config").status_code == 200
        go_on.set()
        for each in ask:
            each.join(60)


def test_each_module_answers_by_threads_of_its_own(tmp_path):
    site = make_site(tmp_path)
    table = [*TABLES[0], *TABLES[-1]]
    assert len({row.handler.__module__ for row in table}) == 2
    assert endpoints.THREADS * len(API_MODULES) < 200
    assert len(endpoints.routes(table, site)) == len(table)


@pytest.mark.slow
def test_a_file_that_takes_too_long_costs_the_others_nothing(tmp_path, monkeypatch):
    """Nor one that ends its process: the batch is read again, each by itself."""
    asked = []

    def work(task, folder, *, files, seconds):
        asked.append((len(files), seconds))
        if any("slow" in file for file in files):
            raise DataError("this took more than 30 s")
        return worker.work(task, folder, files=files, seconds=seconds)

    monkeypatch.setattr(facts, "work", work)
    site = make_site(tmp_path)
    put_datasets(site, "a.npz", "b.npz", "slow.npz")
    with served(site, *TABLES) as client:
        told = {each["name"]: (each["events"], each["problem"]) for each in client.get("/api/datasets").json()}
    assert told == {"a.npz": (40, ""), "b.npz": (40, ""), "slow.npz": (0, "this took more than 30 s")}
    assert asked[0][0] == 3
    assert all(30 <= seconds < 31 for _, seconds in asked)


def test_a_large_file_comes_last_and_by_itself(tmp_path):
    sizes = {tmp_path / str(size): size for size in (9, 1, 5, 2)}
    batches = facts.in_batches(sizes, 2, 6)
    assert [[path.name for path in batch] for batch in batches] == [["1", "2"], ["5"], ["9"]]


SCAN = {
    "read": 10,
    "tail": "x",
    "counts": {"lines": 1, "performer": 1, "model": 0, "others": 0, "malformed": 0, "wider": 0},
    "first": 1,
    "last": 1,
    "seconds": 1.0,
    "problems": [],
}
TAKE = {"scan": SCAN, "started": "2026-01-01", "seconds": 1.0, "problem": ""}


@pytest.mark.parametrize(
    "poison",
    [
        [],
        7,
        {},
        {"problem": ""},
        {"problem": 7},
        {"scan": [1], "seconds": "x", "started": 5, "problem": 7},
        {**TAKE, "seconds": -1},
        {**TAKE, "seconds": "long"},
        {**TAKE, "started": ["x"]},
        {**TAKE, "more": 1},
        {**TAKE, "scan": {**SCAN, "first": 10**30}},
        {**TAKE, "scan": {**SCAN, "read": -5}},
        {**TAKE, "scan": {**SCAN, "counts": {"performer": "no"}}},
        {**TAKE, "scan": None},
        "1e999",
        "NaN",
    ],
)
def test_facts_that_came_with_a_workspace_are_checked(tmp_path, poison):
    """Nonsense is found anew; sound facts of another file beside it stay."""
    site = make_site(tmp_path)
    paths = [record(site.workspace.logs, 20, minute=minute) for minute in range(2)]
    known = site.workspace.private / "known" / "takes.json"
    known.parent.mkdir(parents=True)
    files = {path.name: [list(facts.stamp_of(path)), each] for path, each in zip(paths, (poison, TAKE), strict=True)}
    text = json.dumps({"format": 4, "files": files})
    if isinstance(poison, str):  # a number that no JSON has, or that is none
        text = text.replace(f'"{poison}"', json.dumps(TAKE).replace("1.0", poison, 1))
    known.write_text(text)
    with served(site, *TABLES) as client:
        other, take = client.get("/api/takes").json()
        assert (take["seconds"], take["events"], take["looking"]) == (1.9, 14, False)
        if not isinstance(poison, str):
            assert (other["seconds"], other["started"]) == (1.0, "2026-01-01")


@pytest.mark.parametrize("poison", [{"dimension": "nine", "facts": 7, "size": []}, {"dimension": -3}, {"facts": {}}])
@pytest.mark.slow
def test_so_are_those_of_datasets_and_models(tmp_path, poison):
    site = make_site(tmp_path)
    put_datasets(site, "d.npz")
    site.workspace.models.mkdir()
    (site.workspace.models / "m.tflite").write_bytes(b"no model")
    for what, path in (
        ("datasets", site.workspace.datasets / "d.npz"),
        ("models", site.workspace.models / "m.tflite"),
    ):
        known = site.workspace.private / "known" / f"{what}.json"
        known.parent.mkdir(parents=True, exist_ok=True)
        known.write_text(json.dumps({"format": 4, "files": {path.name: [list(facts.stamp_of(path)), poison]}}))
    with served(site, *TABLES) as client:
        assert [(each["events"], each["problem"]) for each in client.get("/api/datasets").json()] == [(40, "")]
        assert client.get("/api/datasets/d.npz").json()["events"] == 40
        assert "not a model" in client.get("/api/models").json()[0]["problem"]


def test_the_first_page_does_not_wait_for_models_to_be_read(tmp_path, monkeypatch, slow):
    _, go_on = slow
    monkeypatch.setattr("impsy.web.api.overview._WAIT_SECONDS", 0.1)
    site = make_site(tmp_path)
    site.workspace.config.write_text("[model]\ndimension = 3\n")
    site.workspace.models.mkdir()
    (site.workspace.models / "slow.tflite").write_bytes(b"no model")
    with served(site, *TABLES) as client:
        told = client.get("/api/overview").json()
        assert (told["dimension"], len(told["controls"]), told["models"]) == (3, 2, [])
        go_on.set()
        wait_until(lambda: "models" in site.hub.changes, what="that the pages are told")


def test_many_takes_are_text_once_they_are_known(tmp_path):
    """Encoding tens of thousands for each request would keep what is played waiting."""
    site = make_site(tmp_path)
    names = [record(site.workspace.logs, 3, minute=minute).name for minute in range(5)]
    with served(site, *TABLES) as client:
        first = client.get("/api/takes").json()
        made = []
        site.takes._take = lambda *given, take=site.takes._take: made.append(given[0]) or take(*given)
        assert client.get("/api/takes").json() == first
        assert not made
        client.patch(f"/api/takes/{names[2]}", json={"title": "mine"})
        made.clear()
        assert [each["title"] for each in client.get("/api/takes").json()] == ["", "", "mine", "", ""]
        assert made == [names[2]]


def test_long_answers_are_encoded_piece_by_piece(tmp_path, monkeypatch):
    """The encoder lets no other thread run before it has done."""
    encoded = []

    class Encoder:
        def encode(self, value, encode=endpoints._ENCODER.encode):
            encoded.append(len(value) if isinstance(value, list) else 1)
            return encode(value)

    monkeypatch.setattr(endpoints, "_ENCODER", Encoder())
    row = endpoints.Endpoint("GET", "/x", lambda: [{"number": number} for number in range(1000)], "")
    answer = endpoints._handle(row, make_site(tmp_path), {})
    assert [each["number"] for each in json.loads(answer.body)] == list(range(1000))
    assert max(encoded) <= 64
