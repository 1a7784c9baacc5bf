"""Names from outside, as they may stand in a line."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impsy.text import NAME_LIMIT, counted, one_line


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("X-TOUCH", "X-TOUCH"),
        ("Étude № 3 “slow” 鍵盤", "Étude № 3 “slow” 鍵盤"),
        ("a\nb\tc\r\n12:00 ERROR", "a\\nb\\tc\\n12:00 ERROR"),
        ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("a\u2028b", "a\\u2028b"),
        ("half \ud83d pair", "half \\ud83d pair"),
        ("tag \U000e0041", "tag \\U000e0041"),
        ("m" * 300, "m" * (NAME_LIMIT - 1) + "…"),
    ],
)
def test_a_name_from_outside_is_one_line_that_can_be_seen(name, shown):
    assert one_line(name) == shown


@given(st.text(st.characters(), max_size=50), st.integers(5, 60))
def test_any_name_can_be_printed_and_is_clipped(name, most):
    shown = one_line(name, most)
    assert len(shown) <= most
    assert len(shown.splitlines()) <= 1
    shown.encode()
    assert not any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in shown)


@pytest.mark.parametrize(
    ("number", "words", "text"),
    [
        (0, ("event",), "0 events"),
        (1, ("event",), "1 event"),
        (1234, ("event",), "1,234 events"),
        (1, ("entry", "entries"), "1 entry"),
        (2, ("entry", "entries"), "2 entries"),
    ],
)
def test_one_is_no_plural(number, words, text):
    assert counted(number, *words) == text
