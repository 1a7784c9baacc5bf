"""What the pages show beside ``docs/``: the changelog, how to measure, the examples, the icon, a playing instrument.

They stay where they are in the repository, and links between files work in both places: a link that leads out of
``docs/`` is turned, on the way into a page, to where that file is in the site.
"""

from __future__ import annotations

import logging
import posixpath
import re
import subprocess
import sys
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

logger = logging.getLogger("mkdocs.hooks.site")

ROOT = Path(__file__).resolve().parents[1]

TAKEN_IN = {
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "reporting.md",
    "bench/README.md": "measuring.md",
    "examples/README.md": "examples.md",
    "frontend/public/icon.svg": "images/icon.svg",
    "LICENSE": "LICENSE",
}
"""Files of the repository, and their places in the site. All else in ``examples/`` keeps its own."""

INSTEAD = {"README.md": "index.md", "docs": "index.md", "examples": "examples.md", "docs/decisions": "index.md"}
"""What another page stands for."""

EXAMPLES = "examples"

PLAYED_AT = "play"
"""Where the instrument is in the site."""

PLAY_HERE = re.compile(r"^<!-- the instrument plays here -->\n(.*\n)", re.MULTILINE)
"""In the first page: it is shown in the place of the picture, if it can be made."""

INSTRUMENT = f"""\
<iframe class="instrument" src="{PLAYED_AT}/index.html" title="IMPSY, playing in this page" loading="lazy"
  allow="midi; autoplay"></iframe>

This is IMPSY itself, model and all, in your browser: turn on the sound, move the faders, and stop. It answers.
[Open it by itself]({PLAYED_AT}/index.html){{ target=_blank }}, on a phone too; once loaded, it needs no network.
"""

ROLE = re.compile(r":(?:attr|class|data|func|meth|mod):<code>([^<]+?)(?: &lt;[^<]*&gt;)?</code>")
"""A role of reStructuredText, as Markdown renders it; ``text <target>`` is shown as its text."""

SOURCE_LINK = re.compile(r"\[([^\]]+)\]\((?:\.\./)*(?:src|\.github)/[^)\s]*\)")
"""A link to a file that is in the repository alone: the site has its text."""

LINK = re.compile(r"(\]\(|\bhref=\"|\bsrc=\")(?![a-z]+:|#)([^)\s\"#]+)")
"""The beginning of a link of Markdown or HTML, and its target without its anchor; not one to elsewhere."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Take in what is not in ``docs/``."""
    for name, content in instrument().items():
        files.append(File.generated(config, f"{PLAYED_AT}/{name}", content=content))
    for source, place in {**TAKEN_IN, **{each: each for each in examples()}}.items():
        taken = File.generated(config, place, abs_src_path=str(ROOT / source), inclusion=InclusionLevel.INCLUDED)
        files.append(taken)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - MkDocs'
    """Turn links that lead out of ``docs/``, and show the instrument on the first page."""
    if page.file.src_uri == "index.md":
        markdown = PLAY_HERE.sub(INSTRUMENT if instrument() else r"\1", markdown)
    return turned(markdown, page.file.src_uri)


@cache
def instrument() -> dict[str, bytes]:
    """The files of the instrument that plays in a browser, by ``impsy export-page``; none where that is missing."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "impsy", "export-page", "--site", folder]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        if done.returncode:
            logger.info("without the instrument: %s", (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:])
            return {}
        root = Path(folder)
        found = [path for path in sorted(root.rglob("*")) if path.is_file()]
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in found}


def on_page_content(html: str, **_: object) -> str:
    """Names in docstrings are written for Sphinx too (``:func:`impsy.train```): of those, the name is shown."""
    return ROLE.sub(r"<code>\1</code>", html)


def turned(markdown: str, place: str) -> str:
    """The page at this place, with links that hold in the site. What is in blocks of code stays."""
    origins = {taken: source for source, taken in TAKEN_IN.items()}
    source = origins.get(place, f"docs/{place}")

    def turn(found: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), found[2]))
        there = _place_of(target)
        if there is None:
            return found[0]
        return found[1] + posixpath.relpath(there, posixpath.dirname(place) or ".")

    blocks = re.split(r"(^ *```.*?^ *```)", markdown, flags=re.S | re.M)
    return "".join(
        block if number % 2 else LINK.sub(turn, SOURCE_LINK.sub(r"\1", block)) for number, block in enumerate(blocks)
    )


def examples() -> list[str]:
    """The files of the examples, from the repository's root."""
    found = sorted(each.relative_to(ROOT) for each in (ROOT / EXAMPLES).rglob("*") if each.is_file())
    paths = [each.as_posix() for each in found if not any(part.startswith((".", "__")) for part in each.parts)]
    return [path for path in paths if path not in TAKEN_IN]


def _place_of(target: str) -> str | None:
    """Where in the site a file or folder of the repository is; None: nowhere."""
    if target in INSTEAD:
        return INSTEAD[target]
    if target in TAKEN_IN:
        return TAKEN_IN[target]
    if target.startswith("docs/"):
        return target.removeprefix("docs/")
    if target.startswith(f"{EXAMPLES}/"):
        return INSTEAD[EXAMPLES] if (ROOT / target).is_dir() else target
    return None
