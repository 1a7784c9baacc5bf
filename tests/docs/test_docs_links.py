"""Links between files of the repository lead somewhere; to elsewhere they are few, and encrypted."""

from __future__ import annotations

from pathlib import Path

import pytest
from docs_pages import ROOT, anchors, broken, links, pages


@pytest.mark.parametrize("page", [pytest.param(each, id=each.relative_to(ROOT).as_posix()) for each in pages()])
@pytest.mark.slow
def test_links_and_images_lead_somewhere(page: Path) -> None:
    assert broken(page) == []
    assert [link for link in links(page) if link.startswith("http:") and "127.0.0.1" not in link] == []


def test_what_leads_nowhere_is_found(tmp_path: Path) -> None:
    (tmp_path / "there.md").write_text("# One `thing`: *two*\n\n# Again\n\n# Again\n\n## Here { #given }\n")
    page = tmp_path / "page.md"
    page.write_text(
        "# Top\n\n[a](there.md) [b](there.md#one-thing-two) [c](#top) [d](there.md#again-1) [e](there.md#given)\n"
        '![gone](gone.png) [f](there.md#three) [g](#bottom) <img src="no.gif"> [h](https://example.org/x)\n'
        "`[i](code.md)`\n\n```sh\n[j](block.md)\n```\n"
    )
    assert broken(page) == ["gone.png", "there.md#three", "#bottom", "no.gif"]
    assert {"one-thing-two", "again", "again-1", "given"} <= anchors(tmp_path / "there.md")
