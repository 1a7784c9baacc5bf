"""Every command that a page tells to type is one that there is, with options that there are."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import click
import pytest
from docs_pages import ROOT, Block, blocks, commands, mentioned, pages

from impsy.cli.main import group
from impsy.config import parse_config

PAGES = [pytest.param(page, id=page.relative_to(ROOT).as_posix()) for page in pages()]
TOP = click.Context(group, info_name="impsy")
PLACEHOLDER = re.compile(r"[A-Z]+|…|\.\.\.")


def fault(words: list[str]) -> str:
    """What ``impsy`` says against these words; "" if it takes them."""
    command: click.Command = group
    context, rest = TOP, list(words)
    try:
        while isinstance(command, click.Group) and rest and not rest[0].startswith("-"):
            found = command.get_command(context, rest[0])
            if found is None:
                return f"there is no command {rest[0]}"
            command, context = found, click.Context(found, info_name=rest.pop(0), parent=context)
        command.make_context(command.name, rest, parent=context.parent)
    except click.exceptions.Exit:  # --help and --version
        return ""
    except click.ClickException as error:
        return error.format_message()
    return ""


def unknown(text: str) -> str:
    """The first word of an ``impsy …`` in a sentence that is no command or option; "" if there is none."""
    words = text.split()
    command, context = group, TOP
    for word in words:
        if isinstance(command, click.Group) and not word.startswith("-"):
            if PLACEHOLDER.fullmatch(word):
                return ""
            found = command.get_command(context, word)
            if found is None:
                return word
            command, context = found, click.Context(found, info_name=word, parent=context)
        elif word.startswith("-") and word not in {"-h", "--help"}:
            name = word.partition("=")[0].rstrip(",.")
            if not any(name in [*each.opts, *each.secondary_opts] for each in command.params):
                return word
    return ""


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.slow
def test_commands_in_blocks_are_understood(page: Path) -> None:
    told = [(words, fault(words)) for block in blocks(page) for words in commands(block)]
    assert [each for each in told if each[1]] == []


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.slow
def test_commands_in_sentences_exist(page: Path) -> None:
    assert [(text, unknown(text)) for text in mentioned(page) if unknown(text)] == []


def test_pages_have_many_commands() -> None:
    assert sum(len(commands(block)) for page in pages() for block in blocks(page)) > 50
    assert sum(len(mentioned(page)) for page in pages()) > 50


@pytest.mark.parametrize(
    ("language", "line", "words"),
    [
        ("sh", "impsy run --mode battle   # on its own", ["run", "--mode", "battle"]),
        ("sh", "cd here && .venv/bin/impsy doctor | tee out.txt", ["doctor"]),
        ("sh", "IMPSY_TOKEN=secret impsy webui > log.txt 2>&1 &", ["webui"]),
        ("sh", "python3 -m impsy init 'my instrument'", ["init", "my instrument"]),
        ("sh", 'eval "$(impsy completion bash)"', ["completion", "bash"]),
        ("sh", "impsy train \\\n  -M xs", ["train", "-M", "xs"]),
        ("", "impsy train -M xs       a small network", ["train", "-M", "xs"]),
    ],
)
def test_how_commands_are_found(language: str, line: str, words: list[str]) -> None:
    assert commands(Block(Path("page.md"), language, line)) == [words]
    assert fault(words) == ""


@pytest.mark.parametrize(
    "words",
    [["perform"], ["run", "--modes"], ["run", "--mode", "solo"], ["config", "chek"], ["replay"], ["run", "a", "b"]],
)
def test_what_is_wrong_is_seen(words: list[str]) -> None:
    assert fault(words)


@pytest.mark.parametrize(
    ("text", "word"),
    [("perform", "perform"), ("run --modes x", "--modes"), ("config chek", "chek"), ("COMMAND -x", "")],
)
def test_what_is_wrong_in_a_sentence_is_seen(text: str, word: str) -> None:
    assert unknown(text) == word


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.slow
def test_configurations_are_in_order(page: Path) -> None:
    """Whole ones are, and parts are at least TOML."""
    for block in blocks(page):
        if block.language == "toml":
            data = tomllib.loads(block.text)
            if "model" in data:
                loaded = parse_config(block.text)
                assert [str(each) for each in (*loaded.conflicts, *loaded.warnings)] == []
