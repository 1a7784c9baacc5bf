"""``impsy licences``: whose work this is made of, and on what terms."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path

import click

from impsy.cli.terminal import echo
from impsy.errors import DataError

__all__ = ["Part", "bundled", "command", "installed"]

_HEADING = re.compile(r"^## (\S+) - (\S+) \(([^)]+)\)\s*$", re.MULTILINE)
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_FOR_DEVELOPERS = re.compile(r"extra\s*==\s*['\"]dev['\"]")
_LONGEST = 40
_CONTAINS = {"linkpython-extern": "with Ableton Link: GPL-2.0-or-later"}
"""What a package has in it that its own licence does not tell."""

_FILES = re.compile(r"(^|/)(licen[cs]e|copying|notice)[^/]*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """Something that others wrote. ``text`` is its licence in full, "" where the package does not bring it."""

    name: str
    version: str
    licence: str
    text: str


@click.command("licences")
@click.argument("name", required=False)
@click.option("--texts", is_flag=True, help="Every licence in full.")
def command(name: str | None, texts: bool) -> None:
    """List the libraries that the pages are made of and the Python packages that IMPSY uses, with their licences.

    With NAME, show that one's licence in full.

    \b
    impsy licences
    impsy licences preact
    impsy licences --texts > licences.txt
    """
    pages, packages = bundled(), installed()
    if name is not None:
        found = [part for part in (*pages, *packages) if part.name.lower() == name.lower()]
        if not found:
            raise DataError(f"{name} is no part of IMPSY; `impsy licences` lists them")
        for part in found:
            _show(part)
        return
    echo("IMPSY is MIT-licensed. In its pages, and delivered with it:")
    _list(pages)
    echo("Python packages that it uses, delivered by themselves:")
    _list(packages)
    if texts:
        for part in (*pages, *packages):
            _show(part)


def bundled() -> list[Part]:
    """The libraries in the pages, by what their build wrote down.

    Raises:
        DataError: the pages are not there.
    """
    file = resources.files("impsy.web") / "static" / "licences.md"
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError("the pages are missing from this installation: install it anew with pip") from error
    _, *pieces = _HEADING.split(text)
    rows = zip(pieces[::4], pieces[1::4], pieces[2::4], pieces[3::4], strict=True)
    return [Part(name, version, licence, terms.strip()) for name, version, licence, terms in rows]


def installed() -> list[Part]:
    """The Python packages that IMPSY asks for, of those that are installed, by name."""
    wanted: dict[str, None] = {}
    for requirement in metadata.requires("impsy") or ():
        word = _WORD.match(requirement)
        if word is not None and word[0] != "impsy" and not _FOR_DEVELOPERS.search(requirement):
            wanted[word[0]] = None
    parts = []
    for name in sorted(wanted, key=str.lower):
        try:
            parts.append(_part(metadata.distribution(name)))
        except metadata.PackageNotFoundError:
            continue  # of an extra, or for another system
    return parts


def _part(package: metadata.Distribution) -> Part:
    about = package.metadata
    (licence,) = (about.get_all("License-Expression") or [""])[:1]
    if not licence:
        classifiers = [
            each.split("::")[-1].strip() for each in about.get_all("Classifier") or () if "License" in each
        ]
        # Some put the whole text where its name belongs.
        lines = "\n".join(about.get_all("License") or ()).strip().splitlines()
        licence = lines[0] if lines and len(lines[0]) <= _LONGEST else ", ".join(classifiers) or "see its files"
    texts = []
    for file in package.files or ():
        if ".dist-info/" in str(file) and _FILES.search(str(file)):
            try:
                text = Path(str(package.locate_file(file))).read_text(encoding="utf-8", errors="replace")
            except OSError:
                continue
            texts.append(text.strip())
    inside = _CONTAINS.get(about["Name"].lower())
    licence = f"{licence}, {inside}" if inside else licence
    return Part(about["Name"], about["Version"], licence, "\n\n".join(texts))


def _list(parts: list[Part]) -> None:
    width = max((len(part.name) + len(part.version) for part in parts), default=0) + 1
    for part in parts:
        echo(f"  {part.name + ' ' + part.version:<{width}}  {part.licence}")


def _show(part: Part) -> None:
    echo(f"\n=== {part.name} {part.version} ({part.licence})\n")
    echo(part.text or "The package brings no file with its licence.")
