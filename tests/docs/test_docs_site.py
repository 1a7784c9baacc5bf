"""The documentation as pages: built without a warning, and without asking the network for anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
from docs_pages import ROOT

from docs import site_hooks

pytestmark = pytest.mark.slow  # their fixtures take long

LOADED = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}
ABOUT = {"canonical", "prev", "next"}
"""Links in a page's head that load nothing."""


def build(config: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--config-file", str(config), "--site-dir", str(folder)],
        env=os.environ | {"NO_MKDOCS_2_WARNING": "1", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = build(ROOT / "mkdocs.yml", folder)
    assert "WARNING" not in done.stderr, done.stderr
    assert done.returncode == 0, done.stderr
    return folder


class Page(HTMLParser):
    """What a page loads by itself, and the anchors it has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        where = given.get(LOADED.get(tag, ""))
        if where and given.get("rel") not in ABOUT:
            self.loads.append(where)


def test_every_page_is_built_and_can_be_searched(site: Path) -> None:
    index = (site / "search" / "search_index.json").read_text(encoding="utf-8")
    sources = sorted((ROOT / "docs").rglob("*.md"))
    assert len(sources) > 15
    for source in sources:
        place = source.relative_to(ROOT / "docs").with_suffix(".html").as_posix()
        assert (site / place).is_file()
        assert f'"{place}' in index
    for page in ("measuring.html", "changelog.html", "examples.html"):
        assert (site / page).is_file()


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    pages = sorted(site.rglob("*.html"))
    for path in pages:
        for where in Page(path).loads:
            assert not re.match(r"([a-z]+:)?//", where) or where.startswith("data:"), (path.name, where)
            if path.name != "404.html" and not where.startswith("data:"):
                assert (path.parent / where.partition("?")[0].partition("#")[0]).resolve().exists(), (path, where)
        assert 'class="mermaid"' not in path.read_text(encoding="utf-8")  # its script would be fetched
    for style in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", style.read_text(encoding="utf-8")), style


def test_what_is_a_table_list_or_link_is_shown_as_one(site: Path) -> None:
    for path in sorted(site.rglob("*.html")):
        article = path.read_text(encoding="utf-8").partition("<article")[2].partition("</article>")[0]
        plain = re.sub(r"<(pre|code)\b.*?</\1>", "", article, flags=re.S)
        assert re.findall(r"<p>(?:\||[-*] |\d+\. ).*|\]\([^)]*\)|^#+ .*|```.*", plain, flags=re.M) == [], path.name


def test_programs_of_the_documentation_are_no_pages_but_examples_are(site: Path) -> None:
    assert [each.name for each in site.glob("*.py")] == []
    for example in site_hooks.examples():
        assert (site / example).read_bytes() == (ROOT / example).read_bytes()


def test_a_page_with_a_wrong_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# Here\n\n[there](nowhere.md) [anchor](#gone)\n")
    settings = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    kept = re.sub(r"(?ms)^(nav|hooks|extra_css):\n(?:[ ]+.*\n|\n)+?(?=^\S)", "", settings)
    (tmp_path / "mkdocs.yml").write_text(re.sub(r"(?m)^  (logo|favicon):.*\n", "", kept))
    done = build(tmp_path / "mkdocs.yml", tmp_path / "site")
    assert done.returncode != 0
    assert "nowhere.md" in done.stderr
    assert "#gone" in done.stderr


@pytest.mark.parametrize(
    ("place", "written", "shown"),
    [
        ("how-to/midi.md", "[a](../mappings.md#x)", "[a](../mappings.md#x)"),
        ("how-to/midi.md", "[a](../../bench/README.md#b)", "[a](../measuring.md#b)"),
        ("how-to/midi.md", "[a](../../README.md)", "[a](../index.md)"),
        ("how-to/midi.md", "[a](../../examples)", "[a](../examples.md)"),
        ("how-to/midi.md", "[a](../../examples/configs)", "[a](../examples.md)"),
        ("how-to/x.md", "[a](../../examples/pure-data/impsy.pd)", "[a](../examples/pure-data/impsy.pd)"),
        ("examples.md", "[a](pure-data/impsy.pd) [b](configs)", "[a](examples/pure-data/impsy.pd) [b](examples.md)"),
        ("examples.md", "[a](../docs/web.md#sound)", "[a](web.md#sound)"),
        ("changelog.md", "[a](docs/web.md)", "[a](web.md)"),
        ("measuring.md", "![a](../docs/images/live.svg)", "![a](images/live.svg)"),
        ("measuring.md", '<img src="../docs/images/live.svg">', '<img src="images/live.svg">'),
        ("index.md", "[a](https://example.org/x) [b](#c)", "[a](https://example.org/x) [b](#c)"),
        ("index.md", "[a](../src/impsy/errors.py)", "a"),
        ("index.md", "```\n[a](../README.md)\n```\n[b](../README.md)", "```\n[a](../README.md)\n```\n[b](index.md)"),
    ],
)
def test_links_out_of_the_documentation_are_turned(place: str, written: str, shown: str) -> None:
    assert site_hooks.turned(written, place) == shown


def test_the_page_made_of_docstrings_has_what_the_package_offers(site: Path) -> None:
    text = (site / "reference" / "python.html").read_text(encoding="utf-8")
    offered = {
        "open_model",
        "read_log",
        "collect",
        "load_dataset",
        "train",
        "evaluate",
        "replay",
        "Engine",
        "Adapter",
    }
    assert {name for name in offered if f'id="impsy.{name}"' in text} == offered
    assert not re.search(r":(attr|class|data|func|meth|mod):", text)
