"""A workspace may have come from anyone: what the web interface writes in it stays in it."""

from __future__ import annotations

import json
import os

import pytest
from web_core import make_workspace
from workspaces import CONFIG, make_site, record, served

from impsy.errors import DataError
from impsy.web.server.app import API_MODULES
from impsy.web.site import Site


@pytest.mark.parametrize(
    "link", [".impsy", ".impsy/session.log", ".impsy/known", ".impsy/training/one", ".impsy/trash/abc/entry.json"]
)
def test_what_is_kept_does_not_lead_out_of_the_workspace(tmp_path, link):
    workspace = make_workspace(tmp_path / "work")
    outside = tmp_path / "outside"
    outside.mkdir()
    (workspace.root / link).parent.mkdir(parents=True, exist_ok=True)
    (workspace.root / link).symlink_to(outside)
    with pytest.raises(DataError, match="leads out"), Site(workspace):
        pass
    assert not list(outside.iterdir())


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_kept_is_no_pipe_that_would_never_end(tmp_path):
    workspace = make_workspace(tmp_path)
    (workspace.private / "known").mkdir(parents=True)
    os.mkfifo(workspace.private / "known" / "takes.json")
    with pytest.raises(DataError, match=r"takes\.json is neither"), Site(workspace):
        pass


def test_links_within_the_workspace_are_fine(tmp_path):
    workspace = make_workspace(tmp_path)
    (workspace.private / "trash").mkdir(parents=True)
    (workspace.private / "trash" / "here").symlink_to(workspace.root / "models")
    (workspace.private / "trash" / "round").symlink_to("round")
    with Site(workspace) as site:
        assert site.supervisor.status()["status"] == "stopped"


ROW = "2026-01-01T00:00:00.000,interface,0.5,0.5\n"


@pytest.fixture
def elsewhere(tmp_path):
    """A folder that is not the workspace's, with one file of each kind."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    record(folder, 3)
    for name in ("d.npz", "m.tflite", "config.toml", "takes.json"):
        (folder / name).write_text("secret")
    return folder


@pytest.mark.parametrize("name", ["logs", "datasets", "models"])
def test_a_folder_that_leads_out_is_neither_read_nor_written(tmp_path, elsewhere, name):
    site = make_site(tmp_path / "work")
    site.workspace.root.mkdir(exist_ok=True)
    (site.workspace.root / name).symlink_to(elsewhere)
    before = {path.name: path.read_bytes() for path in elsewhere.iterdir()}
    list_of = {"logs": "takes"}.get(name, name)
    files = {"logs": "2026-09-26T10-00-00-3d-mdrnn.log", "datasets": "d.npz", "models": "m.tflite"}
    one = f"/api/{list_of}/{files[name]}"
    with served(site, *(module.ENDPOINTS for module in API_MODULES)) as client:
        asked = [
            client.get(f"/api/{list_of}"),
            client.get(f"{one}/file"),
            client.delete(one),
        ]
        if name == "logs":
            asked.append(client.post("/api/takes?name=2026-09-26T11-00-00-3d-mdrnn.log", content=ROW))
            asked += [client.patch(one, json={"title": "x"}), client.get(f"{one}/picture"), client.get(f"{one}/midi")]
        assert [(answer.status_code, "leads out" in answer.json()["error"]) for answer in asked] == [
            (422, True)
        ] * len(asked)
        assert client.get("/api/overview").status_code == 200
        if name == "logs":
            site.workspace.config.write_text(CONFIG)
            assert "leads out" in client.post("/api/session/start", json={}).json()["error"]
    assert {path.name: path.read_bytes() for path in elsewhere.iterdir()} == before


def test_files_that_lead_out_are_not_listed_and_not_given(tmp_path, elsewhere):
    site = make_site(tmp_path / "work")
    links = {"logs": "2026-09-26T10-00-00-3d-mdrnn.log", "datasets": "d.npz", "models": "m.tflite"}
    for folder, name in links.items():
        (site.workspace.root / folder).mkdir(parents=True)
        (site.workspace.root / folder / name).symlink_to(elsewhere / name)
    (site.workspace.logs / "takes.json").symlink_to(elsewhere / "takes.json")
    site.workspace.config.symlink_to(elsewhere / "config.toml")
    with served(site, *(module.ENDPOINTS for module in API_MODULES)) as client:
        for folder, name in links.items():
            where = {"logs": "takes"}.get(folder, folder)
            assert client.get(f"/api/{where}").json() == []
            for answer in (client.get(f"/api/{where}/{name}/file"), client.delete(f"/api/{where}/{name}")):
                assert "leads out" in answer.json()["error"]
        for answer in (
            client.get("/api/config"),
            client.get("/api/config/file"),
            client.ask("PUT", "/api/config", json={"text": CONFIG, "stamp": ""}),
            client.post("/api/setup", json={"template": "browser"}),
        ):
            assert answer.status_code == 507
            assert "leads out" in answer.json()["error"]
        assert client.get("/api/overview").json()["configured"]
        site.workspace.logs.joinpath(links["logs"]).unlink()
        path = record(site.workspace.logs, 3, minute=1)
        assert client.patch(f"/api/takes/{path.name}", json={"title": "mine"}).json()["title"] == "mine"
    assert (elsewhere / "takes.json").read_text() == (elsewhere / "config.toml").read_text() == "secret"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_in_place_of_files_keep_nobody_waiting(tmp_path):
    site = make_site(tmp_path / "work")
    for name in ("logs/takes.json", "models/m.tflite", "datasets/d.npz", "config.toml"):
        (site.workspace.root / name).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(site.workspace.root / name)
    path = record(site.workspace.logs, 3)
    with served(site, *(module.ENDPOINTS for module in API_MODULES)) as client:
        for where in ("/api/takes", "/api/overview", "/api/models", "/api/datasets", "/api/session"):
            assert client.get(where).status_code == 200, where
        assert "a pipe" in client.get("/api/config").json()["error"]
        assert client.patch(f"/api/takes/{path.name}", json={"title": "mine"}).json()["title"] == "mine"
    site.supervisor._log.add("before")
    (site.workspace.private / "session.log").unlink()
    os.mkfifo(site.workspace.private / "session.log")
    assert site.supervisor._log.add("a line")["text"] == "a line"


def test_what_a_killed_process_had_not_finished_is_removed_and_what_another_makes_stays(tmp_path):
    workspace = make_workspace(tmp_path)
    own, dead = workspace.scratch(), workspace.private / "scratch" / "999999999-abc"
    dead.mkdir()
    (dead / "half.npz").write_text("half")
    with Site(workspace):
        assert list((workspace.private / "scratch").iterdir()) == [own]


def test_titles_are_not_read_through_a_link_that_leads_out(tmp_path, elsewhere):
    site = make_site(tmp_path / "work")
    path = record(site.workspace.logs, 3)
    (elsewhere / "takes.json").write_text(json.dumps({"format": 1, "takes": {path.name: {"title": "secret"}}}))
    (site.workspace.logs / "takes.json").symlink_to(elsewhere / "takes.json")
    with served(site, *(module.ENDPOINTS for module in API_MODULES)) as client:
        assert [each["title"] for each in client.get("/api/takes").json()] == [""]


def test_files_beside_a_model_that_lead_out_are_not_its(tmp_path, elsewhere):
    site = make_site(tmp_path / "work")
    site.workspace.models.mkdir(parents=True)
    (site.workspace.models / "m.tflite").write_text("no model")
    (elsewhere / "m.json").write_text("{}")
    (site.workspace.models / "m.json").symlink_to(elsewhere / "m.json")
    with served(site, *(module.ENDPOINTS for module in API_MODULES)) as client:
        assert [each["files"] for each in client.get("/api/models").json()] == [["m.tflite"]]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_are_not_listed(tmp_path):
    site = make_site(tmp_path / "work")
    for name in ("models/m.tflite", "datasets/d.npz"):
        (site.workspace.root / name).parent.mkdir(parents=True, exist_ok=True)
        os.mkfifo(site.workspace.root / name)
    with served(site, *(module.ENDPOINTS for module in API_MODULES)) as client:
        assert client.get("/api/models").json() == client.get("/api/datasets").json() == []
