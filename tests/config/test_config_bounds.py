"""Texts made to keep a reader busy: refused in a sentence, in a second, whether they are checked or changed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from impsy.config import InvalidTomlError, parse_config
from impsy.config.bounds import too_much
from impsy.config.document import ConfigDocument
from impsy.errors import ConfigError
from waiting import if_idle

BASE = "[model]\ndimension = 9\n"
TOO_MUCH = {
    "a dotted key": "[x]\na" + ".a" * 100_000 + " = 1\n",
    "a dotted key with blanks": "a" + " . a" * 50_000 + " = 1\n",
    "a dotted key in quotes": '"a"' + '."a"' * 50_000 + " = 1\n",
    "a dotted key in a table in a line": "x = {" + "a." * 50_000 + "a = 1}\n",
    "a dotted key in the second place": "x = {b = 1, " + "a." * 50_000 + "a = 1}\n",
    "a header": "[" + "a." * 100_000 + "a]\n",
    "a header of tables": "[[" + "a." * 100_000 + "a]]\n",
    "deep dotted keys": "".join(f"a.b.c.d.e.f.g.k{i} = 1\n" for i in range(140)),
    "many dotted keys": "".join(f"a.k{i} = 1\n" for i in range(2000)),
    "sections": "".join(f"[t{i}]\n" for i in range(3_000)),
    "scenes": "".join(f'[scenes."{i}"]\nmode = "battle"\n' for i in range(2500)),
    "lists of tables": "[[z]]\na=1\n" * 20_000,
    "keys": "".join(f"k{i}=1\n" for i in range(20_000)),
    "a list": "x = [" + "1," * 100_000 + "]\n",
    "lists": "x = [" + "[]," * 80_000 + "]\n",
    "lists in lists": "x = " + "[" * 100_000,
    "a table in a line": "x = {" + ",".join(f"k{i}=1" for i in range(20_000)) + "}\n",
    "comments": "#\n" * 100_000,
    "a long number": "x = 0x" + "F" * 20_000 + "\n",
    "a long word": "x" * 100_000 + " = 1\n",
    "a long text": 'title = "' + "x" * 300_000 + '"\n',
}
BEARABLE = {
    "scenes": "".join(f'[scenes."the {i}th scene of the evening"]\ntimescale = 2\n' for i in range(1900)),
    "ports": "[midi]\n" + "".join(f'input."port {i}" = [["note_on", 1]]\n' for i in range(480)),
    "dotted keys": "".join(f"a.k{i} = 1\n" for i in range(490)),
    "keys": "".join(f"k{i}=1\n" for i in range(9900)),
    "a list": "x = [" + "1," * 19_000 + "]\n",
    "escapes": 'title = "' + "\\\\" * 120_000 + '"\n',
    "quotes that end nothing": 'x = """' + '\\"""' * 60_000 + "\n",
    "quotes": "x = '''" + "''x" * 80_000 + "\n",
}


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Of the processor's time."""
    began = time.process_time()
    yield
    assert if_idle(time.process_time() - began) < seconds


@contextmanager
def refused_in_short_if_at_all() -> Iterator[None]:
    try:
        yield
    except ConfigError as error:
        assert len(str(error)) < 10_000  # noqa: PT017


@pytest.mark.parametrize("name", list(TOO_MUCH))
@pytest.mark.slow
def test_too_much_is_refused_at_once_where_it_is_to_be_changed(name: str) -> None:
    with within(2), pytest.raises(InvalidTomlError) as refused:
        ConfigDocument(BASE + TOO_MUCH[name]).set("title", "another")
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("name", list(TOO_MUCH))
@pytest.mark.slow
def test_reading_it_takes_little_time_too(name: str) -> None:
    with within(4), refused_in_short_if_at_all():
        parse_config(BASE + TOO_MUCH[name])


@pytest.mark.parametrize("name", list(BEARABLE))
@pytest.mark.slow
def test_what_is_just_within_the_limits_takes_a_second_or_so(name: str) -> None:
    text = BASE + BEARABLE[name]
    assert too_much(text, to_change=True) is None
    with within(5), refused_in_short_if_at_all():
        parse_config(text)
        document = ConfigDocument(text)
        document.set("title", "another")
        assert document.get("title") == "another"


def test_dots_and_brackets_in_texts_comments_and_values_are_no_keys() -> None:
    text = BASE + 'title = "a.b.c.d.e.f [x] {y}"  # a.b.c.d.e.f = [[[\n' + "x = [1.5, 2.5,\n  [3.5, 4.5],\n]\n" * 1
    assert too_much(text) is None
    assert too_much(text + "a.b.c.d.e = 1\n") is not None


def test_the_line_is_that_of_what_is_too_much() -> None:
    sentence, line = too_much(BASE + '"""a\nb"""\n' + "a.b.c.d.e = 1\n") or ("", 0)
    assert line == 5
    assert "parts of a key" in sentence


@pytest.mark.slow
def test_of_very_many_unknown_keys_and_errors_the_first_are_told() -> None:
    loaded = parse_config(BASE + "".join(f"k{i} = 1\n" for i in range(5000)))
    assert len(loaded.notes) == 100
    with pytest.raises(ConfigError, match="and 8,951 more") as refused:
        parse_config(BASE + "[websocket]\ninput = [" + "[]," * 9_000 + "]\n")
    assert len(str(refused.value).splitlines()) < 60
