"""The tables of a report as CSV, and the links that hold them."""

from __future__ import annotations

import csv
import io
from html.parser import HTMLParser
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from impsy.evaluation.answers import Answers
from impsy.evaluation.playing import Estimate, Gestures
from impsy.evaluation.report.data import Result
from impsy.evaluation.report.figures import GROUPS_OF_FIGURES
from impsy.evaluation.report.tables import as_csv, download_link

ANSWERS = GROUPS_OF_FIGURES["answers"][1]


def result(name: str, overlap: float = 0.3) -> Result:
    gestures = Gestures((0.1, 0.85, 0.05), 0.55, 7.0, 7.0, 0.2)
    return Result(name, "model", gestures=gestures, answers=Answers(90, 900, Estimate(overlap, 0.02), 0.5, 1.0, 1.25))


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


class Link(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert (tag, self.found) == ("a", {})
        self.found = {key: value or "" for key, value in attrs}


def test_a_table_has_all_digits_and_errors_beside_their_figures() -> None:
    head, first, second = rows(as_csv(ANSWERS, [result("mine", 1 / 3), Result("none", "baseline")]))
    assert head[:3] == ["name", "kind", "answers"]
    assert head[head.index("overlap") + 1] == "overlap ±"
    assert float(first[head.index("overlap")]) == 1 / 3
    assert float(first[head.index("overlap ±")]) == 0.02
    assert first[head.index("silence")] == "1.25"
    assert second == ["none", "baseline", *[""] * (len(head) - 2)]


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), max_size=30))
def test_a_link_gives_back_the_whole_table(name: str) -> None:
    text = as_csv(ANSWERS, [result(name)])
    link = Link(download_link(name, text, f"the table {name}")).found
    head, _, content = link["href"].partition(",")
    assert head == "data:text/csv;charset=utf-8"
    assert unquote(content) == text
    assert rows(text)[1][0].lstrip("'") == name.lstrip("'")
    assert set(link["download"]) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
    assert link["download"].endswith(".csv")
    assert "\n" not in link["download"]


def test_a_name_is_no_formula() -> None:
    for name in ("=1+1", "+1", "-1", "@SUM(A1)"):
        assert rows(as_csv(ANSWERS, [result(name)]))[1][0] == f"'{name}"
