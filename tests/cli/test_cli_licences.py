"""``impsy licences``: all that others wrote is named, and on what terms."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from impsy.cli.licences import bundled, command, installed
from impsy.errors import DataError

FRONTEND = Path(__file__).resolve().parents[2] / "frontend"


def run(*arguments: str) -> str:
    result = CliRunner().invoke(command, arguments)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.output


@pytest.mark.slow
def test_every_library_of_the_pages_is_named_with_its_whole_licence():
    wanted = set(json.loads((FRONTEND / "package.json").read_text())["dependencies"])
    parts = bundled()
    assert wanted - {"uPlot"} <= {part.name for part in parts}
    for part in parts:
        assert part.licence
        assert "copyright" in part.text.lower()
        assert "## " not in part.text
    shown = run()
    for part in parts:
        line = rf"^  {re.escape(part.name)} {re.escape(part.version)} +{part.licence}$"
        assert re.search(line, shown, re.MULTILINE)


@pytest.mark.slow
def test_the_python_packages_that_it_needs_are_named_and_those_of_developers_are_not():
    names = {part.name.lower() for part in installed()}
    assert {"numpy", "h5py", "click", "rich", "pydantic"} <= names
    assert not names & {"pytest", "ruff", "mypy", "impsy"}
    assert all(part.licence for part in installed())


@pytest.mark.slow
def test_one_licence_in_full_and_all():
    assert "Permission is hereby granted" in run("PREACT")
    assert "Redistribution and use" in run("numpy")
    everything = run("--texts")
    assert everything.count("\n=== ") == len(bundled()) + len(installed())


@pytest.mark.slow
def test_what_is_no_part_is_told_with_what_to_do():
    with pytest.raises(DataError, match="`impsy licences` lists them"):
        run("tensorflow-and-more")


def test_ableton_link_is_told_to_be_under_the_gpl(monkeypatch):
    asked = ["LinkPython-extern>=1.3; extra == 'link'"]
    monkeypatch.setattr("impsy.cli.licences.metadata.requires", lambda _name: asked)
    assert re.search(r"LinkPython-extern .*Ableton Link: GPL", run(), re.IGNORECASE)
