"""What is known of files stays known as long as they are there."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from impsy.web.library.facts import FactsCache, stamp_of
from impsy.web.workspace import Workspace


def test_a_list_that_was_made_before_a_file_came_does_not_make_it_unknown(tmp_path):
    workspace, looked = Workspace(tmp_path), []

    def find(new, _before):
        looked.extend(path.name for path in new)
        yield {path: {"size": 1} for path in new}

    cache = FactsCache(workspace, workspace.logs, "takes", TypeAdapter(dict[str, Any]), find)
    workspace.logs.mkdir()
    path = workspace.logs / "a.log"
    path.write_text("x")
    now = {path.name: stamp_of(path)}
    assert cache.of(now) == {path.name: ('{"size": 1}', False)}
    assert cache.of({}) == {}
    assert cache.of(now, wait=0.0) == {path.name: ('{"size": 1}', False)}
    assert looked == [path.name]
    path.unlink()
    cache.of({})
    assert cache.of(now)[path.name][0] == '{"size": 1}'
    assert looked == [path.name] * 2
