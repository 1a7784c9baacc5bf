"""Every configuration that the documentation or an example shows is one that IMPSY plays with."""

from __future__ import annotations

import re
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import pytest

from impsy.config import load_config, parse_config
from impsy.config.workspace import STARTER_MODEL, create_workspace
from impsy.models.opening import open_model

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "examples").rglob("*.md"))]
BLOCK = re.compile(r"^( *)```toml[^\n]*\n(.*?)^\1```", re.S | re.M)
FILES = sorted(
    each for folder in ("examples", "packaging") for each in (ROOT / folder).rglob("*.toml") if each.is_file()
)


def blocks() -> list[tuple[str, str]]:
    """(where, text) of every block; one within a list is indented, and so is all that is in it."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            line = text[: match.start()].count("\n") + 1
            found.append((f"{page.relative_to(ROOT)}:{line}", textwrap.dedent(match[2])))
    return found


BLOCKS = blocks()


def controls_of(data: dict[str, Any]) -> int:
    """How many entries the mappings of a fragment have; all have as many."""
    midi = data.get("midi", {})
    mappings = [*midi.get("input", {}).values(), *midi.get("output", {}).values()]
    for section in ("websocket", "serialmidi"):
        mappings += [data.get(section, {}).get(way) for way in ("input", "output")]
    counts = {len(mapping) for mapping in mappings if mapping}
    assert len(counts) <= 1, f"mappings of {sorted(counts)} entries cannot be those of one instrument"
    return counts.pop() if counts else 8


@pytest.mark.parametrize(("where", "text"), BLOCKS, ids=[where for where, _text in BLOCKS])
@pytest.mark.slow
def test_a_block_on_a_page_is_accepted(where, text):
    data = tomllib.loads(text)
    if "model" not in data:  # a fragment: its sections stand for themselves
        text += f"\n[model]\ndimension = {controls_of(data) + 1}\n"
    loaded = parse_config(text, where)
    told = [*loaded.conflicts, *loaded.warnings, *loaded.notes]
    assert not told, [str(problem) for problem in told]


HOW_TO = [(where, text) for where, text in BLOCKS if where.startswith("docs/how-to/")]
WHOLE = [*HOW_TO, *((str(each.relative_to(ROOT)), each.read_text(encoding="utf-8")) for each in FILES)]


@pytest.mark.parametrize(("where", "text"), WHOLE, ids=[where for where, _text in WHOLE])
@pytest.mark.slow
def test_a_whole_configuration_plays_in_a_new_workspace(where, text, tmp_path):
    create_workspace(tmp_path)
    file = tmp_path / "config.toml"
    file.write_text(text, encoding="utf-8")
    loaded = load_config(file)
    told = [*loaded.conflicts, *loaded.warnings, *loaded.notes]
    assert not told, [str(problem) for problem in told]
    model = loaded.model_file()
    assert loaded.config.model.file in {"", STARTER_MODEL}
    if model is not None:
        assert open_model(model).dimension == loaded.config.model.dimension


def test_every_page_on_a_connection_shows_a_configuration():
    pages = {where.split(":")[0] for where, _text in HOW_TO}
    assert pages == {f"docs/how-to/{each.name}" for each in (ROOT / "docs" / "how-to").glob("*.md")}


def test_there_are_examples_of_configurations():
    assert any(each.is_relative_to(ROOT / "examples" / "configs") for each in FILES)
