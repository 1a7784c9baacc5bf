"""A workspace may have come from anyone: what the web interface writes in it stays in it."""

from __future__ import annotations

import os

import pytest
from web_core import make_workspace

from impsy.errors import DataError
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
