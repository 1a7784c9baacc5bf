"""What the pages show of the program is what it is: quoted code, code that runs, figures that can be made."""

from __future__ import annotations

import contextlib
import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from docs import make_modes
from docs.make_figures import make_all
from impsy.modes import MODES

ROOT = Path(__file__).resolve().parents[2]
PYTHON = re.compile(r"^```python\n(.*?)^```", re.S | re.M)
EXTENDING = PYTHON.findall((ROOT / "docs" / "extending.md").read_text(encoding="utf-8"))
QUOTED = [block for block in EXTENDING if block.startswith("def ")]


def squeezed(code: str) -> str:
    """Without the white space, which is another where it is indented less."""
    return "".join(code.split())


@pytest.mark.parametrize("block", QUOTED, ids=[block.split("(")[0].removeprefix("def ") for block in QUOTED])
def test_the_code_on_the_page_is_that_of_the_files(block):
    sources = [
        ROOT / "examples" / "extending" / "udp_lines.py",
        ROOT / "src" / "impsy" / "perform" / "building" / "serial.py",
    ]
    assert any(squeezed(block) in squeezed(source.read_text(encoding="utf-8")) for source in sources)


def test_all_that_a_transport_takes_is_quoted():
    assert {block.split("(")[0] for block in QUOTED} >= {"def _serve", "def _read", "def send", "def rehearse"}


def test_the_engine_without_a_clock_plays_what_the_page_says():
    (code,) = [block for block in EXTENDING if "Rehearsal(" in block]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "extending.md", "exec"), {})
    assert printed.getvalue() == "[(3.5, (0.2, 0.8)), (4.0, (0.2, 0.8)), (4.5, (0.2, 0.8))]\n"


@pytest.mark.slow
def test_the_figures_are_drawn_from_the_model_and_all_of_them_are_shown(tmp_path):
    make_all(tmp_path)
    made = {figure.name for figure in tmp_path.glob("*.svg")}
    for figure in tmp_path.glob("*.svg"):
        assert ET.parse(figure).getroot().tag.endswith("svg")
    page = (ROOT / "docs" / "explanation" / "network.md").read_text(encoding="utf-8")
    assert set(re.findall(r"\.\./images/(network-[\w-]+\.svg)", page)) == made
    assert {each.name for each in (ROOT / "docs" / "images").glob("network-*.svg")} == made


@pytest.mark.slow
def test_every_mode_has_its_picture_and_it_can_be_made(tmp_path):
    make_modes.make_all(tmp_path)
    made = sorted(path.name for path in tmp_path.iterdir())
    assert made == sorted(f"mode-{name}.svg" for name in MODES)
    for name in made:
        assert ET.parse(tmp_path / name).getroot().tag.endswith("svg")
        assert (ROOT / "docs" / "images" / name).is_file()
