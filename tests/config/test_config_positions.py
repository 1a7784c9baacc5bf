"""Key paths and the lines that keys stand on."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from config_texts import FUZZ, STAGE, toml_texts
from hypothesis import assume, given
from hypothesis import strategies as st

from impsy.config.positions import Lines, Path, format_path, parse_path


def paths_in(node: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in items:
        yield from paths_in(value, (*path, key))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("title",), 2),
        (("interaction",), 6),
        (("interaction", "threshold"), 8),
        (("midi", "input", "X-TOUCH"), 18),
        (("midi", "input", "X-TOUCH", 0), 19),
        (("midi", "input", "X-TOUCH", 1), 21),
        (("midi", "input", "X-TOUCH", 1, 2), 21),
        (("plugin", "window", "height"), 29),
        (("osc", "server_ip"), 32),
        (("webui",), None),
    ],
)
def test_a_key_has_its_line_and_a_missing_one_that_of_its_section(path: Path, line: int | None) -> None:
    assert Lines(STAGE)[path] == line


def test_repeated_tables_count_up() -> None:
    lines = Lines("[[a]]\nb = 1\n[[a]]\nb = 2\n[a.c]\nd = 3\n")
    assert lines[("a", 0, "b")] == 2
    assert lines[("a", 1, "b")] == 4
    assert lines[("a", 1, "c", "d")] == 6


@given(toml_texts)
@FUZZ
@pytest.mark.slow
def test_every_value_that_a_parser_finds_has_a_line(text: str) -> None:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        assume(False)
    assert Lines(text).paths() == set(paths_in(data))


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1))
@FUZZ
def test_key_paths_survive_writing(path: list[str]) -> None:
    assert parse_path(format_path(path)) == tuple(path)


@pytest.mark.parametrize("text", ["", "a.", ".a", "a b", "a = 1", 'a."b', "a\nb", "a[0]", "ä"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a key"):
        parse_path(text)


def test_nesting_beyond_reason_costs_the_lines_only() -> None:
    assert Lines("a = " + "[" * 20_000 + "]" * 20_000)[("a",)] is None
