"""The stylesheets of the pages: what one page has loaded stays loaded, so it must not match on another."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parents[2] / "frontend" / "src"
FRAME = SOURCE / "main.tsx"
PAGES = sorted((SOURCE / "pages").glob("*.tsx"))

IMPORT = re.compile(r'^(?:import|export)\s(?:[^"]*?from\s)?"(\.[^"]+)"|^} from "(\.[^"]+)"', re.MULTILINE)
CLASS = re.compile(r'(?:class|class[nN]ame)=(?:"([^"]*)"|\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\})')
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)


@cache
def closure(file: Path) -> tuple[frozenset[Path], frozenset[Path]]:
    """The modules that a module loads at once, itself among them, and their stylesheets."""
    modules, sheets, waiting = {file}, set(), [file]
    while waiting:
        module = waiting.pop()
        for found in IMPORT.findall(module.read_text(encoding="utf-8")):
            path = (module.parent / (found[0] or found[1])).resolve()
            if path.suffix == ".css":
                sheets.add(path)
                continue
            here = next(
                (each for each in (path.with_suffix(".ts"), path.with_suffix(".tsx")) if each.is_file()), None
            )
            if here is not None and here not in modules:
                modules.add(here)
                waiting.append(here)
    return frozenset(modules), frozenset(sheets)


@cache
def classes_in(module: Path) -> frozenset[str]:
    """The classes that a component may give."""
    words = set()
    for plain, computed in CLASS.findall(module.read_text(encoding="utf-8")):
        texts = re.findall(r'"([^"]*)"', computed)  # those of a choice within a template, too
        texts += [re.sub(r"\$\{(?:[^{}]|\{[^{}]*\})*\}", " ", each) for each in re.findall(r"`([^`]*)`", computed)]
        for text in [plain, *texts]:
            words |= set(re.findall(r"[a-z][\w-]*", text))
    return frozenset(words)


def classes_of(page: Path) -> set[str]:
    """Those of a page and of the frame around it."""
    modules = closure(page)[0] | closure(FRAME)[0]
    return set().union(*map(classes_in, modules))


def selectors(sheet: Path) -> list[str]:
    """Each selector of a sheet by itself; without those for a state of the root, which a page sets and ends."""
    text = COMMENT.sub("", sheet.read_text(encoding="utf-8"))
    text = re.sub(r"@keyframes [^{]*\{(?:[^{}]*\{[^{}]*\})*\s*\}", "", text)
    heads = [head.strip() for head in re.findall(r"([^{};]+)\{", text)]
    parts = [part.strip() for head in heads if not head.startswith("@") for part in apart(head)]
    return [part for part in parts if not part.startswith(":root[data-")]


def apart(head: str) -> list[str]:
    """At the commas that are in no parentheses."""
    return re.split(r",(?![^()]*\))", head)


SHEETS = sorted({sheet for page in PAGES for sheet in closure(page)[1]} - closure(FRAME)[1])


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: str(sheet.relative_to(SOURCE)))
def test_a_stylesheet_matches_nothing_on_pages_that_do_not_load_it(sheet):
    others = [page for page in PAGES if sheet not in closure(page)[1]]
    assert len(others) < len(PAGES)
    leaks = {
        f"{selector} on {page.stem}"
        for page in others
        for selector in selectors(sheet)
        if all(name in classes_of(page) for name in re.findall(r"\.([a-z][\w-]*)", alternatives(selector)))
    }
    assert not leaks


def alternatives(selector: str) -> str:
    """Without what may also be something else, or must not be."""
    return re.sub(r":(?:is|where|not)\([^)]*\)", "", selector)
