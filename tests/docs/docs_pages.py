"""What is written for people: the pages, and the blocks, links and commands in them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_FENCE = re.compile(r"^(?P<indent> *)```(?P<language>[\w-]*)[^\n]*\n(?P<text>.*?)^(?P=indent)```", re.M | re.S)
_LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)|(?:href|src)=\"([^\"]+)\"")
_HEADING = re.compile(r"^#{1,6} +(.+?)(?: *\{ *#([\w-]+) *\})? *#*$", re.M)
_OPERATORS = {"|", "||", "&", "&&", ";", "(", ")", ";;"}
_BEFORE = {"sudo", "exec", "env", "time", "nohup"}


@dataclass(frozen=True)
class Block:
    """A fenced block: its language ("" if it has none), and its text without the fence's indentation."""

    page: Path
    language: str
    text: str

    @property
    def where(self) -> str:
        return self.page.relative_to(ROOT).as_posix() if self.page.is_relative_to(ROOT) else self.page.name


def pages() -> list[Path]:
    """Every page of the repository that is written for people."""
    found = [*sorted(ROOT.glob("*.md")), ROOT / "bench" / "README.md"]
    found += sorted((ROOT / "docs").rglob("*.md"))
    examples = ROOT / "examples"
    return found + (sorted(examples.rglob("*.md")) if examples.is_dir() else [])


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page."""
    found = []
    for match in _FENCE.finditer(page.read_text(encoding="utf-8")):
        lines = [line.removeprefix(match["indent"]) for line in match["text"].splitlines()]
        found.append(Block(page, match["language"], "\n".join(lines)))
    return found


def prose(page: Path) -> str:
    """A page without its blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> list[str]:
    """Where links and images of a page lead, as they are written; not those in code."""
    text = re.sub(r"`[^`\n]*`", "", prose(page))
    return [first or second for first, second in _LINK.findall(text)]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and MkDocs make them."""
    found: set[str] = set()
    for heading, given in _HEADING.findall(prose(page)):
        plain = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading)
        name = given or re.sub(r" ", "-", re.sub(r"[^\w\- ]", "", plain.lower()).strip())
        number, unique = 0, name
        while unique in found:
            number += 1
            unique = f"{name}-{number}"
        found |= {unique, re.sub(r"-{2,}", "-", unique)}
    return found


def broken(page: Path) -> list[str]:
    """The links of a page that lead nowhere within the repository."""
    faults = []
    for link in links(page):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            faults.append(link)
    return faults


def commands(block: Block) -> list[list[str]]:
    """What follows ``impsy`` in a block's lines.

    In ``sh`` as a shell reads them; else the words up to an explanation, which stands after two spaces or more.
    """
    text = re.sub(r"\\\n\s*", " ", block.text)
    found: list[list[str]] = []
    for line in text.splitlines():
        if block.language in {"sh", "bash", "console"}:
            found += [shlex.split(inner) for inner in re.findall(r"\$\(impsy ([^)]*)\)", line)]
            found += _after_impsy(line.removeprefix("$ "))
        elif block.language == "" and line.startswith("impsy "):
            found += _after_impsy(re.split(r" {2,}", line, maxsplit=1)[0])
    return found


def _after_impsy(line: str) -> Iterator[list[str]]:
    if "impsy" not in line:
        return
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    simple: list[list[str]] = [[]]
    for word in lexer:
        if word in _OPERATORS:
            simple.append([])
        else:
            simple[-1].append(word)
    for words in simple:
        while words and (words[0] in _BEFORE or re.match(r"\w+=", words[0])):
            words.pop(0)
        stop = next((at for at, word in enumerate(words) if set(word) <= set("<>&")), None)
        kept = words[:stop]
        if stop is not None and kept and kept[-1] in {"1", "2"}:  # the stream that is led elsewhere
            kept.pop()
        if kept and kept[0].rpartition("/")[2] == "impsy":
            yield kept[1:]
        elif kept[1:3] == ["-m", "impsy"]:
            yield kept[3:]


def mentioned(page: Path) -> list[str]:
    """What follows ``impsy`` in the code within a page's sentences."""
    return re.findall(r"`impsy ([^`]+)`", prose(page).replace("\n", " "))
